/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions with constraints: values computed from the published formulas in another program, and that no feasible
 * point of a fine grid is better than the optimum. */
#include "tests/benchmarks/problems/bind.h"

static void values_at(const bound_problem *p, const double *x, double *values) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    p->binding.instance.problem->evaluate(&p->binding.instance, x, 1, &rng, values);
}

static const struct {
    const char *name;
    double side, bounds[2], worst, x[2], values[4];
    size_t constraints;
} cases[] = {
    {"gardner1", 6, {0.5, 0}, 2, {1, 2}, {1.0146491743760906, 1.0146491743760906, -0.98999249660044553, 0}, 1},
    {"gardner2", 6, {-0.95, 0}, 7, {1, 2}, {2.8414709848078967, 7, 0.76514740123429259, 0}, 1},
    {"gramacy", 1, {0, 0}, 2, {0.25, 0.5}, {0.75, 2, 0.058658283817454804, -1.1875}, 2},
};

static void values_of_the_formulas(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem p = bind_own(cases[i].name);
        double values[4];
        values_at(&p, cases[i].x, values);
        CHECK_ARRAY_NEAR(values, cases[i].values, 2 + cases[i].constraints, 1e-12);
        bind_release(&p);
    }
}

static void optimum_is_feasible_and_best(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem p = bind_own(cases[i].name);
        double x[2], best, values[4];
        assert_true(p.binding.instance.problem->optimum(&p.binding.instance, 0, x, &best));
        values_at(&p, x, values);
        CHECK_NEAR(values[0], best, 1e-9);
        for (size_t c = 0; c < cases[i].constraints; c++) assert_true(values[2 + c] <= cases[i].bounds[c] + 1e-9);
        enum { GRID = 400 };
        double least = (double)INFINITY;
        for (size_t a = 0; a <= GRID; a++) {
            for (size_t b = 0; b <= GRID; b++) {
                const double at[2] = {cases[i].side * (double)a / GRID, cases[i].side * (double)b / GRID};
                values_at(&p, at, values);
                bool feasible = true;
                for (size_t c = 0; c < cases[i].constraints; c++)
                    feasible = feasible && values[2 + c] <= cases[i].bounds[c];
                assert_true(values[1] == (feasible ? values[0] : cases[i].worst));
                if (feasible && values[0] < least) least = values[0];
            }
        }
        assert_true(least >= best - 1e-9);
        assert_true(least <= best + 0.05);
        bind_release(&p);
    }
}

/* The ball holds Hartmann's minimum. */
static void ball_around_hartmann(void **state) {
    (void)state;
    bound_problem p = bind_own("hartmann6-ball");
    double x[6], best, values[4];
    assert_true(p.binding.instance.problem->optimum(&p.binding.instance, 0, x, &best));
    values_at(&p, x, values);
    CHECK_NEAR(values[0], best, 1e-6);
    assert_true(values[1] == values[0] && values[2] < 1);
    values_at(&p, (const double[]){0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, values);
    CHECK_NEAR(values[2], 1.2247448713915889, 1e-12);
    assert_true(values[1] == 0 && values[0] < 0);
    bind_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_formulas),
        cmocka_unit_test(optimum_is_feasible_and_best),
        cmocka_unit_test(ball_around_hartmann),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
