/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
/* The classic functions of any number of dimensions d, all minimized.
 *
 *   Rosenbrock   sum_{i<d} 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2                   [-5, 10]       0 at (1, ..., 1)
 *   Ackley       20 + e - 20 exp(-0.2 sqrt(mean x_i^2)) - exp(mean cos(2 pi x_i))  [-5, 10]       0 at (0, ..., 0)
 *   Levy         sin^2(pi w_1) + sum_{i<d} (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1))
 *                + (w_d - 1)^2 (1 + sin^2(2 pi w_d)),  w = 1 + (x - 1) / 4         [-10, 10]      0 at (1, ..., 1)
 *   Rastrigin    10 d + sum x_i^2 - 10 cos(2 pi x_i)                               [-2.56, 5.12]  0 at (0, ..., 0)
 *   Griewank     1 + sum x_i^2 / 4000 - prod cos(x_i / sqrt(i))                    [-300, 600]    0 at (0, ..., 0)
 *   Michalewicz  -sum sin(x_i) sin^20(i x_i^2 / pi)                                [0, 4]         computed
 *
 * H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", Comp. J. 3(3), 1960.
 * D. H. Ackley, "A connectionist machine for genetic hillclimbing", 1987.
 * A. V. Levy, A. Montalvo, "The tunneling algorithm for the global minimization of functions", SIAM J. Sci. Stat.
 * Comput. 6(1), 1985, as in M. Laguna, R. Marti, "Experimental testing of advanced scatter search designs for global
 * optimization of multimodal functions", J. Global Optim. 33, 2005.
 * L. A. Rastrigin, "Systems of extremal control", 1974, in the form of H. Muehlenbein, M. Schomisch, J. Born, "The
 * parallel genetic algorithm as function optimizer", Parallel Computing 17, 1991.
 * A. O. Griewank, "Generalized descent for global optimization", J. Optim. Theory Appl. 34, 1981.
 * Z. Michalewicz, "Genetic algorithms + data structures = evolution programs", 1992, with m = 10.
 *
 * No minimum may be the middle of its box, where many samplers begin. So Ackley's box is that of D. Eriksson et al.,
 * "Scalable global optimization via local Bayesian optimization", NeurIPS 2019. Of the published boxes [-5.12, 5.12]
 * and [-600, 600] the lower half is cut in two. Michalewicz's [0, pi] is extended: pi/2 is the best place of x_2, x_6,
 * ...; beyond pi no term is negative, so the minimum is the published one. */
/* clang-format on */
#include <math.h>

#include "benchmarks/problems/problem.h"

static size_t dims_of(const bench_instance *instance) {
    return (size_t)instance->settings.dimensions;
}

/* The minimum is 0 where all coordinates are the number that detail points to. */
static bool diagonal_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const double *place = instance->problem->detail;
    if (which > 0) return false;
    for (size_t i = 0; i < dims_of(instance); i++) x[i] = *place;
    *value = 0;
    return true;
}

static void rosenbrock_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                                double *values) {
    (void)fidelity, (void)noise;
    double sum = 0;
    for (size_t i = 0; i + 1 < dims_of(instance); i++) {
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
    for (size_t i = 0; i < dims_of(instance); i++) {
        squares += x[i] * x[i];
        cosines += cos(2 * M_PI * x[i]);
    }
    values[0] = 20 - 20 * exp(-0.2 * sqrt(squares / count)) + (M_E - exp(cosines / count));
}

static double square(double x) {
    return x * x;
}

static void levy_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                          double *values) {
    (void)fidelity, (void)noise;
    const size_t last = dims_of(instance) - 1;
    double sum = square(sin(M_PI * (1 + (x[0] - 1) / 4)));
    for (size_t i = 0; i <= last; i++) {
        const double rest = (x[i] - 1) / 4, w = 1 + rest;
        const double wave = i < last ? 10 * square(sin(M_PI * w + 1)) : square(sin(2 * M_PI * w));
        sum += square(rest) * (1 + wave);
    }
    values[0] = sum;
}

static void rastrigin_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                               double *values) {
    (void)fidelity, (void)noise;
    double sum = 0;
    for (size_t i = 0; i < dims_of(instance); i++) sum += square(x[i]) + 10 * (1 - cos(2 * M_PI * x[i]));
    values[0] = sum;
}

