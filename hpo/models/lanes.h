/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner loops of density estimators and of expected improvements, HPO_LANES numbers at a time: for each instruction
 * set a copy of the same operations in the same order, so that all give the same bits. All counts of rows are multiples
 * of HPO_LANES. */
#ifndef HPO_MODELS_LANES_H
#define HPO_MODELS_LANES_H

#include <stddef.h>

#include "base/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_LANES = 8 };

/* A sum of product kernels over rows; what a row's kernels have in common, norms and choices, is its base. */
typedef struct hpo_mixture {
    size_t rows, axes;
    const double *const *x;     /* by axis: rows numbers */
    const double *const *scale; /* by axis: rows factors; NULL: all 1 */
    const double *weight;       /* by row, finite; NULL: all 1 */
    const double *base;         /* for each point: rows logarithms; -infinity or NaN: the row counts as nothing */
    size_t base_stride;         /* from one point's to the next; 0: they are the same */
} hpo_mixture;

typedef struct hpo_lane_kernels {
    const char *name;
    /* out[p] = log of the sum over rows of weight exp(base - sum over axes of ((x - points[p][axis]) scale)^2), to some
     * units in the last place; points: count x axes. At least one row counts for each point. */
    void (*mixture)(const hpo_mixture *mixture, const double *points, size_t count, double *out);
    /* values[p][row] += columns[p][row] */
    void (*add_columns)(double *values, size_t rows, const double *const *columns, size_t count);
    /* Of normals truncated to [0,1], each with its mean in [0,1] and its deviation: */
    /* 1 / (sqrt(2) deviation) and the logarithm of what divides exp(-z^2/2) */
    void (*normals)(const double *mean, const double *deviation, size_t rows, double *scale, double *log_norm);
    /* the mass beyond each of n edges in [0,1], on its side of the mean; negative where the edge lies below the mean;
     * out: n x rows */
    void (*tails)(const double *mean, const double *deviation, size_t rows, const double *edges, size_t n, double *out);
    /* the logarithm of the mass between two edges, given the tails there and at 0 and 1; not below log(1e-300) */
    void (*log_masses)(const double *low, const double *high, const double *first, const double *last, size_t rows,
                       double *out);
    /* the quantile at v in [0,1], given the tails at 0 and 1 */
    void (*quantiles)(const double *mean, const double *deviation, const double *first, const double *last,
                      const double *v, size_t rows, double *out);
    /* out[row] += log E[max(high - Y, 0) - max(low - Y, 0)], Y normal, low < high: how far it is expected to come below
     * the upper edge, of the way to the lower one (-1e300: all the way), to 1e-10 where z^2 of the upper edge is small
     * against 1e10, but for what low and high have in common; not below log(1e-300) for the fraction of the way */
    void (*log_gains)(const double *low, const double *high, size_t rows, double mean, double deviation, double *out);
    /* as `count` calls of base_rng_uniform */
    void (*uniforms)(base_rng *rng, double *out, size_t count);
} hpo_lane_kernels;

/* The fastest that this processor can run. */
const hpo_lane_kernels *hpo_lanes(void);
/* Every one that it can run, fastest first, NULL at the end: for tests. */
const hpo_lane_kernels *const *hpo_lanes_all(void);

static inline size_t hpo_lanes_up(size_t count) {
    return (count + HPO_LANES - 1) / HPO_LANES * HPO_LANES;
}

#ifdef __cplusplus
}
#endif
#endif
