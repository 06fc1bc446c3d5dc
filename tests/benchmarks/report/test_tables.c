/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of a report's tables, cell by cell. */
#include "benchmarks/report/tables.h"

#include "tests/benchmarks/report/tables_of.h"

static void check_row(const base_table *t, size_t row, const char *expected) {
    base_buf line = {0};
    assert_true(row < t->rows);
    for (size_t i = 0; i < t->columns; i++)
        base_buf_printf(&line, "%s%s", i > 0 ? "|" : "", t->cells[row * t->columns + i]);
    assert_string_equal(base_buf_text(&line), expected);
    base_buf_fini(&line);
}

/* Two suggestions in 6 ms and one in 3 ms are 3 ms each; a run without times does not count. */
static void what_it_took(void **state) {
    (void)state;
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    tables t = {0};
    base_err err;
    bench_runs *runs;
    for (int seed = 1; seed <= 3; seed++) add(&t, "f", "a", 1, seed, 4, "1:5");
    add(&t, "f", "b", 8, 1, 4, "1:5");
    check_tmpdir_write(&dir, "times.csv",
                       "problem,method,workers,seed,suggestions,seconds\n"
                       "f,a,1,1,2,0.006\nf,a,1,2,1,0.003\n");
    write_tables(&dir, &t);
    CHECK_OK(bench_runs_read(&folder, 1, NULL, 0, &runs, &err));
    base_arena *arena = base_arena_create();
    base_table table = bench_table_of_times(runs, arena);
    assert_string_equal(table.names[1], "1 worker");
    assert_string_equal(table.names[2], "8 workers");
    check_row(&table, 0, "a|3|");
    check_row(&table, 1, "b||");
    table = bench_table_of_utilisation(runs, arena);
    check_row(&table, 0, "a|0.5|");
    check_row(&table, 1, "b||0.5");
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dir);
}

