/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Branin function: two arguments, three equal minima.
 *
 * F. H. Branin, "Widely convergent method for finding multiple solutions of simultaneous nonlinear equations", IBM J.
 * Res. Dev. 16(5), 1972, with the constants and the box of L. C. W. Dixon, G. P. Szego, "Towards Global Optimization
 * 2", 1978. At (-pi, 12.275) and its images the square vanishes and the cosine is -1, so the minimum is 10/(8 pi). */
#include <math.h>

#include "benchmarks/problems/problem.h"

static base_status branin_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    BASE_TRY(bench_add(instance, space, &(hpo_param){.name = "x1", .kind = HPO_FLOAT, .min = -5, .max = 10}, err));
    return bench_add(instance, space, &(hpo_param){.name = "x2", .kind = HPO_FLOAT, .min = 0, .max = 15}, err);
}

static void branin_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                            double *values) {
    (void)instance, (void)fidelity, (void)noise;
    const double b = 5.1 / (4 * M_PI * M_PI), c = 5 / M_PI, t = 1 / (8 * M_PI);
    const double root = x[1] - b * x[0] * x[0] + c * x[0] - 6;
    values[0] = root * root + 10 * (1 - t) * cos(x[0]) + 10;
}

static bool branin_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    (void)instance;
    static const double places[][2] = {{-M_PI, 12.275}, {M_PI, 2.275}, {3 * M_PI, 2.475}};
    if (which >= sizeof places / sizeof *places) return false;
    x[0] = places[which][0];
    x[1] = places[which][1];
    *value = 10 / (8 * M_PI);
    return true;
}

const bench_problem bench_problem_branin = {
    .name = "branin",
    .summary = "Branin's function: 2 numbers, three equal minima, 0.397887",
    .metric = {"value"},
    .fidelity = {.min = 1, .max = 1},
    .parameters = branin_parameters,
    .evaluate = branin_evaluate,
    .optimum = branin_optimum,
};