static void griewank_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                              double *values) {
    (void)fidelity, (void)noise;
    double sum = 0, product = 1;
    for (size_t i = 0; i < dims_of(instance); i++) {
        sum += square(x[i]) / 4000;
        product *= cos(x[i] / sqrt((double)(i + 1)));
    }
    values[0] = sum + (1 - product);
}

/* ---- Michalewicz ---- */
enum { POWER = 20 };

/* The term of x_number, number from 1. */
static double michalewicz_term(double number, double x) {
    return sin(x) * pow(sin(number * x * x / M_PI), POWER);
}

static void michalewicz_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                                 double *values) {
    (void)fidelity, (void)noise;
    double sum = 0;
    for (size_t i = 0; i < dims_of(instance); i++) sum += michalewicz_term((double)(i + 1), x[i]);
    values[0] = -sum;
}

/* The top of the k-th hump of a term: Newton's method on h = ln sin x + 20 ln |sin u|, u = number x^2 / pi, from the
 * place where u = (k + 1/2) pi. With u' = 2 number x / pi: h' = cot x + 20 u' cot u. */
static double michalewicz_top(double number, double k) {
    double x = M_PI * sqrt((k + 0.5) / number);
    for (size_t step = 0; step < 20; step++) {
        const double u = number * x * x / M_PI, slope = 2 * number * x / M_PI;
        const double first = 1 / tan(x) + POWER * slope / tan(u);
        const double second = -1 / square(sin(x)) + POWER * (slope / x / tan(u) - square(slope / sin(u)));
        x -= first / second;
    }
    return x;
}

/* A term is separable, and its humps are as high as sin x allows: the highest is one of the two beside pi/2, where k +
 * 1/2 = number/4. */
static double michalewicz_place(double number) {
    const double before = fmax(0, floor(number / 4 - 0.5)), after = fmin(number - 1, before + 1);
    const double one = michalewicz_top(number, before), two = michalewicz_top(number, after);
    return michalewicz_term(number, one) >= michalewicz_term(number, two) ? one : two;
}

static bool michalewicz_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    if (which > 0) return false;
    for (size_t i = 0; i < dims_of(instance); i++) x[i] = michalewicz_place((double)(i + 1));
    michalewicz_evaluate(instance, x, 1, NULL, value);
    return true;
}

/* ---- the problems ---- */
#define SCALABLE(name_, min_, max_, optimum_, text_, ...)                                                              \
    const bench_problem bench_problem_##name_ = {.name = #name_,                                                       \
                                                 .summary = text_,                                                     \
                                                 .metric = {"value"},                                                  \
                                                 .takes = BENCH_TAKES_DIMENSIONS,                                      \
                                                 .fidelity = {.min = 1, .max = 1},                                     \
                                                 .box = {(min_), (max_)},                                              \
                                                 .parameters = bench_box_parameters,                                   \
                                                 .evaluate = name_##_evaluate,                                         \
                                                 .optimum = optimum_,                                                  \
                                                 __VA_ARGS__}
/* clang-format off */
#define AT(place_) .detail = &(const double){place_}
/* clang-format on */

SCALABLE(rosenbrock, -5, 10, diagonal_optimum, "Rosenbrock's curved valley in any number of dimensions; minimum 0",
         AT(1));
SCALABLE(ackley, -5, 10, diagonal_optimum,
         "Ackley's function in any number of dimensions: many local minima; minimum 0", AT(0));
SCALABLE(levy, -10, 10, diagonal_optimum, "Levy's function in any number of dimensions: many local minima; minimum 0",
         AT(1));
SCALABLE(rastrigin, -2.56, 5.12, diagonal_optimum,
         "Rastrigin's function in any number of dimensions: a local minimum at every integer; minimum 0", AT(0));
SCALABLE(griewank, -300, 600, diagonal_optimum,
         "Griewank's function in any number of dimensions: a bowl with ripples; minimum 0", AT(0));
SCALABLE(michalewicz, 0, 4, michalewicz_optimum,
         "Michalewicz's function in any number of dimensions: narrow valleys, flat between them", .detail = NULL);
