/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs from tables: their order, their curves, budgets, points, what is wrong with them. */
#include "tests/benchmarks/report/tables_of.h"

#include "benchmarks/stats/curve.h"

static void runs_have_an_order_and_curves(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "b", 8, 2, 10, "1:4 3:2 3:1");
    add(&t, "f", "b", 8, 1, 12, "");
    add(&t, "f", "a", 1, 1, 4, "2:7");
    bench_runs *runs = read_tables(&t, NULL, 0);
    assert_int_equal(runs->n_runs, 3);
    assert_int_equal(runs->workers[0], 1);
    assert_int_equal(runs->workers[1], 8);
    assert_string_equal(runs->methods[0], "b");
    size_t n;
    const bench_run *run = bench_runs_of(runs, 1, 0, 0, &n);
    assert_int_equal(n, 2);
    assert_int_equal(run[0].seed, 1);
    assert_int_equal(run[0].curve.n, 0);
    assert_int_equal(run[1].curve.n, 2); /* of two at the same cost the later counts */
    CHECK_NEAR(bench_curve_at(&run[1].curve, 3), 1, 0);
    CHECK_NEAR(bench_curve_at(&run[1].curve, 2.9), 4, 0);
    CHECK_NEAR(run[0].utilisation, 0.5, 0);
    (void)bench_runs_of(runs, 0, 0, 0, &n);
    assert_int_equal(n, 0);
    CHECK_NEAR(runs->problems[0].budget, 12, 0); /* nobody says more */
    assert_int_equal(runs->n_at, 3);
    CHECK_NEAR(runs->at[0], 1.2, 1e-15);
    CHECK_NEAR(runs->at[2], 12, 0);
    assert_true(isnan(run[0].seconds) && !runs->has_times);
    bench_runs_destroy(runs);
}

/* The suite's page says the budget; what was spent beyond it is cut off, what is short by rounding is whole. */
static void budgets_of_a_suite(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 12, "1:4 11:0");
    add(&t, "f", "a", 1, 2, 4.9999999999, "1:4");
    add(&t, "g", "a", 1, 1, 2, "1:4");
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    base_err err;
    bench_runs *runs;
    check_tmpdir_write(
        &dir, "suite.yaml",
        "suite: s\nproblems: [{problem: f, budget: {full: 5}}, {problem: g, budget: {cost: 30},\n"
        "  fidelity: {z: {min: 1, max: 10}}}]\nmethods: [a]\nseeds: 2\nbudget: {full: 5}\nat: [2, 4, 6]\n");
    write_tables(&dir, &t);
    CHECK_OK(bench_runs_read(&folder, 1, NULL, 0, &runs, &err));
    assert_int_equal(runs->problems[0].n_at, 2);
    CHECK_NEAR(runs->problems[0].budget, 5, 0);
    CHECK_NEAR(runs->problems[1].budget, 3, 0);
    CHECK_NEAR(runs->runs[0].curve.end, 5, 0);
    CHECK_NEAR(runs->runs[1].curve.end, 5, 0);
    CHECK_NEAR(runs->runs[2].curve.end, 2, 0);
    CHECK_NEAR(runs->at[2], 6, 0);
    base_buf remarks = {0};
    bench_runs_remarks(runs, &remarks);
    CHECK_CONTAINS(base_buf_text(&remarks), "a: 1 of 3 runs ended before the budget");
    base_buf_fini(&remarks);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dir);
}

static void values_where_no_optimum_is_known(void **state) {
    (void)state;
    tables t = {0};
    add_any(&t, "f", "a", 1, 1, 2, "1:4", "maximize", true);
    add_any(&t, "f", "b", 1, 1, 2, "1:5", "maximize", false);
    bench_runs *runs = read_tables(&t, NULL, 0);
    assert_true(runs->problems[0].unknown_optimum && runs->problems[0].maximize);
    CHECK_NEAR(runs->runs[0].curve.steps[0].regret, -14, 0); /* smaller is better */
    CHECK_NEAR(runs->runs[1].curve.steps[0].regret, -15, 0);
    CHECK_NEAR(bench_runs_shown(runs, 0, -15), 15, 0);
    base_buf remarks = {0};
    bench_runs_remarks(runs, &remarks);
    CHECK_CONTAINS(base_buf_text(&remarks), "f: the optimum is unknown, so values are shown (to be maximized).");
    base_buf_fini(&remarks);
    bench_runs_destroy(runs);
}

