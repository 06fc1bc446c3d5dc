/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the largest eigenvalue of d2L_valid/da2 has risen: the condition of A. Zela et al., "Understanding and
 * Robustifying Differentiable Architecture Search", ICLR 2020, section 4.3, which several rules share.
 *
 * As in the authors' code, every `every` epochs an eigenvalue is computed; la(k) is the mean of the last `window` ones,
 * which is centred window / 2 eigenvalues back; the condition is la(now) > factor la(delta before), once that earlier
 * centre is not before epoch `start`; the epoch that was still good is that of the earlier centre. There the quotient
 * of two negative means may end a search whose curvature falls; here an earlier mean that is not positive never
 * does. */
#ifndef NAS_STOPS_CURVATURE_H
#define NAS_STOPS_CURVATURE_H

#include "nas/stop.h"

typedef struct nas_curvature {
    int64_t every, window, delta, start;
    double factor;
} nas_curvature;

/* The options of a rule whose state begins with it. */
#define NAS_CURVATURE_COUNT(field) .name = #field, .kind = BASE_OPTION_INT, .offset = offsetof(nas_curvature, field)
#define NAS_CURVATURE_OPTIONS                                                                                          \
    {NAS_CURVATURE_COUNT(every), .fallback = "2", .min = 1, .help = "epochs from one eigenvalue to the next"},         \
        {NAS_CURVATURE_COUNT(window), .fallback = "5", .min = 1, .help = "eigenvalues in a mean"},                     \
        {NAS_CURVATURE_COUNT(delta), .fallback = "4", .min = 1, .max = 1e3,                                            \
         .help = "eigenvalues between the two means that are compared"},                                               \
        {NAS_CURVATURE_COUNT(start), .fallback = "10", .max = 1e9,                                                     \
         .help = "first epoch whose genotype may be taken, counted from 0"},                                           \
    {                                                                                                                  \
        .name = "factor", .kind = BASE_OPTION_REAL, .offset = offsetof(nas_curvature, factor), .fallback = "1.3",      \
        .min = 1, .max = -1, .help = "the later mean is so many times the earlier one"                                 \
    }

bool nas_curvature_wants(const void *state, size_t epoch);
/* Whether it holds after `count` epochs with an epoch that was still good not before `floor`; fills genotype and
 * reason then. */
bool nas_curvature_judge(const nas_curvature *curvature, size_t floor, const nas_figures *history, size_t count,
                         nas_verdict *verdict);

#endif
