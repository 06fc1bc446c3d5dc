/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a report says of runs, whole and in short. */
#include "benchmarks/report/report.h"

#include "tests/benchmarks/report/tables_of.h"

static bench_report *report_of(const bench_runs *runs, const char *against) {
    base_err err;
    bench_report *report;
    CHECK_OK(bench_report_make(runs, against, "hpo 0", &report, &err));
    return report;
}

/* Two methods on five problems: b loses everywhere. c has one run. */
static bench_runs *five_problems(void) {
    tables t = {0};
    for (int p = 0; p < 5; p++) {
        const char name[] = {'f', (char)('0' + p), 0};
        for (int seed = 1; seed <= 4; seed++) {
            add(&t, name, "a", 1, seed, 4, seed % 2 ? "1:5 3:1" : "1:5 3:2");
            add(&t, name, "b", 1, seed, 4, seed % 2 ? "1:5 3:3" : "1:5 3:4");
        }
    }
    add(&t, "f0", "c", 8, 1, 4, "1:5");
    const double at[] = {1, 4};
    return read_tables(&t, at, 2);
}

static void all_of_it(void **state) {
    (void)state;
    bench_runs *runs = five_problems();
    bench_report *r = report_of(runs, NULL);
    base_buf out = {0};
    bench_report_print(r, &out);
    const char *text = base_buf_text(&out);
    CHECK_CONTAINS(text, "f0, 1 worker: regret after so many full evaluations\n"
                         "method          seeds  1    4\n"
                         "a       median      4  5  1.5\n"
                         "        mean           5  1.5\n"
                         "b       median      4  5  3.5\n"
                         "        mean           5  3.5\n");
    CHECK_CONTAINS(text, "method              1            4          end\n"
                         "a         1.50 (0.00)  1.00 (0.00)  1.00 (0.00)\n"
                         "b         1.50 (0.00)  2.00 (0.00)  2.00 (0.00)\n"
                         "problems            5            5            5\n");
    CHECK_CONTAINS(text, "against a at the budgets, 1 worker, over 5 problems\n"
                         "method  better  ahead  behind       p    Holm\n"
                         "b         0.00      0       5  0.0625  0.0625\n");
    CHECK_CONTAINS(text, "f0       b         0.00  0.0286  0.0286   0.0286\n");
    CHECK_CONTAINS(text, "8 workers: no two methods have runs");
    CHECK_CONTAINS(text, "c: searched 1 of 5 problems.\n");
    CHECK_CONTAINS(text, "groups that do not differ");
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

static void in_short(void **state) {
    (void)state;
    bench_runs *runs = five_problems();
    bench_report *r = report_of(runs, NULL);
    base_buf out = {0};
    bench_report_brief(r, &out);
    CHECK_CONTAINS(base_buf_text(&out), "average rank over problems, 1 worker");
    size_t lines = 0;
    for (size_t i = 0; i < out.length; i++) lines += out.data[i] == '\n';
    assert_true(lines <= 25);
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

static void against_whom(void **state) {
    (void)state;
    bench_runs *runs = five_problems();
    bench_report *r = report_of(runs, "b"), *none;
    base_buf out = {0};
    base_err err;
    bench_report_print(r, &out);
    CHECK_CONTAINS(base_buf_text(&out), "against b at the budgets");
    CHECK_FAILS(bench_report_make(runs, "x", "", &none, &err), BASE_NOTFOUND, "\"x\"; there are: a, b, c");
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

static void files(void **state) {
    (void)state;
    bench_runs *runs = five_problems();
    bench_report *r = report_of(runs, NULL);
    const check_tmpdir dir = check_tmpdir_create();
    base_err err;
    base_buf text = {0};
    CHECK_OK(bench_report_write(r, check_tmpdir_file(&dir, "deep"), &err));
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "deep/summary.csv"), &text, &err));
    CHECK_CONTAINS(base_buf_text(&text), "\nf0,8,c,4,1,5,5,,,1\n");
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(in_short),
        cmocka_unit_test(against_whom),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
