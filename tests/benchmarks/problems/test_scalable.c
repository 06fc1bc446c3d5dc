/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scalable functions against hand-computed and published values.
 *
 * Rosenbrock: every term by hand. Ackley: awk 'BEGIN{pi=atan2(0,-1); for(i=1;i<ARGC;i++){s+=ARGV[i]^2;
 * c+=cos(2*pi*ARGV[i])} n=ARGC-1; printf "%.17g\n", -20*exp(-.2*sqrt(s/n))-exp(c/n)+20+exp(1)}' 1 -2 0.5 */
#include "tests/benchmarks/problems/bind.h"

static double value(const char *name, const double *x, int64_t dimensions) {
    bound_problem problem = bind_with(name, &(bench_settings){.dimensions = dimensions});
    assert_int_equal(hpo_space_count(problem.space), dimensions);
    const double result = value_at(&problem, x, 1, 1);
    bind_release(&problem);
    return result;
}

static void rosenbrock(void **state) {
    (void)state;
    CHECK_NEAR(value("rosenbrock", (double[]){-1.2, 1}, 2), 24.2, 1e-12); /* the classic start */
    CHECK_NEAR(value("rosenbrock", (double[]){0, 0, 0, 0}, 4), 3, 1e-15);
    CHECK_NEAR(value("rosenbrock", (double[]){2, 3, 4}, 3), 101 + 2504, 1e-12);
    CHECK_NEAR(value("rosenbrock", (double[]){1, 1, 1, 1, 1}, 5), 0, 1e-15);
}

static void ackley(void **state) {
    (void)state;
    CHECK_NEAR(value("ackley", (double[]){0, 0, 0}, 3), 0, 1e-14);
    CHECK_NEAR(value("ackley", (double[]){1, 1}, 2), 20 - 20 * exp(-0.2), 1e-12); /* the cosines are one */
    CHECK_NEAR(value("ackley", (double[]){1, -2, 0.5}, 3), 5.972029779887098, 1e-12);
}

/* w is 1 where x is 1, and moves by a quarter of its step: sin(pi w) and its multiples are known at 3, 5 and -3. */
static void levy(void **state) {
    (void)state;
    const double term = 1 + 10 * pow(sin(1), 2);
    CHECK_NEAR(value("levy", (double[]){1, 1, 1, 1}, 4), 0, 1e-15);
    CHECK_NEAR(value("levy", (double[]){5, 1}, 2), term, 1e-12);         /* w = 2, 1 */
    CHECK_NEAR(value("levy", (double[]){1, -3, 9}, 3), term + 4, 1e-12); /* w = 1, 0, 3 */
    CHECK_NEAR(value("levy", (double[]){3, 3}, 2), 1 + 0.25 * (1 + 10 * pow(cos(1), 2)) + 0.25, 1e-12); /* 1.5 */
}

static void rastrigin(void **state) {
    (void)state;
    CHECK_NEAR(value("rastrigin", (double[]){0, 0, 0}, 3), 0, 1e-15);
    CHECK_NEAR(value("rastrigin", (double[]){1, -2, 3}, 3), 14, 1e-12); /* the ripples are zero at integers */
    CHECK_NEAR(value("rastrigin", (double[]){0.5, 0.25}, 2), 20.25 + 10.0625, 1e-12);
}

static void griewank(void **state) {
    (void)state;
    CHECK_NEAR(value("griewank", (double[]){0, 0, 0}, 3), 0, 1e-15);
    CHECK_NEAR(value("griewank", (double[]){M_PI, 0}, 2), 2 + M_PI * M_PI / 4000, 1e-12);
    CHECK_NEAR(value("griewank", (double[]){0, 0, 0, 2 * M_PI}, 4), 2 + M_PI * M_PI / 1000, 1e-12); /* sqrt(4) = 2 */
}

static double michalewicz_best(int64_t dimensions, double *x) {
    double best, found;
    bound_problem problem = bind_with("michalewicz", &(bench_settings){.dimensions = dimensions});
    assert_true(problem.binding.instance.problem->optimum(&problem.binding.instance, 0, x, &best));
    found = value_at(&problem, x, 1, 1);
    CHECK_SAME_DOUBLE(found, best);
    bind_release(&problem);
    return best;
}

/* A term depends on its own coordinate only, so a fine grid over that finds its minimum: no place of it is below the
 * computed one, and the nearest is just above. */
static void michalewicz_terms(const double *x, size_t count) {
    enum { GRID = 20000 };
    for (size_t i = 0; i < count; i += 1 + i / 8) {
        const double number = (double)(i + 1), best = sin(x[i]) * pow(sin(number * x[i] * x[i] / M_PI), 20);
        double found = 0;
        for (size_t k = 0; k <= GRID; k++) {
            const double y = 4.0 * (double)k / GRID;
            found = fmax(found, sin(y) * pow(sin(number * y * y / M_PI), 20));
        }
        assert_true(found <= best + 1e-14);
        assert_true(found > best - 0.02);
    }
}

/* Published: -1.8013 in two dimensions, -4.687658 in five, -9.66015 in ten. */
static void michalewicz(void **state) {
    (void)state;
    double x[200];
    CHECK_NEAR(value("michalewicz", (double[]){M_PI / 2, M_PI / 2}, 2), -1 - pow(0.5, 10), 1e-12);
    CHECK_NEAR(michalewicz_best(2, x), -1.8013034100985537, 1e-12);
    CHECK_NEAR(x[0], 2.2029055201726, 1e-11);
    CHECK_NEAR(x[1], M_PI / 2, 1e-12);
    CHECK_NEAR(michalewicz_best(5, x), -4.687658179, 1e-9);
    CHECK_NEAR(michalewicz_best(10, x), -9.660151716, 1e-9);
    michalewicz_best(200, x);
    michalewicz_terms(x, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rosenbrock), cmocka_unit_test(ackley),
                                       cmocka_unit_test(levy),       cmocka_unit_test(rastrigin),
                                       cmocka_unit_test(griewank),   cmocka_unit_test(michalewicz)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
