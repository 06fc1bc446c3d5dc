/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Softmax of a few doubles, which rules of edge weights and shares of edges are made of. */
#ifndef NAS_SOFTMAX_H
#define NAS_SOFTMAX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y may be x. */
void nas_softmax(const double *x, size_t count, double *y);
/* out += scale J^T slopes, with J = dy/dx at y. */
void nas_softmax_back(const double *y, size_t count, double scale, const double *slopes, double *out);

/* As a rule's mean. */
void nas_softmax_mean(const void *state, const double *alphas, size_t count, double *weights);
void nas_softmax_mean_back(const void *state, const double *alphas, const double *weights, size_t count,
                           const double *slopes, double *out);

#ifdef __cplusplus
}
#endif
#endif
