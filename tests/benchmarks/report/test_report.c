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
    CHECK_CONTAINS(text, "f0, 1 worker: regret (smaller is better) after so many full evaluations\n"
                         "method          seeds  1    4\n"
                         "a       median      4  5  1.5\n"
                         "        mean           5  1.5\n"
                         "b       median      4  5  3.5\n"
                         "        mean           5  3.5\n");
    CHECK_CONTAINS(text, "method              1            4\n"
                         "a         1.50 (0.00)  1.00 (0.00)\n"
                         "b         1.50 (0.00)  2.00 (0.00)\n"
                         "problems            5            5\n"
                         "5 of 5 problems. Not ranked, for lack of runs on all of them up to the budget:\n"
                         "c.\n");
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

/* Problems whose budgets differ: there is a column for their ends. */
static void other_budgets(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 4, "1:5 3:1");
    add(&t, "f", "b", 1, 1, 4, "1:6 3:2");
    add(&t, "g", "a", 1, 1, 8, "1:5 8:3");
    add(&t, "g", "b", 1, 1, 8, "1:6 8:2");
    const double at[] = {2, 8};
    bench_runs *runs = read_tables(&t, at, 2);
    bench_report *r = report_of(runs, NULL);
    base_buf out = {0};
    bench_report_print(r, &out);
    CHECK_CONTAINS(base_buf_text(&out), "method              2     8          end\n"
                                        "a         1.00 (0.00)  2.00  1.50 (0.50)\n"
                                        "b         2.00 (0.00)  1.00  1.50 (0.50)\n"
                                        "problems            2     1            2\n");
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
    CHECK_CONTAINS(base_buf_text(&out), "average rank over problems, 1 worker (smaller is better;");
    base_buf_fini(&out);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

static size_t lines_of(const base_buf *text) {
    size_t lines = 0;
    for (size_t i = 0; i < text->length; i++) lines += text->data[i] == '\n';
    return lines;
}

/* Forty methods, and one method on forty problems. */
static void more_than_a_screen(void **state) {
    (void)state;
    for (int methods = 0; methods < 2; methods++) {
        tables t = {0};
        for (int i = 0; i < 40; i++)
            for (int p = 0; p < 2; p++) {
                char name[2][32];
                snprintf(name[0], sizeof name[0], "many %d", i);
                snprintf(name[1], sizeof name[1], "few %d", methods ? p : 0);
                if (!methods && p > 0) continue;
                add(&t, name[methods ? 1 : 0], name[methods ? 0 : 1], 1, 1, 4, "1:5");
            }
        bench_runs *runs = read_tables(&t, NULL, 0);
        bench_report *r = report_of(runs, NULL);
        base_buf out = {0};
        bench_report_brief(r, &out);
        assert_true(lines_of(&out) > 12 && lines_of(&out) <= 25);
        base_buf_fini(&out);
        bench_report_destroy(r);
        bench_runs_destroy(runs);
    }
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
    CHECK_CONTAINS(base_buf_text(&text), "\nf0,8,c,4,1,5,5,,,1,\n");
    static const char *const figures[] = {"regret-1-f0-w1", "regret-1-f0-w8", "ranks-w1", "targets-w1", "groups-w1"};
    for (size_t i = 0; i < CHECK_COUNT(figures); i++) {
        char name[64];
        snprintf(name, sizeof name, "deep/figures/%s.svg", figures[i]);
        base_buf_clear(&text);
        CHECK_OK(base_read_file(check_tmpdir_file(&dir, name), &text, &err));
        CHECK_CONTAINS(base_buf_text(&text), "</svg>\n");
    }
    assert_int_not_equal(access(check_tmpdir_file(&dir, "deep/figures/ranks-w8.svg"), F_OK), 0); /* one method */
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
    bench_report_destroy(r);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),          cmocka_unit_test(other_budgets), cmocka_unit_test(in_short),
        cmocka_unit_test(more_than_a_screen), cmocka_unit_test(against_whom),  cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
