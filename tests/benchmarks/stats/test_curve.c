/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs as step functions: who is the incumbent, what is drawn of it, grids and areas in closed form. */
#include "benchmarks/stats/curve.h"

#include "tests/support/check.h"

static const bench_goal plain = {.optimum = 1, .reference = NAN};

static int make_arena(void **state) {
    *state = base_arena_create();
    return 0;
}

static int drop_arena(void **state) {
    base_arena_destroy(*state);
    return 0;
}

static bench_event seen(double cost, double value, double exact) {
    return (bench_event){.cost = cost, .value = value, .exact = exact};
}

static void regrets(void **state) {
    (void)state;
    const bench_goal least = {.optimum = 2, .reference = 12}, most = {.maximize = true, .optimum = 90, .reference = 50};
    CHECK_NEAR(bench_regret(&plain, 3.5), 2.5, 0);
    CHECK_NEAR(bench_regret(&plain, .5), -.5, 0);
    CHECK_NEAR(bench_regret(&least, 7), .5, 0);
    CHECK_NEAR(bench_regret(&least, 22), 2, 0);
    CHECK_NEAR(bench_regret(&most, 80), .25, 0);
    const bench_goal flat = {.optimum = 2, .reference = 2};
    CHECK_NEAR(bench_regret(&flat, 2), 0, 0);
    CHECK_NEAR(bench_regret(&flat, 3), INFINITY, 0);
}

/* The search sees value and picks by it; exact is drawn, here worse at the second incumbent than at the first. */
static void noisy_incumbents(void **state) {
    const bench_event events[] = {seen(1, 9, 6), seen(2, 8, 7), seen(3, 8, 1), seen(4, 8.5, 2), seen(6, 5, 4)};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 5, 10);
    assert_int_equal(curve.n, 3);
    const double costs[] = {.5, 1, 1.5, 2, 5.999, 6, 10}, expected[] = {INFINITY, 5, 5, 6, 6, 3, 3};
    double got[7];
    bench_curve_on(&curve, costs, 7, got);
    CHECK_ARRAY_NEAR(got, expected, 7, 0);
    assert_true(isnan(bench_curve_at(&curve, 10.001)));
    CHECK_NEAR(bench_curve_hit(&curve, 5), 1, 0);
    CHECK_NEAR(bench_curve_hit(&curve, 4.9), 6, 0);
    CHECK_NEAR(bench_curve_hit(&curve, 2.9), INFINITY, 0);
}

static void maximized(void **state) {
    const bench_goal goal = {.maximize = true, .optimum = 100, .reference = NAN};
    const bench_event events[] = {seen(1, 60, NAN), seen(2, 50, NAN), seen(3, 75, NAN)};
    const bench_curve curve = bench_curve_make(*state, &goal, events, 3, INFINITY);
    CHECK_NEAR(bench_curve_at(&curve, 2.5), 40, 0);
    CHECK_NEAR(bench_curve_at(&curve, 1e9), 25, 0);
}

/* Failures are never the incumbent, wherever they stand. */
static void failed_events(void **state) {
    const bench_event events[] = {seen(1, NAN, 1), seen(2, -INFINITY, 1), seen(3, 4, NAN), seen(4, NAN, NAN)};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 4, 5);
    assert_int_equal(curve.n, 1);
    CHECK_NEAR(bench_curve_at(&curve, 2.9), INFINITY, 0);
    CHECK_NEAR(bench_curve_at(&curve, 5), 3, 0);
}

static void higher_fidelity_wins(void **state) {
    const bench_event events[] = {{.cost = 1, .fidelity = 3, .value = 2, .exact = 5},
                                  {.cost = 2, .fidelity = 9, .value = 8, .exact = 7},
                                  {.cost = 3, .fidelity = 3, .value = 1, .exact = 1},
                                  {.cost = 4, .fidelity = 27, .value = NAN, .exact = 1},
                                  {.cost = 5, .fidelity = 9, .value = 6, .exact = 4}};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 5, 9);
    const double costs[] = {1, 2, 3, 4, 5}, expected[] = {4, 6, 6, 6, 3};
    double got[5];
    bench_curve_on(&curve, costs, 5, got);
    CHECK_ARRAY_NEAR(got, expected, 5, 0);
}