static void check_fault(const char *cells, const char *results, const char *part) {
    static const char heads[2][100] = {"problem,method,workers,seed,goal,spent,utilisation\n",
                                       "problem,method,workers,seed,spent,value,exact,regret\n"};
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    base_buf text = {0};
    base_err err;
    bench_runs *runs;
    base_buf_printf(&text, "%s%s", heads[0], cells);
    check_tmpdir_write(&dir, "cells.csv", base_buf_text(&text));
    base_buf_clear(&text);
    base_buf_printf(&text, "%s%s", heads[1], results);
    check_tmpdir_write(&dir, "results.csv", base_buf_text(&text));
    assert_int_not_equal(bench_runs_read(&folder, 1, NULL, 0, &runs, &err), BASE_OK);
    CHECK_CONTAINS(err.text, part);
    assert_null(runs);
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
}

static void faults_have_file_and_line(void **state) {
    (void)state;
    static const char good[] = "f,a,1,1,minimize,5,1\n";
    check_fault("", "", "/cells.csv: there are no runs");
    check_fault("f,a,0,1,minimize,5,1\n", "", "/cells.csv:2: workers");
    check_fault("f,a,1,1,best,5,1\n", "", "/cells.csv:2: goal should be minimize or maximize, but is \"best\"");
    check_fault("f,a,1,1,minimize,,1\n", "", "/cells.csv:2: spent");
    check_fault("f,a,1,1,minimize,5,1\nf,a,1,2,maximize,5,1\n", "", "/cells.csv:3: f was to be minimized");
    check_fault("f,a,1,1,minimize,5,1\nf,a,1,1,minimize,5,1\n", "", "/cells.csv:3: this run is there already");
    check_fault(good, "f,b,1,1,1,3,3,3\n", "/results.csv:2: there is no line of cells.csv");
    check_fault(good, "f,a,1,1,2,3,3,3\nf,a,1,1,1,3,3,3\n", "/results.csv:3: spent");
    check_fault(good, "f,a,1,1,2,,,\n", "/results.csv:2: an incumbent has a finite value");
    check_fault(good, "f,a,1,1,2,x,,\n", "/results.csv:2:11: value should be a number, but is 'x'");
    check_fault(
        good, "f,a,1,1,1,.2,,\nf,a,1,1,2,.3,,\n",
        "/results.csv:3: value 0.3 is no improvement of 0.2 (line 2; goal: minimize); write a line for each new");
    check_fault("f,a,1,1,maximize,5,1\n", "f,a,1,1,1,.3,,\nf,a,1,1,2,.2,,\n", "value 0.2 is no improvement of 0.3");
}

/* An incumbent is the best value on the highest fidelity: it may be worse where that is new, and its exact value may be
 * where there is noise. */
static void incumbents_improve(void **state) {
    (void)state;
    static const char head[] = "problem,method,workers,seed,spent,fidelity,value,exact,regret\n"
                               "f,a,1,1,1,3,5,4,4\nf,a,1,1,2,3,4.5,6,6\nf,a,1,1,3,9,8,8,8\n";
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    char text[300];
    base_err err;
    bench_runs *runs;
    check_tmpdir_write(&dir, "cells.csv", "problem,method,workers,seed,goal,spent,utilisation\nf,a,1,1,minimize,5,1\n");
    snprintf(text, sizeof text, "%sf,a,1,1,4,9,8,7,7\n", head); /* equal to the printed digits */
    check_tmpdir_write(&dir, "results.csv", text);
    CHECK_OK(bench_runs_read(&folder, 1, NULL, 0, &runs, &err));
    CHECK_NEAR(bench_curve_at(&runs->runs[0].curve, 5), 7, 0);
    bench_runs_destroy(runs);
    snprintf(text, sizeof text, "%sf,a,1,1,4,3,1,1,1\n", head);
    check_tmpdir_write(&dir, "results.csv", text);
    assert_int_equal(bench_runs_read(&folder, 1, NULL, 0, &runs, &err), BASE_CORRUPT);
    CHECK_CONTAINS(err.text, "/results.csv:5: fidelity 3 is below 9 (line 4)");
    check_tmpdir_remove(&dir);
}

static void regrets_below_the_optimum(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 5, "1:0.1 2:-1e-7");
    bench_runs *runs = read_tables(&t, NULL, 0);
    assert_string_equal(runs->warnings, "");
    bench_runs_destroy(runs);
    add(&t, "f", "a", 1, 1, 5, "1:0.1 2:-0.02 3:-0.03");
    runs = read_tables(&t, NULL, 0);
    base_buf out = {0};
    bench_runs_remarks(runs, &out);
    CHECK_CONTAINS(base_buf_text(&out), "/results.csv:3: regret -0.02 is below 0 (and so is 1 more): the sign of a "
                                        "maximized problem? a lucky value written as exact?\n");
    base_buf_fini(&out);
    bench_runs_destroy(runs);
}

