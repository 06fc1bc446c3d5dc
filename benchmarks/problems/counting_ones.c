/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting ones: how many arguments are one, where the continuous ones are only known by tossing coins.
 *
 *   f(x; b) = -( sum of the categorical x_i + sum over the continuous x_j of the mean of b draws of Bernoulli(x_j) )
 *
 * S. Falkner, A. Klein, F. Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018,
 * section 5.1. The fidelity is b: an evaluation has variance sum_j x_j (1 - x_j) / b, and in the limit, which is what a
 * study without a fidelity gets, the value is -sum x. Minimum: minus the number of arguments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

static size_t arguments_of(const bench_settings *settings) {
    return (size_t)(settings->n_categorical + settings->n_continuous);
}

static double sum_of(const double *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += x[i];
    return sum;
}

/* The best of 25 random points of one fixed stream. */
static void lucky_place(const bench_settings *settings, double *x) {
    enum { DRAWS = 25 };
    const size_t count = arguments_of(settings);
    double *draw = base_calloc(count, sizeof *draw);
    base_rng rng = base_rng_stream(DRAWS, BASE_RNG_PROBLEM, 0, 0);
    for (size_t n = 0; n < DRAWS; n++) {
        for (size_t i = 0; i < count; i++) {
            const double u = base_rng_uniform(&rng);
            draw[i] = i < (size_t)settings->n_categorical ? floor(2 * u) : u;
        }
        if (sum_of(draw, count) > sum_of(x, count)) memcpy(x, draw, count * sizeof *x);
    }
    free(draw);
}

/* The optimum, its opposite, or between them. */
static bool counting_belief(const bench_instance *instance, bench_prior prior, double *x) {
    const size_t count = arguments_of(&instance->settings);
    if (prior == BENCH_PRIOR_MEDIUM) return false;
    for (size_t i = 0; i < count; i++) x[i] = prior == BENCH_PRIOR_GOOD;
    if (prior == BENCH_PRIOR_AT25) lucky_place(&instance->settings, x);
    return true;
}

static base_status counting_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const bench_settings *settings = &instance->settings;
    base_arena *arena = hpo_space_arena(space);
    hpo_value *bits = BASE_NEW_ARRAY(arena, 2, hpo_value);
    bits[0] = hpo_value_int(0);
    bits[1] = hpo_value_int(1);
    for (size_t i = 0; i < arguments_of(settings); i++) {
        const bool is_bit = i < (size_t)settings->n_categorical;
        hpo_param param = is_bit ? (hpo_param){.kind = HPO_CATEGORICAL, .choices = bits, .n_choices = 2}
                                 : (hpo_param){.kind = HPO_FLOAT, .min = 0, .max = 1};
        const int number = (int)(is_bit ? i : i - (size_t)settings->n_categorical);
        param.name = base_arena_printf(arena, is_bit ? "cat_%d" : "float_%d", number);
        BASE_TRY(bench_add(instance, space, &param, err));
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

static void counting_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                              double *values) {
    const size_t n_categorical = (size_t)instance->settings.n_categorical, count = arguments_of(&instance->settings);
    double sum = sum_of(x, n_categorical);
    for (size_t i = n_categorical; i < count; i++)
        sum += isinf(fidelity) ? x[i] : mean_of_draws(x[i], (uint64_t)fidelity, noise);
    values[0] = -sum;
    values[1] = -sum_of(x, count);
}

static bool counting_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    if (which > 0) return false;
    const size_t count = arguments_of(&instance->settings);
    for (size_t i = 0; i < count; i++) x[i] = 1;
    *value = -(double)count;
    return true;
}

const bench_problem bench_problem_counting_ones = {
    .name = "counting-ones",
    .summary = "n_categorical bits and n_continuous numbers; fidelity samples, from 1; minimum -(sum of both)",
    .metric = {"value", "exact"},
    .takes = BENCH_TAKES_SIZE,
    .fidelity = {.name = "samples", .min = 1, .max = INFINITY, .integer = true},
    .parameters = counting_parameters,
    .evaluate = counting_evaluate,
    .optimum = counting_optimum,
    .belief = counting_belief,
};
