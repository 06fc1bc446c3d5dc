/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/report/runs_internal.h"

enum { DEFAULT_AT = 3 };
static const double rounding = 1e-9; /* tables have ten digits */

/* ---- suites ---- */

static base_status read_suite(bench_runs *runs, size_t folder, base_err *err) {
    const char *path = base_arena_printf(runs->arena, "%s/suite.yaml", runs->folders[folder]);
    if (access(path, F_OK) != 0) return BASE_OK;
    return bench_suite_open(path, NULL, 0, &runs->suites[folder], err);
}

/* In full evaluations; NaN: it is none of these. */
static double budget_of(const bench_suite_problem *p) {
    if (p->budget.full > 0) return p->fidelity ? p->budget.full : ceil(p->budget.full);
    if (p->budget.cost > 0) return p->budget.cost / bench_suite_full_cost(p);
    return p->fidelity ? NAN : (double)p->budget.trials;
}

static void use_budgets(bench_runs *runs, const bench_suite *suite) {
    for (size_t i = 0; i < runs->n_problems; i++)
        for (size_t k = 0; suite && k < suite->n_problems; k++)
            if (strcmp(suite->problems[k].name, runs->problems[i].name) == 0)
                runs->problems[i].budget = fmax(runs->problems[i].budget, budget_of(&suite->problems[k]));
}

/* ---- curves ---- */

static void find_budgets(bench_runs *runs, const double *spent) {
    for (size_t i = 0; i < runs->n_folders; i++) use_budgets(runs, runs->suites[i]);
    double *most = BASE_NEW_ARRAY(runs->arena, runs->n_problems, double);
    for (size_t i = 0; i < runs->n_runs; i++) most[runs->runs[i].problem] = fmax(most[runs->runs[i].problem], spent[i]);
    for (size_t i = 0; i < runs->n_problems; i++)
        if (isnan(runs->problems[i].budget)) runs->problems[i].budget = most[i];
}

static void add_step(const bench_runs *runs, bench_run *run, bench_step *steps, const bench_runs_row *row) {
    const bench_runs_problem *p = &runs->problems[run->problem];
    const double sign = p->maximize ? -1 : 1;
    if (run->curve.n == 0 || steps[run->curve.n - 1].cost < row->spent) run->curve.n++;
    steps[run->curve.n - 1] = (bench_step){row->spent, p->unknown_optimum ? sign * row->exact : row->regret};
}

/* A run that spent more than the budget, because an evaluation was under way, is cut there. */
static void make_curves(bench_runs_reading *r) {
    bench_runs *runs = r->runs;
    size_t *rows = BASE_NEW_ARRAY(runs->arena, r->n_run, size_t);
    bench_step **steps = BASE_NEW_ARRAY(runs->arena, r->n_run, bench_step *);
    for (size_t i = 0; i < r->n_rows; i++) rows[r->rows[i].run]++;
    for (size_t i = 0; i < r->n_run; i++) {
        const double budget = runs->problems[runs->runs[i].problem].budget;
        const bool whole = r->spent[i] >= budget * (1 - rounding);
        steps[i] = BASE_NEW_ARRAY(runs->arena, rows[i], bench_step);
        runs->runs[i].curve = (bench_curve){.steps = steps[i], .before = INFINITY, .end = whole ? budget : r->spent[i]};
    }
    for (size_t i = 0; i < r->n_rows; i++)
        add_step(runs, &runs->runs[r->rows[i].run], steps[r->rows[i].run], &r->rows[i]);
}

/* ---- normalized regrets ---- */

/* The value of the median becomes its distance from the best, of which any line of results.csv tells the optimum. */
static void find_scales(bench_runs_reading *r) {
    bench_runs *runs = r->runs;
    double *optimum = BASE_NEW_ARRAY(runs->arena, runs->n_problems, double);
    for (size_t i = 0; i < runs->n_problems; i++) optimum[i] = INFINITY;
    for (size_t i = 0; i < r->n_rows; i++) { /* with the sign of curves */
        const bench_runs_row *row = &r->rows[i];
        const size_t p = runs->runs[row->run].problem;
        const double value = (runs->problems[p].maximize ? -1 : 1) * row->exact;
        const double best = runs->problems[p].unknown_optimum ? value : value - row->regret;
        optimum[p] = fmin(optimum[p], best);
    }
    for (size_t i = 0; i < runs->n_problems; i++) {
        bench_runs_problem *p = &runs->problems[i];
        const double scale = (p->maximize ? -1 : 1) * p->scale - optimum[i];
        p->best = p->unknown_optimum ? optimum[i] : 0;
        p->scale = isfinite(scale) && scale > 0 ? scale : NAN;
    }
}

double bench_runs_normalized(const bench_runs *runs, size_t problem, double value) {
    const bench_runs_problem *p = &runs->problems[problem];
    if (isnan(p->scale) || isnan(value)) return NAN;
    return isinf(value) ? 1 : (value - p->best) / p->scale;
}

/* ---- where results are told ---- */

