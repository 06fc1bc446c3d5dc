/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner loops of density estimators, in lanes of HPO_LANES numbers: for each instruction set a copy of the same
 * operations in the same order, so that all give the same bits. */
#ifndef HPO_MODELS_SUMS_H
#define HPO_MODELS_SUMS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_LANES = 8 };

/* tiles: for each tile, for each of `numbers` coordinates, HPO_LANES points' values. values[i] = minus the squared
 * distance of point i to `point`. */
void hpo_squared_distances(const double *tiles, size_t n_tiles, size_t numbers, const double *point, double *values);
/* values[i] -= ((x[i] - point) scale[i])^2; n is a multiple of HPO_LANES. */
void hpo_subtract_squares(double *values, const double *x, const double *scale, double point, size_t n);
/* log(exp(extra) + sum of weights[i] exp(values[i])) to some units in the last place; weights NULL: all 1. n is a
 * multiple of HPO_LANES. A value of -infinity or NaN counts as nothing (its weight must be finite). */
double hpo_log_sum_exp(const double *values, const double *weights, size_t n, double extra);

#ifdef __cplusplus
}
#endif
#endif
