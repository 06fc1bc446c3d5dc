/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of a folder as runs and rows, in the order of the files. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/index.h"
#include "base/xxh64.h"
#include "base/csv.h"
#include "benchmarks/report/runs_internal.h"

typedef struct key {
    int64_t problem, label, workers, seed;
} key;

/* A table with its columns of a key. */
typedef struct keyed {
    base_csv csv;
    size_t problem, method, workers, seed;
} keyed;

typedef struct folder_reader {
    bench_runs_reading *r;
    size_t folder;
    base_index index;          /* of this folder's runs, by key */
    const char *below_optimum; /* the first line of results.csv with a regret below 0 */
    size_t n_below_optimum;
} folder_reader;

static base_status open_table(bench_runs_reading *r, size_t folder, const char *name, keyed *t, base_err *err) {
    base_arena *arena = r->runs->arena;
    BASE_TRY(base_csv_read(base_arena_printf(arena, "%s/%s", r->runs->folders[folder], name), arena, &t->csv, err));
    BASE_TRY(base_csv_column(&t->csv, "problem", &t->problem, err));
    BASE_TRY(base_csv_column(&t->csv, "method", &t->method, err));
    BASE_TRY(base_csv_column(&t->csv, "workers", &t->workers, err));
    return base_csv_column(&t->csv, "seed", &t->seed, err);
}

/* ---- keys ---- */

static size_t problem_of(bench_runs_reading *r, const char *name) {
    for (size_t i = 0; i < r->n_problems; i++)
        if (strcmp(r->problems[i].name, name) == 0) return i;
    BASE_GROW(r->problems, r->problem_capacity, r->n_problems + 1);
    r->problems[r->n_problems] = (bench_runs_problem){.name = name, .budget = NAN, .scale = NAN};
    return r->n_problems++;
}

static size_t label_of(bench_runs_reading *r, const char *text, size_t folder) {
    for (size_t i = 0; i < r->n_labels; i++)
        if (r->labels[i].folder == folder && strcmp(r->labels[i].text, text) == 0) return i;
    BASE_GROW(r->labels, r->label_capacity, r->n_labels + 1);
    r->labels[r->n_labels] = (bench_runs_label){.text = text, .folder = folder};
    return r->n_labels++;
}

static size_t workers_of(bench_runs_reading *r, int64_t workers) {
    for (size_t i = 0; i < r->n_workers; i++)
        if (r->workers[i] == workers) return i;
    BASE_GROW(r->workers, r->workers_capacity, r->n_workers + 1);
    r->workers[r->n_workers] = workers;
    return r->n_workers++;
}

static base_status read_key(const folder_reader *f, const keyed *t, size_t row, key *out, base_err *err) {
    int64_t workers;
    BASE_TRY(base_csv_integer(&t->csv, row, t->workers, &workers, err));
    BASE_TRY(base_csv_integer(&t->csv, row, t->seed, &out->seed, err));
    if (workers < 1)
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: workers should be 1 or more", t->csv.file,
                         base_csv_at(&t->csv, row, 0)->line);
    out->problem = (int64_t)problem_of(f->r, base_csv_at(&t->csv, row, t->problem)->text);
    out->label = (int64_t)label_of(f->r, base_csv_at(&t->csv, row, t->method)->text, f->folder);
    out->workers = (int64_t)workers_of(f->r, workers);
    return BASE_OK;
}

static bool same(const bench_run *run, const key *k) {
    return run->problem == (size_t)k->problem && run->method == (size_t)k->label &&
           run->workers == (size_t)k->workers && run->seed == k->seed;
}

/* SIZE_MAX: there is none. */
static size_t find_run(const folder_reader *f, const key *k) {
    const uint64_t hash = base_xxh64(k, sizeof *k, 0);
    size_t cursor = 0, run;
    while ((run = base_index_next(&f->index, hash, &cursor)) != SIZE_MAX)
        if (same(&f->r->run[run], k)) return run;
    return SIZE_MAX;
}

/* ---- cells.csv ---- */

static base_status read_goal(bench_runs_problem *p, const base_csv *csv, size_t row, size_t column, base_err *err) {
    const char *goal = base_csv_at(csv, row, column)->text;
    const bool maximize = strcmp(goal, "maximize") == 0;
    if (!maximize && strcmp(goal, "minimize") != 0)
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: goal should be minimize or maximize, but is \"%s\"", csv->file,
                         base_csv_at(csv, row, 0)->line, goal);
    if (p->has_goal && p->maximize != maximize)
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: %s was to be %sd until here", csv->file,
                         base_csv_at(csv, row, 0)->line, p->name, p->maximize ? "maximize" : "minimize");
    p->maximize = maximize;
    p->has_goal = true;
    return BASE_OK;
}

