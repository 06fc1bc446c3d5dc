/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Costs to targets: expected running times by hand, simulated restarts against their exact distribution. */
#include "benchmarks/stats/runtime.h"

#include "tests/support/check.h"

static void from_a_curve(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const bench_goal goal = {.optimum = 0, .reference = NAN};
    const bench_event events[] = {{.cost = 1, .value = 8, .exact = NAN}, {.cost = 5, .value = 2, .exact = NAN}};
    const bench_curve curve = bench_curve_make(arena, &goal, events, 2, 9);
    const bench_runtime reached = bench_runtime_of(&curve, 2), missed = bench_runtime_of(&curve, 1.9);
    assert_true(reached.solved && !missed.solved);
    CHECK_NEAR(reached.cost, 5, 0);
    CHECK_NEAR(missed.cost, 9, 0);
    base_arena_destroy(arena);
}

static void expected(void **state) {
    (void)state;
    const bench_runtime runs[] = {{10, true}, {30, true}, {100, false}, {60, false}, {NAN, false}};
    CHECK_NEAR(bench_expected_runtime(runs, 5), 100, 0); /* (10 + 30 + 100 + 60) / 2 */
    CHECK_NEAR(bench_expected_runtime(runs, 2), 20, 0);
    CHECK_NEAR(bench_expected_runtime(runs + 2, 2), INFINITY, 0);
    assert_true(isnan(bench_expected_runtime(runs + 4, 1)));
    assert_true(isnan(bench_expected_runtime(NULL, 0)));
}

/* All succeeded: nothing is drawn, and every run stands for as many searches. */
static void without_failures(void **state) {
    (void)state;
    const bench_runtime runs[] = {{7, true}, {3, true}, {5, true}};
    const double expected[] = {3, 3, 5, 5, 7, 7};
    double costs[6];
    bench_simulate_restarts(&(bench_target_runs){runs, 3}, 6, 1, 0, costs);
    CHECK_ARRAY_NEAR(costs, expected, 6, 0);
}

/* Half of the runs succeed at cost 1, half fail at cost 10: a search costs 1 + 10 k with probability 2^-(k+1). */
static void geometric(void **state) {
    (void)state;
    enum { SAMPLES = 4000 };
    const bench_runtime runs[] = {{10, false}, {1, true}};
    static double costs[SAMPLES];
    bench_simulate_restarts(&(bench_target_runs){runs, 2}, SAMPLES, 3, 0, costs);
    double mean = 0;
    for (size_t i = 0; i < SAMPLES; i++) mean += costs[i] / SAMPLES;
    const double ert = bench_expected_runtime(runs, 2);
    CHECK_NEAR(ert, 11, 0);
    CHECK_NEAR(mean, ert, 4 * sqrt(200.0 / SAMPLES));    /* the variance of 10 k */
    CHECK_NEAR(bench_ecdf_at(costs, SAMPLES, 1), .5, 0); /* first runs are not drawn */
    CHECK_NEAR(bench_ecdf_at(costs, SAMPLES, 11), .75, 4 * sqrt(.25 * .25 / SAMPLES));
    CHECK_NEAR(bench_ecdf_at(costs, SAMPLES, 31), .9375, 4 * sqrt(.0625 * .4375 / SAMPLES));
}

static void pairs(void **state) {
    (void)state;
    const bench_runtime easy[] = {{2, true}, {4, true}}, hard[] = {{50, false}, {60, false}};
    const bench_target_runs targets[] = {{easy, 2}, {hard, 2}, {NULL, 0}};
    double costs[6];
    bench_ecdf(targets, 3, 2, 9, costs);
    const double expected[] = {2, 4, INFINITY, INFINITY, INFINITY, INFINITY};
    CHECK_ARRAY_NEAR(costs, expected, 6, 0);
    CHECK_NEAR(bench_ecdf_at(costs, 6, 1.9), 0, 0);
    CHECK_NEAR(bench_ecdf_at(costs, 6, 2), 1 / 6.0, 1e-15);
    CHECK_NEAR(bench_ecdf_at(costs, 6, 1e300), 2 / 6.0, 1e-15);
    CHECK_NEAR(bench_ecdf_at(costs, 6, INFINITY), 2 / 6.0, 1e-15);
    assert_true(isnan(bench_ecdf_at(costs, 0, 1)));
}

static void order_and_seed(void **state) {
    (void)state;
    enum { N = 7, SAMPLES = 50 };
    bench_runtime runs[N], turned[N];
    for (size_t i = 0; i < N; i++) {
        runs[i] = turned[(i * 3) % N] = (bench_runtime){(double)((i * 5) % 4) + 1, i % 3 == 0};
    }
    double a[SAMPLES], b[SAMPLES];
    const bench_target_runs given = {runs, N}, other = {turned, N};
    bench_simulate_restarts(&given, SAMPLES, 3, 8, a);
    bench_simulate_restarts(&other, SAMPLES, 3, 8, b);
    assert_memory_equal(a, b, sizeof a);
    bench_simulate_restarts(&given, SAMPLES, 4, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
    bench_simulate_restarts(&given, SAMPLES, 3, 9, b);
    assert_memory_not_equal(a, b, sizeof a);
    CHECK_SAME_DOUBLE(bench_expected_runtime(runs, N), bench_expected_runtime(turned, N));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_curve), cmocka_unit_test(expected), cmocka_unit_test(without_failures),
        cmocka_unit_test(geometric),    cmocka_unit_test(pairs),    cmocka_unit_test(order_and_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
