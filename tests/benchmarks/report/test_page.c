/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page holds what was run and all figures, is well-formed, and wants nothing from elsewhere. */
#include "benchmarks/report/page.h"

#include "tests/benchmarks/report/tables_of.h"

static void page_of(const bench_runs *runs, base_buf *out) {
    base_err err;
    bench_report *report;
    CHECK_OK(bench_report_make(runs, NULL, "hpo 1.2.3", &report, &err));
    bench_page(report, out);
    bench_report_destroy(report);
}

/* Every element that is opened is closed in order, and attributes are quoted. */
static void check_well_formed(const char *text) {
    char open[64][16];
    size_t depth = 0;
    for (text = strstr(text, "<html"); (text = strchr(text, '<')) != NULL; text++) {
        char name[16];
        const bool closes = text[1] == '/';
        assert_int_equal(sscanf(text + 1 + closes, "%15[a-z0-9]", name), 1);
        text = strchr(text, '>');
        assert_non_null(text);
        if (text[-1] == '/' || strcmp(name, "meta") == 0) continue;
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
    }
    assert_int_equal(depth, 0);
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (; (text = strstr(text, part)) != NULL; text++) found++;
    return found;
}

static void a_suite(void **state) {
    (void)state;
    static const char suite[] =
        "suite: s\ntitle: A <title>\nproblems: [{problem: branin, name: f & g}, hartmann3]\n"
        "methods: [random, {name: tpe, n_startup: 5, label: t}]\nworkers: [1, 8]\nseeds: 2\nbudget: {full: 4}\n";
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    tables t = {0};
    base_err err;
    bench_runs *runs;
    for (int w = 1; w <= 8; w += 7)
        for (int seed = 1; seed <= 2; seed++) {
            add(&t, "f & g", "random", w, seed, 4, "1:3 2:1");
            add(&t, "f & g", "t", w, seed, 4, "1:3 2:0.5");
            add(&t, "hartmann3", "t", w, seed, 4, "");
        }
    check_tmpdir_write(&dir, "suite.yaml", suite);
    write_tables(&dir, &t);
    CHECK_OK(bench_runs_read(&folder, 1, NULL, 0, &runs, &err));
    base_buf out = {0};
    page_of(runs, &out);
    const char *text = base_buf_text(&out);
    check_well_formed(text);
    CHECK_CONTAINS(text, "<h1>s: A &lt;title&gt;</h1>");
    CHECK_CONTAINS(text, "{name: tpe, n_startup: 5}");
    CHECK_CONTAINS(text, "{problem: branin}");
    CHECK_CONTAINS(text, "<dt>workers</dt><dd>1, 8, under a virtual clock</dd>");
    CHECK_CONTAINS(text, "<dt>written by</dt><dd>hpo 1.2.3</dd>");
    CHECK_CONTAINS(text, "<li>t: 4 of 8 runs found nothing.</li>");
    assert_int_equal(count(text, "<svg "), 2 * 3); /* regret, ranks and targets by workers; hartmann3 has no regret */
    assert_int_equal(count(text, "<h3>"), 2);
    assert_int_equal(count(text, "<script") + count(text, "src=") + count(text, "href="), 0);
    assert_int_equal(count(text, folder), 0); /* it does not matter where it lay */
    base_buf_fini(&out);
    bench_runs_destroy(runs);
    check_tmpdir_remove(&dir);
}

static void tables_of_unknown_origin(void **state) {
    (void)state;
    tables t = {0};
    add_any(&t, "f", "a", 1, 1, 4, "1:1 2:3", "maximize", false);
    bench_runs *runs = read_tables(&t, NULL, 0);
    base_buf out = {0};
    page_of(runs, &out);
    check_well_formed(base_buf_text(&out));
    CHECK_CONTAINS(base_buf_text(&out), "<h1>A comparison of runs</h1>");
    CHECK_CONTAINS(base_buf_text(&out), "<td class=\"label\">of another program</td>");
    CHECK_CONTAINS(base_buf_text(&out), "so there are no ranks");
    CHECK_CONTAINS(base_buf_text(&out), "median value (larger is better)");
    base_buf_fini(&out);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_suite), cmocka_unit_test(tables_of_unknown_origin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