/* Two folders: a method of both on the same problem is two methods; on others, it is one. */
static void labels_of_two_folders(void **state) {
    (void)state;
    const check_tmpdir dirs[] = {check_tmpdir_create(), check_tmpdir_create()};
    const char *folders[] = {dirs[0].path, dirs[1].path};
    tables t = {0};
    base_err err;
    bench_runs *runs;
    add(&t, "f", "a", 1, 1, 5, "1:4");
    add(&t, "f", "b", 1, 1, 5, "1:4");
    write_tables(&dirs[0], &t);
    add(&t, "f", "a", 1, 1, 5, "1:3");
    add(&t, "g", "b", 1, 1, 5, "1:3");
    add(&t, "g", "c", 1, 1, 5, "1:3");
    write_tables(&dirs[1], &t);
    check_tmpdir_write(&dirs[1], "times.csv", "problem,method,workers,seed,suggestions,seconds\ng,c,1,1,4,2\n");
    CHECK_OK(bench_runs_read(folders, 2, NULL, 0, &runs, &err));
    assert_int_equal(runs->n_methods, 4);
    for (size_t i = 0; i < 2; i++) {
        char name[300];
        snprintf(name, sizeof name, "a (%s)", strrchr(dirs[i].path, '/') + 1);
        assert_string_equal(runs->methods[2 * i], name);
    }
    assert_string_equal(runs->methods[1], "b");
    assert_string_equal(runs->methods[3], "c");
    size_t n;
    const bench_run *run = bench_runs_of(runs, 0, 1, 3, &n);
    assert_int_equal(n, 1);
    CHECK_NEAR(run->seconds, 2, 0);
    assert_true(runs->has_times);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dirs[0]);
    check_tmpdir_remove(&dirs[1]);
}

/* Two folders whose problems differ by a letter, and one of another kind. */
static void problems_of_one_folder(void **state) {
    (void)state;
    const check_tmpdir dirs[] = {check_tmpdir_create(), check_tmpdir_create()};
    const char *folders[] = {dirs[0].path, dirs[1].path};
    static const char *const problems[2][3] = {{"naval", "branin", "navy"}, {"navall", "branin", "hartmann3"}};
    tables t = {0};
    base_err err;
    bench_runs *runs;
    base_buf out = {0}, line = {0};
    for (size_t f = 0; f < 2; f++) {
        for (size_t p = 0; p < 3; p++)
            for (int seed = 1; seed <= 2; seed++) add(&t, problems[f][p], f == 0 ? "a" : "b", 1, seed, 5, "1:4");
        write_tables(&dirs[f], &t);
    }
    CHECK_OK(bench_runs_read(folders, 2, NULL, 0, &runs, &err));
    bench_runs_remarks(runs, &out);
    base_buf_printf(&line, "navall: only in %s; did you mean naval?\n", folders[1]);
    CHECK_CONTAINS(base_buf_text(&out), base_buf_text(&line));
    assert_null(strstr(base_buf_text(&out), "\nnaval:")); /* once is enough */
    assert_null(strstr(base_buf_text(&out), "hartmann3:"));
    assert_null(strstr(base_buf_text(&out), "branin:"));
    base_buf_fini(&out);
    base_buf_fini(&line);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dirs[0]);
    check_tmpdir_remove(&dirs[1]);
}

static void remarks(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 1, 5, "1:4");
    add(&t, "f", "a", 1, 2, 5, "");
    add(&t, "f", "b", 1, 2, 5, "1:4");
    add(&t, "g", "a", 1, 1, 5, "1:4");
    add(&t, "g", "a", 1, 2, 5, "1:4");
    bench_runs *runs = read_tables(&t, NULL, 0);
    base_buf out = {0};
    bench_runs_remarks(runs, &out);
    assert_string_equal(base_buf_text(&out), "a: 1 of 4 runs found nothing.\n"
                                             "b: searched 1 of 2 problems.\n"
                                             "b: 1 of 2 runs are there; medians and means are of these.\n"
                                             "b: on some problem a single seed, so there is no band.\n"
                                             "No folder says what a random configuration is worth (column median of "
                                             "cells.csv), so there are no normalized regrets: compare a run of "
                                             "hpo_bench on these problems, too.\n");
    base_buf_fini(&out);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_have_an_order_and_curves),
        cmocka_unit_test(budgets_of_a_suite),
        cmocka_unit_test(values_where_no_optimum_is_known),
        cmocka_unit_test(faults_have_file_and_line),
        cmocka_unit_test(incumbents_improve),
        cmocka_unit_test(regrets_below_the_optimum),
        cmocka_unit_test(labels_of_two_folders),
        cmocka_unit_test(problems_of_one_folder),
        cmocka_unit_test(remarks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
