/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions of two arguments with constraints, on which methods for constraints were shown first.
 *
 * gardner1, gardner2: the two simulations of J. R. Gardner, M. J. Kusner, Z. Xu, K. Q. Weinberger, J. P. Cunningham,
 * "Bayesian Optimization with Inequality Constraints", ICML 2014: with x and y in [0,6]
 *   cos 2x cos y + sin x,  c1 = cos x cos y - sin x sin y <= 0.5:  -2 at (3 pi/2, 0);
 *   sin x + y,             c1 = sin x sin y <= -0.95:              asin(0.95) - 1 at (3 pi/2, asin(0.95)),
 * where sin x is as small as can be, and y as well. Feasible are 67 % and 1.8 % of the square.
 *
 * gramacy: R. B. Gramacy et al., "Modeling an Augmented Lagrangian for Blackbox Constrained Optimization",
 * Technometrics 58(1), 2016: x1 + x2 in [0,1]^2 with
 *   c1 = 3/2 - x1 - 2 x2 - sin(2 pi (x1^2 - 2 x2))/2 <= 0,  c2 = x1^2 + x2^2 - 3/2 <= 0:  0.599788 at (0.1951, 0.4047);
 * 46 % are feasible.
 *
 * The constraints are metrics, and it is the study that bounds them. What the metric `exact` is beside the value: that
 * of an infeasible point is the worst that the function has, which is all that can be told to a study without
 * constraints. */
#include <math.h>

#include "benchmarks/problems/problem.h"

enum { MOST_CONSTRAINTS = 2 };

typedef struct constrained {
    double (*value)(const double *x);
    double (*constraint[MOST_CONSTRAINTS])(const double *x);
    double bound[MOST_CONSTRAINTS]; /* at most */
    double side;                    /* of the square */
    double worst;                   /* value */
    double place[2], best;
} constrained;

static const constrained *shape_of(const bench_instance *instance) {
    return instance->problem->detail;
}

static base_status constrained_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const double side = shape_of(instance)->side;
    BASE_TRY(bench_add(instance, space, &(hpo_param){.name = "x1", .kind = HPO_FLOAT, .min = 0, .max = side}, err));
    return bench_add(instance, space, &(hpo_param){.name = "x2", .kind = HPO_FLOAT, .min = 0, .max = side}, err);
}

static void constrained_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                                 double *values) {
    (void)fidelity, (void)noise;
    const constrained *shape = shape_of(instance);
    values[0] = values[1] = shape->value(x);
    for (size_t c = 0; c < MOST_CONSTRAINTS && shape->constraint[c]; c++) {
        values[2 + c] = shape->constraint[c](x);
        if (values[2 + c] > shape->bound[c]) values[1] = shape->worst;
    }
}

static bool constrained_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const constrained *shape = shape_of(instance);
    if (which > 0) return false;
    x[0] = shape->place[0];
    x[1] = shape->place[1];
    *value = shape->best;
    return true;
}

static double gardner1_value(const double *x) {
    return cos(2 * x[0]) * cos(x[1]) + sin(x[0]);
}
static double gardner1_c1(const double *x) {
    return cos(x[0]) * cos(x[1]) - sin(x[0]) * sin(x[1]);
}
static double gardner2_value(const double *x) {
    return sin(x[0]) + x[1];
}
static double gardner2_c1(const double *x) {
    return sin(x[0]) * sin(x[1]);
}
static double gramacy_value(const double *x) {
    return x[0] + x[1];
}
static double gramacy_c1(const double *x) {
    return 1.5 - x[0] - 2 * x[1] - 0.5 * sin(2 * M_PI * (x[0] * x[0] - 2 * x[1]));
}
static double gramacy_c2(const double *x) {
    return x[0] * x[0] + x[1] * x[1] - 1.5;
}

#define CONSTRAINED(name_, text, second, ...)                                                                          \
    const bench_problem bench_problem_##name_ = {                                                                      \
        .name = #name_,                                                                                                \
        .summary = text,                                                                                               \
        .metric = {"value", "exact", "c1", second},                                                                    \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        .parameters = constrained_parameters,                                                                          \
        .evaluate = constrained_evaluate,                                                                              \
        .optimum = constrained_optimum,                                                                                \
        .detail = &(const constrained){__VA_ARGS__},                                                                   \
    }

CONSTRAINED(gardner1, "2 numbers, a wavy function where c1 <= 0.5, -2", NULL, .value = gardner1_value,
            .constraint = {gardner1_c1}, .bound = {0.5}, .side = 6, .worst = 2, .place = {1.5 * M_PI, 0}, .best = -2);
CONSTRAINED(gardner2, "2 numbers, a small feasible region, c1 <= -0.95, 0.253236", NULL, .value = gardner2_value,
            .constraint = {gardner2_c1}, .bound = {-0.95}, .side = 6, .worst = 7,
            .place = {1.5 * M_PI, 1.2532358975034}, .best = 0.25323589750337522);
CONSTRAINED(gramacy, "2 numbers, their sum where c1 <= 0 and c2 <= 0, 0.599788", "c2", .value = gramacy_value,
            .constraint = {gramacy_c1, gramacy_c2}, .bound = {0, 0}, .side = 1, .worst = 2,
            .place = {0.19511720011696113, 0.40467085332739794}, .best = 0.59978805344435904);
