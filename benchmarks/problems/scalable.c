/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rosenbrock's banana and Ackley's egg box, in any number of dimensions.
 *
 *   R(x) = sum_{i<d} 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2,                                      minimum 0 at (1, ...,
 * 1) A(x) = -20 exp(-0.2 sqrt(mean x_i^2)) - exp(mean cos(2 pi x_i)) + 20 + e,                    minimum 0 at (0, ...,
 * 0)
 *
 * H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", Comp. J. 3(3), 1960.
 * D. H. Ackley, "A connectionist machine for genetic hillclimbing", 1987. Both on [-5, 10]^d (as D. Eriksson et al.,
 * "Scalable global optimization via local Bayesian optimization", NeurIPS 2019), so that Ackley's minimum is not the
 * middle of the box, where many samplers begin. */
#include <math.h>

#include "benchmarks/problems/problem.h"

static void rosenbrock_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                                double *values) {
    (void)fidelity, (void)noise;
    double sum = 0;
    for (size_t i = 0; i + 1 < (size_t)instance->settings.dimensions; i++) {
        const double bend = x[i + 1] - x[i] * x[i], rest = 1 - x[i];
        sum += 100 * bend * bend + rest * rest;
    }
    values[0] = sum;
}

static void ackley_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                            double *values) {
    (void)fidelity, (void)noise;
    const double count = (double)instance->settings.dimensions;
    double squares = 0, cosines = 0;
    for (size_t i = 0; i < (size_t)instance->settings.dimensions; i++) {
        squares += x[i] * x[i];
        cosines += cos(2 * M_PI * x[i]);
    }
    values[0] = 20 - 20 * exp(-0.2 * sqrt(squares / count)) + (M_E - exp(cosines / count));
}

static bool all_equal(const bench_instance *instance, size_t which, double where, double *x, double *value) {
    if (which > 0) return false;
    for (size_t i = 0; i < (size_t)instance->settings.dimensions; i++) x[i] = where;
    *value = 0;
    return true;
}

static bool rosenbrock_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    return all_equal(instance, which, 1, x, value);
}

static bool ackley_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    return all_equal(instance, which, 0, x, value);
}

const bench_problem bench_problem_rosenbrock = {
    .name = "rosenbrock",
    .summary = "Rosenbrock's curved valley in any number of dimensions; minimum 0",
    .metric = {"value"},
    .takes = BENCH_TAKES_DIMENSIONS,
    .fidelity = {.min = 1, .max = 1},
    .box = {-5, 10},
    .parameters = bench_box_parameters,
    .evaluate = rosenbrock_evaluate,
    .optimum = rosenbrock_optimum,
};

const bench_problem bench_problem_ackley = {
    .name = "ackley",
    .summary = "Ackley's function in any number of dimensions: many local minima; minimum 0",
    .metric = {"value"},
    .takes = BENCH_TAKES_DIMENSIONS,
    .fidelity = {.min = 1, .max = 1},
    .box = {-5, 10},
    .parameters = bench_box_parameters,
    .evaluate = ackley_evaluate,
    .optimum = ackley_optimum,
};
