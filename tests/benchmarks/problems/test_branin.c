/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Branin's function against values computed from the published formula in another program. */
#include "tests/benchmarks/problems/bind.h"

static void values(void **state) {
    (void)state;
    bound_problem branin = bind_own("branin");
    CHECK_NEAR(value_at(&branin, (double[]){0, 0}, 1, 0), 55.602112642270264, 1e-12);
    CHECK_NEAR(value_at(&branin, (double[]){2.5, 7.5}, 1, 0), 24.129964413622268, 1e-12);
    bind_release(&branin);
}

static void three_minima(void **state) {
    (void)state;
    bound_problem branin = bind_own("branin");
    const bench_problem *problem = branin.binding.instance.problem;
    const double published[][2] = {{-3.14159265, 12.275}, {3.14159265, 2.275}, {9.42477796, 2.475}};
    double x[2], best;
    for (size_t i = 0; i < 3; i++) {
        assert_true(problem->optimum(&branin.binding.instance, i, x, &best));
        CHECK_ARRAY_NEAR(x, published[i], 2, 1e-8);
        CHECK_NEAR(best, 0.39788735772973816, 1e-15);
        CHECK_NEAR(value_at(&branin, x, 1, 0), best, 1e-12);
    }
    assert_false(problem->optimum(&branin.binding.instance, 3, x, &best));
    bind_release(&branin);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(three_minima)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
