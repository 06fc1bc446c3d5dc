/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/report.h"

#include <string.h>

#include "benchmarks/report/figures.h"
#include "benchmarks/report/page.h"
#include "benchmarks/report/tables.h"

enum { SCREEN = 24 }; /* lines */

static base_status find_method(const bench_runs *runs, const char *label, size_t *method, base_err *err) {
    *method = SIZE_MAX;
    if (!label) return BASE_OK;
    base_buf names = {0};
    for (size_t m = 0; m < runs->n_methods; m++) {
        if (strcmp(runs->methods[m], label) == 0) *method = m;
        base_buf_printf(&names, "%s%s", m > 0 ? ", " : "", runs->methods[m]);
    }
    const base_status status =
        *method != SIZE_MAX
            ? BASE_OK
            : BASE_FAIL(err, BASE_NOTFOUND, "no method is called \"%s\"; there are: %s", label, base_buf_text(&names));
    base_buf_fini(&names);
    return status;
}

base_status bench_report_make(const bench_runs *runs, const char *against, const char *version, bench_report **out,
                              base_err *err) {
    size_t method;
    BASE_TRY(find_method(runs, against, &method, err));
    base_arena *arena = base_arena_create();
    bench_report *r = BASE_NEW(arena, bench_report);
    *r = (bench_report){.runs = runs, .version = version, .arena = arena};
    r->summary = bench_summary_make(runs, arena);
    r->rankings = BASE_NEW_ARRAY(arena, runs->n_workers, bench_ranking);
    for (size_t w = 0; w < runs->n_workers; w++) r->rankings[w] = bench_ranking_make(runs, w, method, arena);
    r->pictures = BASE_NEW_ARRAY(arena, runs->n_workers * bench_report_pictures(runs), const char *);
    *out = r;
    return BASE_OK;
}

size_t bench_report_pictures(const bench_runs *runs) {
    return runs->n_problems + BENCH_FIGURES;
}

void bench_report_destroy(bench_report *report) {
    if (report) base_arena_destroy(report->arena);
}

/* ---- for terminals ---- */

static void print(base_table table, base_buf *out) {
    if (table.rows > 0) base_table_print(&table, out);
}

static bool has_runs(const bench_runs *runs, size_t workers) {
    for (size_t i = 0; i < runs->n_runs; i++)
        if (runs->runs[i].workers == workers) return true;
    return false;
}

static void print_workers(const bench_report *r, size_t workers, base_arena *arena, base_buf *out) {
    const bench_ranking *ranking = &r->rankings[workers];
    if (!has_runs(r->runs, workers)) return;
    for (size_t p = 0; p < r->runs->n_problems; p++)
        print(bench_table_of_problem(r->runs, &r->summary, workers, p, arena), out);
    if (ranking->n_methods < 2) {
        base_buf_printf(out, "%s: no two methods have runs on one problem up to its budget, so there are no ranks.\n\n",
                        bench_workers_text(r->runs, workers, arena));
        return;
    }
    print(bench_table_of_ranks(r->runs, ranking, arena), out);
    print(bench_table_of_regrets(r->runs, ranking, arena), out);
    print(bench_table_of_stands(r->runs, ranking, arena), out);
    print(bench_table_of_duels(r->runs, ranking, arena), out);
    if (ranking->mean_rank) print(bench_table_of_groups(r->runs, ranking, arena), out);
}

void bench_report_print(const bench_report *r, base_buf *out) {
    base_arena *arena = base_arena_create();
    for (size_t w = 0; w < r->runs->n_workers; w++) print_workers(r, w, arena, out);
    print(bench_table_of_utilisation(r->runs, arena), out);
    if (r->runs->has_times) print(bench_table_of_times(r->runs, arena), out);
    bench_runs_remarks(r->runs, out);
    base_arena_destroy(arena);
}

static size_t lines(const base_buf *text) {
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++) count += text->data[i] == '\n';
    return count;
}

/* Adds a table while it fits a screen. The first one always does: it keeps as many of its first rows as there is room
 * for, which are the best where it is ranked. */
static bool add_short(base_table table, base_buf *out) {
    const size_t begin = out->length;
    for (print(table, out); begin == 0 && table.rows > 1 && lines(out) > SCREEN; print(table, out)) {
        table.rows--;
        out->length = 0;
    }
    if (begin == 0 || lines(out) <= SCREEN) return true;
    out->length = begin;
    out->data[begin] = 0;
    return false;
}

/* Of one number of workers. False: there was more than fits. */
static bool add_brief(const bench_report *r, size_t workers, base_arena *arena, base_buf *out) {
    const bench_ranking *ranking = &r->rankings[workers];
    if (ranking->n_methods > 1 && r->runs->n_problems > 1)
        return add_short(bench_table_of_ranks(r->runs, ranking, arena), out);
    for (size_t p = 0; p < r->runs->n_problems; p++)
        if (!add_short(bench_table_of_problem(r->runs, &r->summary, workers, p, arena), out)) return false;
    return true;
}

void bench_report_brief(const bench_report *r, base_buf *out) {
    base_arena *arena = base_arena_create();
    bool all = true;
    for (size_t w = 0; w < r->runs->n_workers && all; w++) all = add_brief(r, w, arena, out);
    if (!all) base_buf_puts(out, "(more of this: hpo_bench compare)\n");
    base_arena_destroy(arena);
}

/* ---- Markdown ---- */

static void put_markdown(base_table table, base_buf *out) {
    if (table.rows > 0) base_table_markdown(&table, out);
}

void bench_report_markdown(const bench_report *r, base_buf *out) {
    base_arena *arena = base_arena_create();
    for (size_t w = 0; w < r->runs->n_workers; w++) {
        const bench_ranking *ranking = &r->rankings[w];
        if (ranking->n_methods < 2) continue;
        put_markdown(bench_table_of_regrets(r->runs, ranking, arena), out);
        put_markdown(bench_table_of_ranks(r->runs, ranking, arena), out);
    }
    if (r->runs->n_workers > 1) put_markdown(bench_table_of_utilisation(r->runs, arena), out);
    base_arena_destroy(arena);
}

/* ---- files ---- */

static base_status write(const char *folder, const char *name, const base_buf *text, base_err *err) {
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", folder, name);
    const base_status status = base_write_file(base_buf_text(&path), base_buf_text(text), text->length, err);
    base_buf_fini(&path);
    return status;
}

base_status bench_report_write(const bench_report *r, const char *folder, base_err *err) {
    base_buf text = {0}, figures = {0};
    BASE_TRY(base_make_folder(folder, err));
    bench_summary_print(r->runs, &r->summary, &text);
    base_status status = write(folder, "summary.csv", &text, err);
    base_buf_printf(&figures, "%s/figures", folder);
    base_buf_clear(&text);
    bench_page(r, &text);
    if (status == BASE_OK) status = write(folder, "index.html", &text, err);
    if (status == BASE_OK) status = bench_figures_write(r, base_buf_text(&figures), err);
    base_buf_fini(&figures);
    base_buf_fini(&text);
    return status;
}
