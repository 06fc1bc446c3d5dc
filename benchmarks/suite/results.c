/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/results.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"

#define KEY "problem,method,workers,seed"

typedef enum table { RESULTS, CELLS, TIMES, N_TABLES } table;

const char *const bench_results_files[] = {"results.csv", "cells.csv", "times.csv", NULL}; /* as table */

static const char *const headings[N_TABLES] = {
    KEY ",spent,time,evaluations,trial,fidelity,value,exact,regret\n",
    KEY ",goal,trials,evaluations,spent,time,utilisation,value,exact,regret,median\n",
    KEY ",suggestions,seconds\n",
};

/* ---- lines ---- */

static void put_key(const bench_suite *s, bench_cell cell, base_buf *out) {
    base_csv_put(s->problems[cell.problem].name, out);
    base_buf_putc(out, ',');
    base_csv_put(s->methods[cell.method].label, out);
    base_buf_printf(out, ",%lld,%lld,", (long long)s->workers[cell.workers], (long long)cell.seed);
}

/* How far from the best that there is; empty where nobody knows that. */
static void put_regret(const bench_cell_end *end, const bench_point *p, base_buf *out) {
    const bench_simulated *s = &end->simulated;
    if (s->knows_optimum) base_buf_printf(out, "%.10g", end->maximize ? s->optimum - p->exact : p->exact - s->optimum);
}

static void put_results(const bench_suite *s, bench_cell cell, const bench_cell_end *end, base_buf *out) {
    for (size_t i = 0; i < end->trace.count; i++) {
        const bench_point *p = &end->trace.points[i];
        put_key(s, cell, out);
        base_buf_printf(out, "%.10g,%.10g,%llu,%llu,%.10g,%.10g,%.10g,", p->spent, p->time,
                        (unsigned long long)p->evaluations, (unsigned long long)p->trial, p->fidelity, p->value,
                        p->exact);
        put_regret(end, p, out);
        base_buf_putc(out, '\n');
    }
}

/* Utilisation: the fraction of the virtual workers' time in which they evaluated. No incumbent: empty fields. */
static void put_cell(const bench_suite *s, bench_cell cell, const bench_cell_end *end, base_buf *out) {
    const double time = end->simulated.time, whole = time * (double)s->workers[cell.workers];
    put_key(s, cell, out);
    base_buf_printf(out, "%s,%llu,%llu,%.10g,%.10g,%.6g,", end->maximize ? "maximize" : "minimize",
                    (unsigned long long)end->simulated.suggestions, (unsigned long long)end->simulated.evaluations,
                    end->trace.spent, time / end->trace.full, whole > 0 ? end->simulated.busy / whole : 0);
    if (end->trace.count > 0) {
        const bench_point *last =
            end->trace.recommends ? &end->trace.recommended : &end->trace.points[end->trace.count - 1];
        base_buf_printf(out, "%.10g,%.10g,", last->value, last->exact);
        put_regret(end, last, out);
    } else {
        base_buf_puts(out, ",,");
    }
    base_buf_putc(out, ',');
    if (isfinite(end->median)) base_buf_printf(out, "%.10g", end->median);
    base_buf_putc(out, '\n');
}

static void put_times(const bench_suite *s, bench_cell cell, const bench_cell_end *end, base_buf *out) {
    put_key(s, cell, out);
    base_buf_printf(out, "%llu,%.6g\n", (unsigned long long)end->simulated.suggestions, end->simulated.thinking);
}

base_status bench_results_write_cell(const bench_suite *suite, bench_cell cell, const bench_cell_end *end,
                                     const char *folder, base_err *err) {
    static void (*const put[N_TABLES])(const bench_suite *, bench_cell, const bench_cell_end *,
                                       base_buf *) = {put_results, put_cell, put_times};
    base_status status = BASE_OK;
    base_arena *arena = base_arena_create();
    for (size_t t = 0; t < N_TABLES && status == BASE_OK; t++) {
        base_buf lines = {0};
        put[t](suite, cell, end, &lines);
        status = base_write_file(base_arena_printf(arena, "%s/%s", folder, bench_results_files[t]),
                                 base_buf_text(&lines), lines.length, err);
        base_buf_fini(&lines);
    }
    base_arena_destroy(arena);
    return status;
}

/* ---- the tables ---- */

static base_status write_suite(const bench_suite *suite, const char *run_dir, base_arena *arena, base_err *err) {
    base_buf page = {0};
    bench_suite_print_page(suite, &page);
    const base_status status =
        base_write_file(base_arena_printf(arena, "%s/suite.yaml", run_dir), base_buf_text(&page), page.length, err);
    base_buf_fini(&page);
    return status;
}

static base_status join(const bench_suite *suite, const char *run_dir, table t, base_arena *arena, base_err *err) {
    base_buf all = {0};
    base_status status = BASE_OK;
    base_buf_puts(&all, headings[t]);
    for (uint64_t i = 0; i < bench_suite_cells(suite) && status == BASE_OK; i++)
        status = base_read_file(
            base_arena_printf(arena, "%s/trials/%llu/%s", run_dir, (unsigned long long)i, bench_results_files[t]), &all,
            err);
    if (status == BASE_OK)
        status = base_write_file(base_arena_printf(arena, "%s/%s", run_dir, bench_results_files[t]),
                                 base_buf_text(&all), all.length, err);
    base_buf_fini(&all);
    return status;
}

base_status bench_results_write_notes(const char *notes, const char *run_dir, base_err *err) {
    if (!*notes) return BASE_OK;
    base_arena *arena = base_arena_create();
    const char *path = base_arena_printf(arena, "%s/" BENCH_NOTES, run_dir);
    const base_status status = base_write_file(path, notes, strlen(notes), err);
    base_arena_destroy(arena);
    return status;
}

base_status bench_results_join(const bench_suite *suite, const char *run_dir, base_err *err) {
    base_arena *arena = base_arena_create();
    base_status status = write_suite(suite, run_dir, arena, err);
    for (table t = 0; t < N_TABLES && status == BASE_OK; t++) {
        if (t == TIMES && !suite->times)
            (void)unlink(base_arena_printf(arena, "%s/%s", run_dir, bench_results_files[t]));
        else
            status = join(suite, run_dir, t, arena, err);
    }
    base_arena_destroy(arena);
    return status;
}
