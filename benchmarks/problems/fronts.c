/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
/* Functions of several metrics whose front is known, all minimized, of d parameters in [0, 1].
 *
 * ZDT1, 2, 3, 4, 6: E. Zitzler, K. Deb, L. Thiele, "Comparison of Multiobjective Evolutionary Algorithms: Empirical
 * Results", Evol. Comput. 8(2), 2000. The metrics f1 and f2 = g h(f1, g), where g depends on x2, ..., xd alone and is 1 on the
 * front:
 *
 *          f1                               g                                               h                           front
 *   zdt1   x1                               1 + 9 mean x_i                                  1 - sqrt(f1/g)              convex
 *   zdt2   x1                               as zdt1                                         1 - (f1/g)^2                concave
 *   zdt3   x1                               as zdt1                                         1 - sqrt(f1/g)
 *                                                                                           - (f1/g) sin(10 pi f1)      five parts
 *   zdt4   x1                               1 + sum y_i^2 + 10 (1 - cos(4 pi y_i)),
 *                                           y_i = 10 x_i - 5                                as zdt1                     21^(d-1) local fronts
 *   zdt6   1 - exp(-4 x1) sin^6(6 pi x1)    1 + 9 (mean x_i)^0.25                           as zdt2                     thin at one end
 *
 * dtlz2: K. Deb, L. Thiele, M. Laumanns, E. Zitzler, "Scalable Multi-Objective Optimization Test Problems", CEC 2002, with
 * three metrics, on the front the eighth of a sphere:
 *
 *   g = sum_{i>2} (x_i - 1/2)^2, f1 = (1 + g) cos(a) cos(b), f2 = (1 + g) cos(a) sin(b), f3 = (1 + g) sin(a),
 *   a = x1 pi/2, b = x2 pi/2.
 *
 * dtlz2-4, dtlz2-5 and dtlz2-6 have as many metrics, and an angle more for each.
 *
 * (ZDT5 is of bits.) The y_i of zdt4 are published as parameters of their own in [-5, 5]. There is no
 * optimum. On the front of zdt4 and dtlz2 most parameters are in the middle of the box, as published. */
/* clang-format on */
#include <math.h>

#include "benchmarks/problems/problem.h"

typedef struct front {
    double (*first)(double x);
    double (*distance)(const double *x, size_t n); /* g, of the n parameters behind the first */
    double (*shape)(double first, double g);       /* h */
} front;

static size_t dims_of(const bench_instance *instance) {
    return (size_t)instance->settings.dimensions;
}

/* ---- ZDT ---- */

static double identity(double x) {
    return x;
}

static double zdt6_first(double x) {
    return 1 - exp(-4 * x) * pow(sin(6 * M_PI * x), 6);
}

static double mean(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

static double zdt1_distance(const double *x, size_t n) {
    return 1 + 9 * mean(x, n);
}

static double zdt4_distance(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double y = 10 * x[i] - 5;
        sum += y * y + 10 * (1 - cos(4 * M_PI * y));
    }
    return 1 + sum;
}

static double zdt6_distance(const double *x, size_t n) {
    return 1 + 9 * pow(mean(x, n), 0.25);
}

static double convex(double first, double g) {
    return 1 - sqrt(first / g);
}

static double concave(double first, double g) {
    return 1 - first / g * (first / g);
}

static double broken(double first, double g) {
    return 1 - sqrt(first / g) - first / g * sin(10 * M_PI * first);
}

static void zdt_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                         double *values) {
    (void)fidelity, (void)noise;
    const front *f = instance->problem->detail;
    const double g = f->distance(x + 1, dims_of(instance) - 1);
    values[0] = f->first(x[0]);
    values[1] = g * f->shape(values[0], g);
}

/* ---- DTLZ ---- */

static size_t metrics_of(const bench_problem *problem) {
    size_t count = 0;
    while (problem->metric[count]) count++;
    return count;
}

static void dtlz2_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                           double *values) {
    (void)fidelity, (void)noise;
    const size_t angles = metrics_of(instance->problem) - 1, dims = dims_of(instance);
    double radius = 1;
    for (size_t i = angles; i < dims; i++) radius += (x[i] - 0.5) * (x[i] - 0.5);
    for (size_t i = 0; i < angles; i++) {
        const double angle = i < dims ? x[i] * M_PI / 2 : 0;
        values[angles - i] = radius * sin(angle);
        radius *= cos(angle);
    }
    values[0] = radius;
}

#define FRONT(name_, text_, ...)                                                                                       \
    const bench_problem bench_problem_##name_ = {                                                                      \
        .name = #name_,                                                                                                \
        .summary = text_,                                                                                              \
        .metric = {"f1", "f2"},                                                                                        \
        .takes = BENCH_TAKES_DIMENSIONS,                                                                               \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        .box = {0, 1},                                                                                                 \
        .parameters = bench_box_parameters,                                                                            \
        .evaluate = zdt_evaluate,                                                                                      \
        .detail = &(const front){__VA_ARGS__},                                                                         \
    }

FRONT(zdt1, "two metrics f1 and f2, any number of dimensions; a convex front", .first = identity,
      .distance = zdt1_distance, .shape = convex);
FRONT(zdt2, "two metrics f1 and f2, any number of dimensions; a concave front", .first = identity,
      .distance = zdt1_distance, .shape = concave);
FRONT(zdt3, "two metrics f1 and f2, any number of dimensions; a front of five parts", .first = identity,
      .distance = zdt1_distance, .shape = broken);
FRONT(zdt4, "two metrics f1 and f2, any number of dimensions; many local fronts", .first = identity,
      .distance = zdt4_distance, .shape = convex);
FRONT(zdt6, "two metrics f1 and f2, any number of dimensions; few points near one end of the front",
      .first = zdt6_first, .distance = zdt6_distance, .shape = concave);

#define SPHERE(id_, name_, text_, ...)                                                                                 \
    const bench_problem bench_problem_##id_ = {                                                                        \
        .name = name_,                                                                                                 \
        .summary = text_,                                                                                              \
        .metric = {__VA_ARGS__},                                                                                       \
        .takes = BENCH_TAKES_DIMENSIONS,                                                                               \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        .box = {0, 1},                                                                                                 \
        .parameters = bench_box_parameters,                                                                            \
        .evaluate = dtlz2_evaluate,                                                                                    \
    }

SPHERE(dtlz2, "dtlz2", "three metrics f1, f2 and f3, any number of dimensions; the eighth of a sphere", "f1", "f2",
       "f3");
SPHERE(dtlz2_4, "dtlz2-4", "dtlz2 with four metrics f1 to f4", "f1", "f2", "f3", "f4");
SPHERE(dtlz2_5, "dtlz2-5", "dtlz2 with five metrics f1 to f5", "f1", "f2", "f3", "f4", "f5");
SPHERE(dtlz2_6, "dtlz2-6", "dtlz2 with six metrics f1 to f6", "f1", "f2", "f3", "f4", "f5", "f6");