/* Two seeds each: a is better than b on both problems; c ran on one problem, on which one run ended early. */
static void tests_and_holes(void **state) {
    (void)state;
    tables t = {0};
    for (int p = 0; p < 2; p++)
        for (int seed = 1; seed <= 2; seed++) {
            const char name[] = {'f', (char)('0' + p), 0};
            add(&t, name, "a", 1, seed, 4, "1:5 3:1");
            add(&t, name, "b", 1, seed, 4, "1:5 3:2");
            if (p == 0) add(&t, name, "c", 1, seed, seed == 1 ? 4 : 2, "2:0");
        }
    const double at[] = {1, 4};
    bench_runs *runs = read_tables(&t, at, 2);
    base_arena *arena = base_arena_create();
    const bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    base_table table = bench_table_of_stands(runs, &r, arena);
    assert_int_equal(table.rows, 1);
    check_row(&table, 0, "b|0.00|0|0|0.5000|0.5000"); /* two problems, both lost: 2 / 2^2 */
    CHECK_CONTAINS(table.note, "with Holm's correction for 1 method. So many problems allow p = 0.5000 at the least.");
    table = bench_table_of_duels(runs, &r, arena);
    assert_int_equal(table.rows, 3);
    check_row(&table, 0, "f0|b|0.00|0.3333|0.6667|0.3333"); /* 2 / (4 choose 2) */
    check_row(&table, 1, "f0|c|1.00|0.6667|0.6667|0.6667"); /* 2 / (3 choose 1) */
    check_row(&table, 2, "f1|b|0.00|0.3333|0.3333|0.3333");
    const bench_summary summary = bench_summary_make(runs, arena);
    table = bench_table_of_problem(runs, &summary, 0, 0, arena);
    check_row(&table, 4, "c|median|1-2|none|0");
    table = bench_table_of_ranks(runs, &r, arena);
    CHECK_CONTAINS(table.note, "2 of 2 problems. Not ranked, for lack of runs on all of them up to the budget: c.");
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

static void groups(void **state) {
    (void)state;
    tables t = {0};
    add_rivals(&t, "bac", 1);
    bench_runs *runs = read_tables(&t, NULL, 0);
    base_arena *arena = base_arena_create();
    const bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_non_null(r.mean_rank);
    const base_table table = bench_table_of_groups(runs, &r, arena);
    assert_int_equal(table.rows, 4);
    check_row(&table, 0, "Nemenyi, group 1|b|2.50");
    check_row(&table, 1, "Nemenyi, group 1|c|2.50");
    check_row(&table, 2, "Wilcoxon, Holm, group 1|b|2.50");
    /* chi^2 = 12 10 / (3 4) (1 + 6.25 + 6.25 - 12) = 15 with two degrees of freedom: exp(-7.5) */
    CHECK_CONTAINS(table.note, "p = 0.0006");
    const size_t *order = bench_ranking_order(runs, &r, arena);
    assert_int_equal(order[0], 1);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

/* f: regrets, the median has 8. g: maximized values 14, 12, 10 without an optimum, so that 14 stands for it, and a
 * median of 10 has 4; what was not found by 1 counts 1. h has no median. */
static void normalized_regrets(void **state) {
    (void)state;
    tables t = {.median = "18"};
    add(&t, "f", "a", 1, 1, 4, "1:4 4:2");
    add(&t, "f", "b", 1, 1, 4, "1:8");
    t.median = "10";
    add_any(&t, "g", "a", 1, 1, 4, "1:2 3:4", "maximize", false);
    add_any(&t, "g", "b", 1, 1, 4, "2:0", "maximize", false);
    t.median = "";
    add(&t, "h", "a", 1, 1, 4, "1:100");
    add(&t, "h", "b", 1, 1, 4, "1:100");
    const double at[] = {1, 4};
    bench_runs *runs = read_tables(&t, at, 2);
    base_arena *arena = base_arena_create();
    CHECK_NEAR(runs->problems[0].scale, 8, 0);
    CHECK_NEAR(runs->problems[1].scale, 4, 0);
    assert_true(isnan(runs->problems[2].scale));
    CHECK_NEAR(bench_runs_normalized(runs, 1, -12), 0.5, 0);
    const bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    const base_table table = bench_table_of_regrets(runs, &r, arena);
    assert_int_equal(table.rows, 2);
    check_row(&table, 0, "a|0.5 [0.5, 0.5]|0.125 [0.125, 0.125]"); /* (4/8 + 2/4) / 2, (2/8 + 0) / 2 */
    check_row(&table, 1, "b|1 [1, 1]|1 [1, 1]");
    CHECK_CONTAINS(table.note, "2 problems.");
    CHECK_CONTAINS(table.note, "the optimum of 1:");
    const bench_summary s = bench_summary_make(runs, arena);
    CHECK_NEAR(s.rows[1].normalized, 0.25, 0);
    assert_true(isnan(s.rows[s.n - 1].normalized));
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

/* c ended before the budgets of g and h: it has no rank, but a mean at the first point; that of d would be of f alone.
 */
static void normalized_regrets_without_a_rank(void **state) {
    (void)state;
    tables t = {.median = "18"};
    const char *const names[] = {"f", "g", "h"};
    for (int p = 0; p < 3; p++) {
        add(&t, names[p], "a", 1, 1, 4, "1:4 4:2");
        add(&t, names[p], "b", 1, 1, 4, "1:8");
        add(&t, names[p], "c", 1, 1, p == 0 ? 4 : 2, p == 0 ? "1:2" : "1:5");
    }
    add(&t, "f", "d", 1, 1, 4, "1:1");
    const double at[] = {1, 4};
    bench_runs *runs = read_tables(&t, at, 2);
    base_arena *arena = base_arena_create();
    const bench_ranking r = bench_ranking_make(runs, 0, SIZE_MAX, arena);
    assert_int_equal(r.n_methods, 2);
    const base_table table = bench_table_of_regrets(runs, &r, arena);
    assert_int_equal(table.rows, 3);
    check_row(&table, 0, "a|0.5 [0.5, 0.5]|0.25 [0.25, 0.25]");
    check_row(&table, 2, "c|0.5 [0.5, 0.5]|");
    CHECK_CONTAINS(table.note, "Methods without a rank come last");
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_took),
        cmocka_unit_test(tests_and_holes),
        cmocka_unit_test(groups),
        cmocka_unit_test(normalized_regrets),
        cmocka_unit_test(normalized_regrets_without_a_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
