/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BBOB's noiseless functions: what an instance draws at random, and the transformations that the functions are built
 * from.
 *
 * S. Finck, N. Hansen, R. Ros, A. Auger, "Real-parameter black-box optimization benchmarking 2009: presentation of the
 * noiseless functions", INRIA RR-6829, 2009 (the definitions, section 0.2 of which has the symbols below); N. Hansen et
 * al., "COCO: a platform for comparing continuous optimizers in a black-box setting", Optimization Methods and Software
 * 36(1), 2021 (which seeds make an instance). Everything here is written from these definitions; the instances are
 * COCO's. */
#ifndef BENCHMARKS_PROBLEMS_BBOB_H
#define BENCHMARKS_PROBLEMS_BBOB_H

#include "benchmarks/problems/problem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step on the way from x to the z of a definition; i runs from 0 to D - 1. */
typedef enum bbob_step_kind {
    BBOB_END,
    BBOB_SHIFT,     /* z - x_opt */
    BBOB_REFLECT,   /* 2 sign(x_opt) z */
    BBOB_OFFSET,    /* z + amount */
    BBOB_MULTIPLY,  /* amount z */
    BBOB_MAGNIFY,   /* max(1, sqrt(D) / 8) z */
    BBOB_ROTATE_0,  /* by the matrix of the instance's seed */
    BBOB_ROTATE_1,  /* by that of the seed plus 1,000,000 */
    BBOB_CONDITION, /* Lambda^amount: z_i amount^(i / (D - 1) / 2) */
    BBOB_OSCILLATE, /* T_osz */
    BBOB_SKEW,      /* T_asy with beta = amount */
    BBOB_STRETCH,   /* the factors s_i of f4 */
    BBOB_ROUND,     /* the plateaus of f7 */
    BBOB_CHAIN      /* f20: z_i + (z_(i-1) - amount) / 4 */
} bbob_step_kind;
typedef struct bbob_step {
    bbob_step_kind kind;
    double amount;
} bbob_step;

/* How x_opt is drawn. */
typedef enum bbob_place {
    BBOB_UNIFORM,       /* in [-4, 4] on a grid of 0.0008 */
    BBOB_UNIFORM_1,     /* the same from the seed plus 1,000,000 */
    BBOB_HALF_POSITIVE, /* the same with x_1, x_3, ... positive: COCO's f4, not the text's */
    BBOB_NARROW,        /* the same in [-3, 3] */
    BBOB_CORNER,        /* its signs, times 5 */
    BBOB_ROTATED,       /* where the rotated and magnified x is 1/2 everywhere */
    BBOB_SCHWEFEL,      /* +-2.1, signs of uniform numbers */
    BBOB_LUNACEK,       /* +-1.25, signs of normal numbers */
    BBOB_PEAK           /* the highest of Gallagher's peaks */
} bbob_place;

enum { BBOB_MAX_STEPS = 8 };
typedef struct bbob_data bbob_data;
typedef struct bbob_function {
    int seed; /* its number, or that of the function whose instances it shares */
    bbob_place place;
    size_t peaks;   /* Gallagher's; 0: none */
    double penalty; /* of leaving [-5, 5] */
    bbob_step steps[BBOB_MAX_STEPS];
    double (*value)(const bbob_data *data, const double *x, const double *z); /* without penalty and f_opt */
} bbob_function;

/* Gallagher's peaks: height exp(-1/2D sum_j scale_j (z_j - center_j)^2), with z and center in rotated coordinates. */
typedef struct bbob_peaks {
    size_t count;
    double *height, *center, *scale; /* count; count x D; count x D */
} bbob_peaks;

/* One instance of a function in one dimension. */
struct bbob_data {
    const bbob_function *function;
    size_t dims;
    double f_opt, *x_opt;
    double *rotation[2]; /* D x D, column by column; NULL: no step has it */
    bbob_peaks peaks;
    double *z, *scratch; /* of the evaluation that is under way: an instance serves one thread */
};

/* ---- bbob_instance.c ---- */
/* All of it lives in arena. D >= 2, instance >= 1. */
const bbob_data *bbob_create(const bbob_function *function, size_t dims, uint64_t instance, base_arena *arena);

/* ---- bbob_steps.c ---- */
/* T_osz of one number. */
double bbob_oscillate(double x);
/* sum_i max(0, |x_i| - limit)^2. */
double bbob_outside(const double *x, size_t dims, double limit);
/* out = rotation z; they do not overlap. */
void bbob_rotate(const double *rotation, size_t dims, const double *z, double *out);
/* max(1, sqrt(D) / 8). */
double bbob_magnification(size_t dims);
/* Takes x through the function's steps into data->z. */
void bbob_transform(const bbob_data *data, const double *x);

#ifdef __cplusplus
}
#endif
#endif
