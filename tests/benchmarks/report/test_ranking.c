/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which methods and problems are ranked, and what the tests say of them. */
#include "benchmarks/report/ranking.h"

#include "tests/benchmarks/report/tables_of.h"

static const char *const problems[] = {"f0", "f1", "f2", "f3", "f4", "f5"};

/* Regret at the end; three seeds with nearly the same. */
static void add_seeds(tables *t, const char *problem, const char *method, double spent, double regret) {
    for (int seed = 1; seed <= 3; seed++) {
        char steps[32];
        snprintf(steps, sizeof steps, "1:%g", regret + 0.1 * seed);
        add(t, problem, method, 1, seed, spent, steps);
    }
}

/* a is always better than b; c is missing on f5, and d ended early everywhere. */
static bench_runs *six_problems(void) {
    tables t = {0};
    for (size_t p = 0; p < 6; p++) {
        const double scale = pow(10, (double)p); /* no common scale */
        add_seeds(&t, problems[p], "b", 4, 2 * scale);
        add_seeds(&t, problems[p], "a", 4, 1 * scale);
        if (p < 5) add_seeds(&t, problems[p], "c", 4, p % 2 ? 3 * scale : scale / 2);
        add_seeds(&t, problems[p], "d", 2, 0);
    }
    const double at[] = {1, 4};
    return read_tables(&t, at, 2);
}

static void the_largest_table_without_holes(void **state) {
    (void)state;
    bench_runs *runs = six_problems();
    base_arena *arena = base_arena_create();
    assert_true(bench_searched(runs, 0, 0, 2));
    assert_false(bench_searched(runs, 0, 5, 2)); /* no runs */
    assert_false(bench_searched(runs, 0, 0, 3)); /* none to the budget */
    const bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_int_equal(r.n_methods, 3); /* 3 x 5 is larger than 2 x 6 */
    assert_int_equal(r.n_problems, 5);
    assert_int_equal(r.blocks, 15);
    /* b: 2 on odd problems, 3 on even ones. a: 1 on odd, 2 on even. c: 3 on odd, 1 on even. */
    const double ranks[] = {(2 * 2 + 3 * 3) / 5.0, (2 * 1 + 3 * 2) / 5.0, (2 * 3 + 3 * 1) / 5.0};
    for (size_t m = 0; m < 3; m++) {
        CHECK_NEAR(r.ranks[m * 3 + 2].mean, ranks[m], 1e-15);
        CHECK_NEAR(r.ranks[m * 3 + 1].mean, ranks[m], 1e-15); /* the last point is the budget, too */
        CHECK_NEAR(r.mean_rank[m], ranks[m], 1e-15);
    }
    assert_int_equal(r.reference, 1);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

static void against_a_method(void **state) {
    (void)state;
    bench_runs *runs = six_problems();
    base_arena *arena = base_arena_create();
    const bench_ranking r = bench_ranking_make(runs, 0, 0, arena); /* b */
    assert_int_equal(r.reference, 0);
    CHECK_NEAR(r.stands[1].superiority, 1, 0);
    CHECK_NEAR(r.stands[1].test.p, 1.0 / 16, 1e-15); /* five of five: 2^(1 - 5) */
    CHECK_NEAR(r.stands[2].superiority, 0.6, 1e-15);
    CHECK_NEAR(r.stands[1].holm, 2.0 / 16, 1e-15);
    assert_true(isnan(r.stands[0].holm));
    assert_int_equal(r.stands[1].better, 0); /* three seeds allow 0.1 */
    CHECK_NEAR(r.stands[2].test.p, 1, 0);    /* 3 of 5 with equal differences: the sign test's 2 P(X >= 3) = 1 */
    const bench_duel duel = bench_duel_of(runs, 0, 0, 2, 0);
    CHECK_NEAR(duel.superiority, 1, 0);
    CHECK_NEAR(duel.test.smallest_p, 0.1, 1e-15);
    CHECK_NEAR(r.wilcoxon[0 * 3 + 1], 3.0 / 16, 1e-15);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

static void little_to_rank(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:1");
    bench_runs *runs = read_tables(&t, NULL, 0);
    bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_int_equal(r.n_methods, 1);
    CHECK_NEAR(r.ranks[0].mean, 1, 0);
    assert_null(r.mean_rank);
    bench_runs_destroy(runs);
    /* A method alone on more problems than two have in common. */
    add(&t, "f", "a", 1, 1, 4, "1:1");
    add(&t, "g", "a", 1, 1, 4, "1:1");
    add(&t, "h", "a", 1, 1, 4, "1:1");
    add(&t, "h", "b", 1, 1, 4, "1:2");
    runs = read_tables(&t, NULL, 0);
    r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_int_equal(r.n_methods, 2);
    assert_int_equal(r.n_problems, 1);
    bench_runs_destroy(runs);
    /* No problem has just the methods that both have. */
    const char *const of[] = {"abc", "abd"};
    for (size_t p = 0; p < 2; p++)
        for (const char *m = of[p]; *m; m++) add(&t, problems[p], (const char[]){*m, 0}, 1, 1, 4, "1:1");
    runs = read_tables(&t, NULL, 0);
    r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_int_equal(r.n_methods, 2);
    assert_int_equal(r.n_problems, 2);
    assert_int_equal(r.methods[0], 0);
    assert_int_equal(r.methods[1], 1);
    bench_runs_destroy(runs);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_table_without_holes),
        cmocka_unit_test(against_a_method),
        cmocka_unit_test(little_to_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