/* Other programs need not say it. */
static base_status read_median(bench_runs_problem *p, const base_csv *csv, size_t row, size_t column, base_err *err) {
    double median = NAN;
    if (column != SIZE_MAX) BASE_TRY(base_csv_number(csv, row, column, &median, err));
    if (isfinite(median)) p->scale = median;
    return BASE_OK;
}

static void add_run(folder_reader *f, const key *k, double spent, double utilisation) {
    bench_runs_reading *r = f->r;
    BASE_GROW(r->run, r->run_capacity, r->n_run + 1);
    BASE_GROW(r->spent, r->spent_capacity, r->n_run + 1);
    r->spent[r->n_run] = spent;
    r->run[r->n_run] = (bench_run){.problem = (size_t)k->problem,
                                   .method = (size_t)k->label,
                                   .workers = (size_t)k->workers,
                                   .seed = k->seed,
                                   .folder = f->folder,
                                   .utilisation = utilisation,
                                   .suggestions = NAN,
                                   .seconds = NAN};
    base_index_add(r->runs->arena, &f->index, base_xxh64(k, sizeof *k, 0), r->n_run++);
}

static base_status read_cells(folder_reader *f, base_err *err) {
    keyed t;
    size_t goal, spent, utilisation;
    BASE_TRY(open_table(f->r, f->folder, "cells.csv", &t, err));
    BASE_TRY(base_csv_column(&t.csv, "goal", &goal, err));
    BASE_TRY(base_csv_column(&t.csv, "spent", &spent, err));
    BASE_TRY(base_csv_column(&t.csv, "utilisation", &utilisation, err));
    const size_t median = base_csv_find(&t.csv, "median");
    for (size_t i = 0; i < t.csv.n_rows; i++) {
        key k;
        double cost, used;
        BASE_TRY(read_key(f, &t, i, &k, err));
        if (find_run(f, &k) != SIZE_MAX)
            return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: this run is there already", t.csv.file,
                             base_csv_at(&t.csv, i, 0)->line);
        BASE_TRY(read_goal(&f->r->problems[k.problem], &t.csv, i, goal, err));
        BASE_TRY(read_median(&f->r->problems[k.problem], &t.csv, i, median, err));
        BASE_TRY(base_csv_number(&t.csv, i, spent, &cost, err));
        BASE_TRY(base_csv_number(&t.csv, i, utilisation, &used, err));
        if (!(cost >= 0) || isinf(cost))
            return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: spent should be 0 or more", t.csv.file,
                             base_csv_at(&t.csv, i, 0)->line);
        add_run(f, &k, cost, used);
    }
    return BASE_OK;
}

/* ---- results.csv, times.csv ---- */

static base_status find(const folder_reader *f, const keyed *t, size_t row, size_t *run, base_err *err) {
    key k;
    BASE_TRY(read_key(f, t, row, &k, err));
    *run = find_run(f, &k);
    if (*run != SIZE_MAX) return BASE_OK;
    return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: there is no line of cells.csv for this run", t->csv.file,
                     base_csv_at(&t->csv, row, 0)->line);
}

typedef struct result_columns {
    size_t spent, value, exact, regret, fidelity; /* fidelity: SIZE_MAX where there is none */
} result_columns;

/* A line of results.csv; line 0: a run has none yet. */
typedef struct incumbent {
    double spent, value, fidelity;
    int line;
} incumbent;

static base_status find_columns(const base_csv *csv, result_columns *c, base_err *err) {
    BASE_TRY(base_csv_column(csv, "spent", &c->spent, err));
    BASE_TRY(base_csv_column(csv, "value", &c->value, err));
    BASE_TRY(base_csv_column(csv, "exact", &c->exact, err));
    BASE_TRY(base_csv_column(csv, "regret", &c->regret, err));
    c->fidelity = base_csv_find(csv, "fidelity");
    return BASE_OK;
}

/* The best value on the highest fidelity so far: a line may be worse than the one before only where its fidelity is
 * higher. The value is what the search saw, which is all it goes by; `exact` may well fall where there is noise. An
 * equal value is right: it differs behind the printed digits, or is that of an earlier trial which ended later. */
static base_status check_improvement(const keyed *t, const incumbent *now, const incumbent *last, bool maximize,
                                     base_err *err) {
    if (last->line == 0 || now->fidelity > last->fidelity) return BASE_OK;
    if (now->fidelity < last->fidelity)
        return BASE_FAIL(
            err, BASE_CORRUPT,
            "%s:%d: fidelity %.10g is below %.10g (line %d); an incumbent is of the highest fidelity so far",
            t->csv.file, now->line, now->fidelity, last->fidelity, last->line);
    if (!(maximize ? now->value < last->value : now->value > last->value)) return BASE_OK;
    return BASE_FAIL(err, BASE_CORRUPT,
                     "%s:%d: value %.10g is no improvement of %.10g (line %d; goal: %s); write a line for each new "
                     "incumbent only",
                     t->csv.file, now->line, now->value, last->value, last->line, maximize ? "maximize" : "minimize");
}

