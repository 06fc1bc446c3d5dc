/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a Parzen estimator: parzen.c keeps points and fits, parzen_density.c looks at the fit. */
#ifndef HPO_MODELS_PARZEN_IMPL_H
#define HPO_MODELS_PARZEN_IMPL_H

#include "hpo/models/parzen.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PARZEN_CHUNK = 32 }; /* points that are looked at together */

typedef enum axis_kind { AXIS_CONTINUOUS, AXIS_BINNED, AXIS_CHOICE } axis_kind;

/* Everything about one coordinate; arrays by row. */
typedef struct axis {
    const hpo_param *param;
    axis_kind kind;
    double levels;   /* CHOICE, BINNED: of [0,1] cut into equal bins; 0: unequal ones, or continuous */
    double *x;       /* NaN = inactive; choices: the index */
    bool some_nan;   /* of them */
    uint32_t *order; /* rows of points that have the coordinate, sorted by (x, row) */
    size_t n_order;
    /* kernels, of the last fit of this coordinate */
    double *sigma, *scale, *log_norm; /* scale: 1 / (sqrt(2) sigma) */
    uint32_t *class_of;               /* BINNED, CHOICE: kernels with the same values; the prior's is the last */
    double *class_mean, *class_sigma;
    size_t n_classes;
} axis;

/* Kernels with a new deviation, in the order of their means: those without a tail beyond 0 or 1 lie side by side. */
typedef struct changed_kernels {
    size_t n;
    uint32_t *row;
    double *mean, *sigma, *scale, *log_norm;
} changed_kernels;

struct hpo_parzen {
    size_t dims;
    axis *axes;
    size_t n, capacity, n_sorted; /* rows: the prior and the points */
    /* the fit */
    const size_t *fitted;
    size_t n_fitted, n_members, padded; /* padded: n rounded up to lane groups */
    size_t n_continuous;
    const double **x, **scale; /* of the continuous ones among the fitted */
    unsigned char *used;
    uint32_t *in_order;  /* those used of the coordinate that is being fitted */
    double *weight;      /* by row; 0 = not used */
    const double *given; /* by point: in the place of weights by age; may be NULL */
    double *base;        /* by row: minus the logarithms of the norms */
    double total_weight, smoothing;
    changed_kernels changed;
    size_t fit_capacity;
    /* scratch */
    double *values, *columns; /* CHUNK x padded */
    double *tails, *table;    /* edges x classes; classes */
    double *points, *uniform; /* CHUNK x continuous; CHUNK x (1 + dims) */
    size_t values_capacity, columns_capacity, tails_capacity, table_capacity, points_capacity;
};

/* The value's number where bins are equal, else the value. */
static inline double parzen_level(const axis *a, double unit) {
    if (a->levels == 0) return hpo_param_from_unit(a->param, unit);
    const double k = (double)(int64_t)(unit * a->levels);
    return k < a->levels ? k : a->levels - 1;
}

#ifdef __cplusplus
}
#endif
#endif
