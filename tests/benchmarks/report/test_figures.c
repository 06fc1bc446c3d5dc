/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What figures show of runs, where a pixel can be computed by hand, and where there is nothing to show. */
#include "benchmarks/report/figures.h"

#include "tests/benchmarks/report/tables_of.h"

static bench_report *report_of(const bench_runs *runs) {
    base_err err;
    bench_report *report;
    CHECK_OK(bench_report_make(runs, NULL, "hpo 0", &report, &err));
    return report;
}

static void targets_of_a_problem(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:1 2:1e-3");
    add(&t, "f", "a", 1, 2, 4, "1:100 2:1e-10");
    add(&t, "f", "b", 1, 1, 4, "1:10");
    add_any(&t, "g", "a", 1, 1, 4, "1:5 2:1.5 3:1", "minimize", false);
    add(&t, "h", "a", 1, 1, 4, "1:5");
    add(&t, "i", "a", 1, 1, 4, "");
    bench_runs *runs = read_tables(&t, NULL, 0);
    double targets[BENCH_TARGETS], best;
    assert_true(bench_targets(runs, 0, 0, targets, &best));
    CHECK_NEAR(best, 0, 0);
    CHECK_NEAR(targets[0], 10, 0); /* the median of 1, 10, 100 */
    CHECK_CLOSE(targets[50], 1e-8, 1e-12);
    CHECK_CLOSE(targets[25], sqrt(10 * 1e-8), 1e-12);
    assert_true(bench_targets(runs, 0, 1, targets, &best));
    CHECK_NEAR(best, 11, 1e-15); /* the best value: nobody knows better */
    CHECK_NEAR(targets[0], 4, 1e-12);
    CHECK_CLOSE(targets[50], 0.5, 1e-12);
    assert_false(bench_targets(runs, 0, 2, targets, &best)); /* nobody improved */
    assert_false(bench_targets(runs, 0, 3, targets, &best));
    bench_runs_destroy(runs);
}

/* a: half way down from 1 to 1e-8 at the first incumbent (26 of 51 targets), at the end at cost 2. */
static void distributions(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:1e-4 2:1e-8");
    add(&t, "f", "b", 1, 1, 4, "1:1");
    add(&t, "f", "c", 1, 1, 4, "1:1");
    bench_runs *runs = read_tables(&t, NULL, 0);
    bench_report *r = report_of(runs);
    base_buf out = {0};
    assert_true(bench_figure_runtimes(r, 0, &out));
    const char *text = base_buf_text(&out);
    CHECK_CONTAINS(text, "targets reached on 1 problem, 1 worker");
    char part[64]; /* y of 26/51 in a frame of 230 pixels below 54 */
    snprintf(part, sizeof part, ",%.2f ", 54 + 230 * (1 - 26 / 51.0));
    CHECK_CONTAINS(text, part);
    CHECK_CONTAINS(text, ",54 448,54\"/>"); /* all of them, until the end */
    snprintf(part, sizeof part, ",%.2f\"/>", 54 + 230 * (1 - 1 / 51.0));
    CHECK_CONTAINS(text, part); /* b: the first target only */
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

/* One run: a line without a band, from 50 to 1, which are the ends of its logarithmic axis. */
static void regret_of_a_single_run(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:50 3:1");
    bench_runs *runs = read_tables(&t, NULL, 0);
    bench_report *r = report_of(runs);
    base_buf out = {0};
    assert_true(bench_figure_regret(r, 0, 0, &out));
    CHECK_CONTAINS(base_buf_text(&out), ">median regret<");
    CHECK_CONTAINS(base_buf_text(&out), ",54 "); /* at the upper edge, 50 */
    CHECK_CONTAINS(base_buf_text(&out), ",284 448,284\"/>");
    assert_null(strstr(base_buf_text(&out), "<polygon"));
    base_buf_clear(&out);
    assert_false(bench_figure_ranks(r, 0, &out)); /* one method */
    assert_false(bench_figure_groups(r, 0, &out));
    assert_int_equal(out.length, 0);
    assert_null(bench_figure_of(r, BENCH_FIGURE_RANKS, 0, 0));
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

static void groups(void **state) {
    (void)state;
    tables t = {0};
    add_rivals(&t, "abc", 2);
    bench_runs *runs = read_tables(&t, NULL, 0);
    bench_report *r = report_of(runs);
    base_buf out = {0};
    assert_true(bench_figure_groups(r, 0, &out));
    const char *text = base_buf_text(&out);
    CHECK_CONTAINS(text, "critical difference (Nemenyi): 1.05"); /* 2.343 sqrt(3 * 4 / 60) */
    CHECK_CONTAINS(text, ">a 1.00</text>");
    CHECK_CONTAINS(text, ">b 2.50</text>");
    CHECK_CONTAINS(text, ">2.50 c</text>");
    size_t bars = 0; /* b and c, by either test; the background is a rectangle, too */
    for (const char *at = text; (at = strstr(at, "<rect ")) != NULL; at++) bars++;
    assert_int_equal(bars, 3);
    assert_string_equal(bench_figure_of(r, BENCH_FIGURE_GROUPS, 0, 0), text);
    assert_ptr_equal(bench_figure_of(r, BENCH_FIGURE_GROUPS, 0, 0), bench_figure_of(r, BENCH_FIGURE_GROUPS, 0, 0));
    assert_non_null(bench_figure_of(r, BENCH_FIGURE_REGRET, 0, 9));
    base_buf_clear(&out);
    assert_true(bench_figure_ranks(r, 0, &out));
    CHECK_CONTAINS(base_buf_text(&out), "average rank over 10 problems, 1 worker");
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_of_a_problem),
        cmocka_unit_test(distributions),
        cmocka_unit_test(regret_of_a_single_run),
        cmocka_unit_test(groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
