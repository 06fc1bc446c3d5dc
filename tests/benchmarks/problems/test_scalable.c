/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rosenbrock and Ackley against hand-computed values.
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rosenbrock), cmocka_unit_test(ackley)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