/* Several results at one cost make one step. */
static void same_cost(void **state) {
    const bench_event events[] = {seen(2, 5, NAN), seen(2, 3, 4), seen(2, 3, 9), seen(2, 4, NAN), seen(3, 2, NAN)};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 5, 4);
    assert_int_equal(curve.n, 2);
    CHECK_NEAR(bench_curve_at(&curve, 2), 3, 0);
    CHECK_NEAR(bench_curve_at(&curve, 3), 1, 0);
}

static void empty(void **state) {
    bench_curve curve = bench_curve_make(*state, &plain, NULL, 0, 4);
    CHECK_NEAR(bench_curve_at(&curve, 4), INFINITY, 0);
    CHECK_NEAR(bench_curve_hit(&curve, INFINITY), INFINITY, 0);
    CHECK_NEAR(bench_curve_area(&curve, 1, 2, BENCH_LINEAR), INFINITY, 0);
    curve.before = 1;
    CHECK_NEAR(bench_curve_at(&curve, 4), 1, 0);
    CHECK_NEAR(bench_curve_area(&curve, 1, 2, BENCH_LOGARITHMIC), 1, 1e-15);
}

static void after_the_end(void **state) {
    const bench_event events[] = {seen(1, 5, NAN), seen(7, 1, NAN)};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 2, 6);
    CHECK_NEAR(bench_curve_hit(&curve, 0), INFINITY, 0);
    assert_true(isnan(bench_curve_area(&curve, 1, 7, BENCH_LINEAR)));
}

static void grids(void **state) {
    (void)state;
    double costs[5];
    bench_cost_grid(0, 8, 5, BENCH_LINEAR, costs);
    const double linear[] = {0, 2, 4, 6, 8}, powers[] = {.01, .1, 1, 10, 100};
    CHECK_ARRAY_NEAR(costs, linear, 5, 0);
    bench_cost_grid(.01, 100, 5, BENCH_LOGARITHMIC, costs);
    for (size_t i = 0; i < 5; i++) CHECK_CLOSE(costs[i], powers[i], 1e-14);
    CHECK_NEAR(costs[0], .01, 0);
    CHECK_NEAR(costs[4], 100, 0);
    bench_cost_grid(3, 7, 1, BENCH_LINEAR, costs);
    CHECK_NEAR(costs[0], 7, 0);
    bench_cost_grid(3, 7, 0, BENCH_LINEAR, costs);
    CHECK_NEAR(costs[0], 7, 0);
}

/* 4 from 1 on, 2 from 3 on, 1 from 8 on. */
static void areas(void **state) {
    const bench_event events[] = {seen(1, 5, NAN), seen(3, 3, NAN), seen(8, 2, NAN)};
    const bench_curve curve = bench_curve_make(*state, &plain, events, 3, 16);
    CHECK_NEAR(bench_curve_area(&curve, 1, 16, BENCH_LINEAR), (8 + 10 + 8) / 15.0, 1e-15);
    CHECK_NEAR(bench_curve_area(&curve, 2, 3, BENCH_LINEAR), 4, 1e-15);
    CHECK_NEAR(bench_curve_area(&curve, 3, 4, BENCH_LINEAR), 2, 1e-15);
    CHECK_NEAR(bench_curve_area(&curve, 9, 10, BENCH_LINEAR), 1, 1e-15);
    const double area = 4 * log(3) + 2 * log(8 / 3.0) + log(2);
    CHECK_CLOSE(bench_curve_area(&curve, 1, 16, BENCH_LOGARITHMIC), area / log(16), 1e-14);
    CHECK_NEAR(bench_curve_area(&curve, .5, 16, BENCH_LINEAR), INFINITY, 0);
    bench_curve filled = curve;
    filled.before = 10;
    CHECK_NEAR(bench_curve_area(&filled, 0, 2, BENCH_LINEAR), 7, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regrets),       cmocka_unit_test(noisy_incumbents),     cmocka_unit_test(maximized),
        cmocka_unit_test(failed_events), cmocka_unit_test(higher_fidelity_wins), cmocka_unit_test(same_cost),
        cmocka_unit_test(empty),         cmocka_unit_test(after_the_end),        cmocka_unit_test(grids),
        cmocka_unit_test(areas)};
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
