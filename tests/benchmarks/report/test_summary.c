/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Medians, means and ranks by hand, and the table of them. */
#include "benchmarks/report/summary.h"

#include "tests/benchmarks/report/tables_of.h"

static void by_hand(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:4 4:1");
    add(&t, "f", "a", 1, 2, 4, "1:6 2:2");
    add(&t, "f", "a", 1, 3, 4, "1:9");
    add(&t, "f", "b", 1, 1, 4, "1:5 3:.5");
    add(&t, "f", "b", 1, 2, 2, "1:5");
    const double at[] = {1, 4, 8};
    bench_runs *runs = read_tables(&t, at, 3);
    base_arena *arena = base_arena_create();
    const bench_summary s = bench_summary_make(runs, arena);
    assert_int_equal(s.n, 4); /* 8 is beyond the budget */
    const bench_summary_row *r = s.rows;
    assert_int_equal(r[0].n, 3);
    CHECK_NEAR(r[0].median, 6, 0);
    CHECK_NEAR(r[0].mean, 19.0 / 3, 1e-15);
    CHECK_NEAR(r[0].low, 4, 0); /* three runs: the band is all of them */
    CHECK_NEAR(r[0].high, 9, 0);
    CHECK_NEAR(r[0].rank, 1.5, 0); /* seed 1: a, seed 2: b is better; seed 3 is not common */
    CHECK_NEAR(r[1].mean, 4, 0);
    CHECK_NEAR(r[1].rank, 2, 0);
    CHECK_NEAR(r[2].rank, 1.5, 0);
    assert_int_equal(r[3].n, 1); /* one ended before */
    CHECK_NEAR(r[3].median, .5, 0);
    assert_true(isnan(r[3].low) && isnan(r[3].high));
    base_buf csv = {0};
    bench_summary_print(runs, &s, &csv);
    CHECK_CONTAINS(base_buf_text(&csv), "problem,workers,method,at,n,median,mean,low,high,rank,normalized\n"
                                        "f,1,a,1,3,6,6.333333333,4,9,1.5,\n");
    CHECK_CONTAINS(base_buf_text(&csv), "\nf,1,b,4,1,0.5,0.5,,,1,\n");
    base_buf_fini(&csv);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

/* Where larger is better and no optimum is known, values keep their sign, and low is below high. */
static void values(void **state) {
    (void)state;
    tables t = {0};
    for (int seed = 1; seed <= 3; seed++)
        add_any(&t, "f", "a", 1, seed, 4, seed == 1 ? "1:4" : seed == 2 ? "1:5" : "1:9", "maximize", false);
    const double at[] = {4};
    bench_runs *runs = read_tables(&t, at, 1);
    base_arena *arena = base_arena_create();
    const bench_summary s = bench_summary_make(runs, arena);
    CHECK_NEAR(s.rows[0].median, 15, 0);
    CHECK_NEAR(s.rows[0].mean, 16, 0);
    CHECK_NEAR(s.rows[0].low, 14, 0);
    CHECK_NEAR(s.rows[0].high, 19, 0);
    CHECK_NEAR(s.rows[0].rank, 1, 0);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