static void find_at(bench_runs *runs, const double *at, size_t n_at) {
    double most = 0;
    for (size_t i = 0; i < runs->n_problems; i++) most = fmax(most, runs->problems[i].budget);
    const double shares[DEFAULT_AT] = {most / 10, most / 3, most};
    for (size_t i = 0; i < runs->n_folders && !at; i++) {
        if (!runs->suites[i] || runs->suites[i]->n_at == 0) continue;
        at = runs->suites[i]->at;
        n_at = runs->suites[i]->n_at;
    }
    runs->n_at = at ? n_at : DEFAULT_AT;
    runs->at = BASE_NEW_ARRAY(runs->arena, runs->n_at, double);
    memcpy(runs->at, at ? at : shares, runs->n_at * sizeof *runs->at);
    for (size_t i = 0; i < runs->n_problems; i++) {
        bench_runs_problem *p = &runs->problems[i];
        p->n_at = 0;
        while (p->n_at < runs->n_at && runs->at[p->n_at] <= p->budget * (1 + rounding)) p->n_at++;
    }
}

/* ---- all of it ---- */

static int by_number(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_workers(bench_runs *runs) {
    int64_t *sorted = BASE_NEW_ARRAY(runs->arena, runs->n_workers, int64_t);
    memcpy(sorted, runs->workers, runs->n_workers * sizeof *sorted);
    qsort(sorted, runs->n_workers, sizeof *sorted, by_number);
    for (size_t i = 0; i < runs->n_runs; i++) {
        size_t place = 0;
        while (sorted[place] != runs->workers[runs->runs[i].workers]) place++;
        runs->runs[i].workers = place;
    }
    runs->workers = sorted;
}

static int by_place(const void *a, const void *b) {
    const bench_run *x = a, *y = b;
    if (x->workers != y->workers) return x->workers < y->workers ? -1 : 1;
    if (x->problem != y->problem) return x->problem < y->problem ? -1 : 1;
    if (x->method != y->method) return x->method < y->method ? -1 : 1;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

#define KEEP(runs, field, from, count)                                                                                 \
    do {                                                                                                               \
        (runs)->field = base_arena_array((runs)->arena, (count) + 1, sizeof *(runs)->field);                           \
        if ((count) > 0) memcpy((runs)->field, (from), (count) * sizeof *(runs)->field);                               \
        (runs)->n_##field = (count);                                                                                   \
    } while (0)

static void finish(bench_runs_reading *r, const double *at, size_t n_at) {
    bench_runs *runs = r->runs;
    bench_runs_name_methods(r);
    KEEP(runs, problems, r->problems, r->n_problems);
    KEEP(runs, workers, r->workers, r->n_workers);
    KEEP(runs, runs, r->run, r->n_run);
    find_budgets(runs, r->spent);
    make_curves(r);
    find_scales(r);
    find_at(runs, at, n_at);
    sort_workers(runs);
    qsort(runs->runs, runs->n_runs, sizeof *runs->runs, by_place);
}

base_status bench_runs_read(const char *const *folders, size_t n_folders, const double *at, size_t n_at,
                            bench_runs **out, base_err *err) {
    base_arena *arena = base_arena_create();
    bench_runs *runs = BASE_NEW(arena, bench_runs);
    bench_runs_reading r = {.runs = runs};
    base_status status = BASE_OK;
    *runs = (bench_runs){.arena = arena, .n_folders = n_folders, .warnings = ""};
    runs->suites = BASE_NEW_ARRAY(arena, n_folders + 1, bench_suite *);
    runs->folders = BASE_NEW_ARRAY(arena, n_folders + 1, const char *);
    for (size_t i = 0; i < n_folders; i++) {
        char *name = base_arena_strdup(arena, folders[i]);
        for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--) name[n - 1] = 0;
        runs->folders[i] = name;
    }
    for (size_t i = 0; i < n_folders && status == BASE_OK; i++) status = read_suite(runs, i, err);
    for (size_t i = 0; i < n_folders && status == BASE_OK; i++) status = bench_runs_read_folder(&r, i, err);
    if (status == BASE_OK && r.n_run == 0)
        status = BASE_FAIL(err, BASE_INVALID, "%s/cells.csv: there are no runs in it", runs->folders[0]);
    if (status == BASE_OK) finish(&r, at, n_at);
    free(r.run);
    free(r.spent);
    free(r.rows);
    free(r.labels);
    free(r.problems);
    free(r.workers);
    *out = status == BASE_OK ? runs : NULL;
    if (status != BASE_OK) bench_runs_destroy(runs);
    return status;
}

void bench_runs_destroy(bench_runs *runs) {
    if (!runs) return;
    for (size_t i = 0; i < runs->n_folders; i++) bench_suite_destroy(runs->suites[i]);
    base_arena_destroy(runs->arena);
}

const bench_run *bench_runs_of(const bench_runs *runs, size_t workers, size_t problem, size_t method, size_t *n) {
    const bench_run wanted = {.workers = workers, .problem = problem, .method = method, .seed = INT64_MIN};
    size_t low = 0, high = runs->n_runs;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_place(&runs->runs[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const bench_run *first = &runs->runs[low];
    for (*n = 0; low + *n < runs->n_runs; ++*n) {
        const bench_run *run = &first[*n];
        if (run->workers != workers || run->problem != problem || run->method != method) break;
    }
    return first;
}

double bench_runs_shown(const bench_runs *runs, size_t problem, double value) {
    const bench_runs_problem *p = &runs->problems[problem];
    return p->unknown_optimum && p->maximize ? -value : value;
}
