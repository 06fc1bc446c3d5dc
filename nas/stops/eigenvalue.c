/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Early stopping by curvature, DARTS-ES of A. Zela et al., "Understanding and Robustifying Differentiable Architecture
 * Search", ICLR 2020, section 4.3: the largest eigenvalue of d2L_valid/da2 rises before the cells degenerate.
 *
 * As in the authors' code, every `every` epochs an eigenvalue is computed; la(k) is the mean of the last `window` ones,
 * which is centred window / 2 eigenvalues back; the search stops when la(now) > factor la(delta before), once that
 * earlier centre is not before epoch `start`, and the genotype is that of the earlier centre. There the quotient of two
 * negative means may end a search whose curvature falls; here an earlier mean that is not positive never does. */
#include <math.h>
#include <stdio.h>

#include "nas/stop.h"

typedef struct eigenvalue {
    int64_t every, window, delta, start;
    double factor;
} eigenvalue;

static bool wants_eigenvalue(const void *state, size_t epoch) {
    return epoch % (size_t)((const eigenvalue *)state)->every == 0;
}

/* The mean of `window` eigenvalues up to number k, or of those that there are. */
static double local_mean(const eigenvalue *e, const nas_figures *history, size_t k) {
    const size_t every = (size_t)e->every, window = (size_t)e->window;
    const size_t first = k + 1 > window ? k + 1 - window : 0;
    double sum = 0;
    for (size_t i = first; i <= k; i++) sum += history[i * every].eigenvalue;
    return sum / (double)(k + 1 - first);
}

static bool judge(const void *state, const nas_figures *history, size_t count, nas_verdict *verdict) {
    const eigenvalue *e = state;
    const size_t now = count - 1, every = (size_t)e->every, back = (size_t)e->window / 2, delta = (size_t)e->delta;
    if (now % every != 0) return false;
    const size_t k = now / every; /* number of the newest eigenvalue */
    if (k < back + delta || (k - back - delta) * every < (size_t)e->start) return false;
    const double mean = local_mean(e, history, k), before = local_mean(e, history, k - delta);
    if (!(before > 0 && mean > e->factor * before)) return false;
    verdict->genotype = (k - back - delta) * every;
    snprintf(verdict->reason, sizeof verdict->reason,
             "the largest eigenvalue of the validation loss in the alphas rose from %.3g to %.3g", before, mean);
    return true;
}

#define COUNT(field) .name = #field, .kind = BASE_OPTION_INT, .offset = offsetof(eigenvalue, field)

static const base_option options[] = {
    {COUNT(every), .fallback = "2", .min = 1, .help = "epochs from one eigenvalue to the next"},
    {COUNT(window), .fallback = "5", .min = 1, .help = "eigenvalues in a mean"},
    {COUNT(delta), .fallback = "4", .min = 1, .help = "eigenvalues between the two means that are compared"},
    {COUNT(start), .fallback = "10", .max = 1e9, .help = "first epoch whose genotype may be taken, counted from 0"},
    {.name = "factor",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(eigenvalue, factor),
     .fallback = "1.3",
     .min = 1,
     .max = -1,
     .help = "the later mean is so many times the earlier one"},
    BASE_OPTIONS_END,
};

const nas_stop_type nas_stop_eigenvalue = {
    .name = "eigenvalue",
    .summary = "ends when the curvature in the alphas rises (DARTS-ES), with the genotype from before",
    .options = options,
    .state_size = sizeof(eigenvalue),
    .reads_alphas = true,
    .wants_eigenvalue = wants_eigenvalue,
    .judge = judge,
};