/* Digits of a table and of a published optimum are not all of them; `regret` is a difference of two such numbers. */
static bool is_below_optimum(const bench_runs_row *row) {
    return row->regret < -1e-6 * fmax(1, fabs(row->exact));
}

static void warn_of_regret(folder_reader *f, const keyed *t, size_t row, const bench_runs_row *of) {
    if (!is_below_optimum(of) || f->n_below_optimum++ > 0) return;
    f->below_optimum = base_arena_printf(f->r->runs->arena, "%s:%d: regret %.6g is below 0", t->csv.file,
                                         base_csv_at(&t->csv, row, 0)->line, of->regret);
}

static base_status read_result(folder_reader *f, const keyed *t, const result_columns *c, size_t row, incumbent *last,
                               base_err *err) {
    bench_runs_row out;
    incumbent now = {.line = base_csv_at(&t->csv, row, 0)->line};
    BASE_TRY(find(f, t, row, &out.run, err));
    BASE_TRY(base_csv_number(&t->csv, row, c->spent, &out.spent, err));
    BASE_TRY(base_csv_number(&t->csv, row, c->value, &now.value, err));
    BASE_TRY(base_csv_number(&t->csv, row, c->exact, &out.exact, err));
    BASE_TRY(base_csv_number(&t->csv, row, c->regret, &out.regret, err));
    if (c->fidelity != SIZE_MAX) BASE_TRY(base_csv_number(&t->csv, row, c->fidelity, &now.fidelity, err));
    if (isnan(out.exact)) out.exact = now.value;
    now.spent = out.spent;
    if (!isfinite(out.exact) || isinf(out.regret))
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: an incumbent has a finite value", t->csv.file, now.line);
    if (!(now.spent >= last[out.run].spent) || isinf(now.spent))
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: spent should be 0 or more, and never less than before", t->csv.file,
                         now.line);
    bench_runs_problem *problem = &f->r->problems[f->r->run[out.run].problem];
    BASE_TRY(check_improvement(t, &now, &last[out.run], problem->maximize, err));
    warn_of_regret(f, t, row, &out);
    last[out.run] = now;
    if (isnan(out.regret)) problem->unknown_optimum = true;
    BASE_GROW(f->r->rows, f->r->row_capacity, f->r->n_rows + 1);
    f->r->rows[f->r->n_rows++] = out;
    return BASE_OK;
}

/* After what an earlier folder was warned of. */
static void add_warning(folder_reader *f) {
    bench_runs *runs = f->r->runs;
    if (f->n_below_optimum == 0) return;
    const char *more = f->n_below_optimum == 1
                           ? ""
                           : base_arena_printf(runs->arena, " (and so %s %zu more)",
                                               f->n_below_optimum == 2 ? "is" : "are", f->n_below_optimum - 1);
    runs->warnings =
        base_arena_printf(runs->arena, "%s%s%s: the sign of a maximized problem? a lucky value written as exact?\n",
                          runs->warnings, f->below_optimum, more);
}

static base_status read_results(folder_reader *f, base_err *err) {
    keyed t;
    result_columns c;
    BASE_TRY(open_table(f->r, f->folder, "results.csv", &t, err));
    BASE_TRY(find_columns(&t.csv, &c, err));
    incumbent *last = BASE_NEW_ARRAY(f->r->runs->arena, f->r->n_run, incumbent);
    for (size_t i = 0; i < t.csv.n_rows; i++) BASE_TRY(read_result(f, &t, &c, i, last, err));
    add_warning(f);
    return BASE_OK;
}

static base_status read_times(folder_reader *f, base_err *err) {
    keyed t;
    size_t suggestions, seconds;
    if (access(base_arena_printf(f->r->runs->arena, "%s/times.csv", f->r->runs->folders[f->folder]), F_OK) != 0)
        return BASE_OK;
    BASE_TRY(open_table(f->r, f->folder, "times.csv", &t, err));
    BASE_TRY(base_csv_column(&t.csv, "suggestions", &suggestions, err));
    BASE_TRY(base_csv_column(&t.csv, "seconds", &seconds, err));
    for (size_t i = 0; i < t.csv.n_rows; i++) {
        size_t run;
        BASE_TRY(find(f, &t, i, &run, err));
        BASE_TRY(base_csv_number(&t.csv, i, suggestions, &f->r->run[run].suggestions, err));
        BASE_TRY(base_csv_number(&t.csv, i, seconds, &f->r->run[run].seconds, err));
        f->r->runs->has_times = true;
    }
    return BASE_OK;
}

base_status bench_runs_read_folder(bench_runs_reading *r, size_t folder, base_err *err) {
    folder_reader f = {.r = r, .folder = folder};
    BASE_TRY(read_cells(&f, err));
    BASE_TRY(read_results(&f, err));
    return read_times(&f, err);
}
