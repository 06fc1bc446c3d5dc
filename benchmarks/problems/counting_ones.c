/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting ones: how many arguments are one, where the continuous ones are only known by tossing coins.
 *
 *   f(x; b) = -( sum of the categorical x_i + sum over the continuous x_j of the mean of b draws of Bernoulli(x_j) )
 *
 * S. Falkner, A. Klein, F. Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018,
 * section 5.1. The fidelity is b: an evaluation has variance sum_j x_j (1 - x_j) / b, and in the limit, which is what a
 * study without a fidelity gets, the value is -sum x. Minimum: minus the number of arguments. */
#include <math.h>

#include "benchmarks/problems/problem.h"

static base_status counting_parameters(const bench_problem *problem, const bench_size *size, hpo_space *space,
                                       base_err *err) {
    (void)problem;
    base_arena *arena = hpo_space_arena(space);
    hpo_value *bits = BASE_NEW_ARRAY(arena, 2, hpo_value);
    bits[0] = hpo_value_int(0);
    bits[1] = hpo_value_int(1);
    for (int64_t i = 0; i < size->n_categorical; i++) {
        hpo_param param = {.kind = HPO_CATEGORICAL, .choices = bits, .n_choices = 2};
        param.name = base_arena_printf(arena, "cat_%d", (int)i);
        BASE_TRY(hpo_space_add(space, &param, err));
    }
    for (int64_t i = 0; i < size->n_continuous; i++) {
        hpo_param param = {.kind = HPO_FLOAT, .min = 0, .max = 1};
        param.name = base_arena_printf(arena, "float_%d", (int)i);
        BASE_TRY(hpo_space_add(space, &param, err));
    }
    return BASE_OK;
}

/* A draw is 32 random bits below p: off by at most 2^-32 in probability, exact at 0 and 1. */
static double mean_of_draws(double p, uint64_t draws, base_rng *noise) {
    const uint64_t bound = (uint64_t)(p * 0x1p32);
    uint64_t ones = 0;
    for (uint64_t i = 0; i < draws; i++) ones += base_rng_u32(noise) < bound;
    return (double)ones / (double)draws;
}

static double counting_evaluate(const bench_problem *problem, const bench_size *size, const double *x, double fidelity,
                                base_rng *noise) {
    (void)problem;
    const size_t n_categorical = (size_t)size->n_categorical;
    const size_t count = n_categorical + (size_t)size->n_continuous;
    double sum = 0;
    for (size_t i = 0; i < n_categorical; i++) sum += x[i];
    for (size_t i = n_categorical; i < count; i++)
        sum += isinf(fidelity) ? x[i] : mean_of_draws(x[i], (uint64_t)fidelity, noise);
    return -sum;
}

static bool counting_optimum(const bench_problem *problem, const bench_size *size, size_t which, double *x,
                             double *value) {
    (void)problem;
    if (which > 0) return false;
    const size_t count = (size_t)(size->n_categorical + size->n_continuous);
    for (size_t i = 0; i < count; i++) x[i] = 1;
    *value = -(double)count;
    return true;
}

const bench_problem bench_problem_counting_ones = {
    .name = "counting-ones",
    .summary = "n_categorical bits and n_continuous numbers; fidelity samples, from 1; minimum -(sum of both)",
    .metric = {"value"},
    .sized = true,
    .fidelity = {.name = "samples", .min = 1, .max = INFINITY, .integer = true},
    .parameters = counting_parameters,
    .evaluate = counting_evaluate,
    .optimum = counting_optimum,
};
