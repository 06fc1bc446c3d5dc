/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far from the best, over all problems: regrets on a scale that problems share. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/blocks.h"
#include "benchmarks/report/tables.h"
#include "benchmarks/stats/bands.h"

/* The runs of one method on all problems that count, as bench_band wants them. */
typedef struct pool {
    double *values; /* runs x points */
    uint32_t *problem;
    size_t runs;
} pool;

static bool counts(const bench_runs *runs, size_t problem) {
    return !isnan(runs->problems[problem].scale);
}

static pool pool_of(const bench_runs *runs, const bench_ranking *r, size_t method, base_arena *arena) {
    pool out = {.values = BASE_NEW_ARRAY(arena, runs->n_runs * (runs->n_at + 1), double),
                .problem = BASE_NEW_ARRAY(arena, runs->n_runs, uint32_t)};
    for (size_t i = 0; i < r->n_problems; i++) {
        const size_t p = r->problems[i];
        size_t n;
        if (!counts(runs, p)) continue;
        const double *values = bench_sample_on(runs, r->workers, p, method, runs->at, runs->n_at, arena, &n);
        for (size_t k = 0; k < n * runs->n_at; k++) {
            const bool beyond = k % runs->n_at >= runs->problems[p].n_at;
            out.values[out.runs * runs->n_at + k] = beyond ? NAN : bench_runs_normalized(runs, p, values[k]);
        }
        for (size_t k = 0; k < n; k++) out.problem[out.runs + k] = (uint32_t)i;
        out.runs += n;
    }
    return out;
}

static const char *interval_text(const bench_interval *band, base_arena *arena) {
    if (isnan(band->estimate)) return "";
    if (isnan(band->low)) return base_table_number(arena, band->estimate);
    return base_arena_printf(arena, "%.3g [%.3g, %.3g]", band->estimate, band->low, band->high);
}

/* How many problems a mean at a point is of: methods are compared only by means of the same ones. */
static size_t problems_at(const pool *of, size_t n_problems, size_t n_at, size_t at, base_arena *arena) {
    bool *there = BASE_NEW_ARRAY(arena, n_problems + 1, bool);
    size_t count = 0;
    for (size_t i = 0; i < of->runs; i++) there[of->problem[i]] |= !isnan(of->values[i * n_at + at]);
    for (size_t p = 0; p < n_problems; p++) count += there[p];
    return count;
}

/* first: the pool of the first row; NULL: this is it. False: there is nothing to show. */
static bool add_row(const bench_runs *runs, const bench_ranking *r, size_t method, const pool *all, const pool *first,
                    base_arena *arena, base_table *t) {
    bench_interval *bands = BASE_NEW_ARRAY(arena, runs->n_at, bench_interval);
    const char **cells = BASE_NEW_ARRAY(arena, runs->n_at, const char *);
    bool any = false;
    if (all->runs == 0) return false;
    bench_band(all->values, all->runs, runs->n_at, all->problem, BENCH_MEAN, &bench_report_bootstrap, bands);
    for (size_t i = 0; i < runs->n_at; i++) {
        const bool whole = !first || problems_at(all, r->n_problems, runs->n_at, i, arena) ==
                                         problems_at(first, r->n_problems, runs->n_at, i, arena);
        cells[i] = whole ? interval_text(&bands[i], arena) : "";
        any = any || *cells[i];
    }
    if (!any) return false;
    const char **row = base_table_row(t);
    row[0] = runs->methods[method];
    memcpy(&row[1], cells, runs->n_at * sizeof *cells);
    return true;
}

static bool is_ranked(const bench_ranking *r, size_t method) {
    for (size_t m = 0; m < r->n_methods; m++)
        if (r->methods[m] == method) return true;
    return false;
}

static const char *note_of(const bench_runs *runs, const bench_ranking *r, bool unranked, base_arena *arena) {
    size_t n = 0, unknown = 0;
    for (size_t i = 0; i < r->n_problems; i++) {
        n += counts(runs, r->problems[i]);
        unknown += counts(runs, r->problems[i]) && runs->problems[r->problems[i]].unknown_optimum;
    }
    const char *found = unknown == 0 ? ""
                                     : base_arena_printf(arena,
                                                         " Nobody knows the optimum of %zu: the best value of these "
                                                         "runs stands for it.",
                                                         unknown);
    return base_arena_printf(
        arena,
        "%zu problems. Smaller is better: 1 is the regret of the median of 1,001 random configurations; a run that has "
        "found nothing yet counts 1.%s%s",
        n, found,
        unranked
            ? " Methods without a rank come last, at the points that their runs have reached on all these problems."
            : "");
}

base_table bench_table_of_regrets(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    const char **names = BASE_NEW_ARRAY(arena, runs->n_at + 1, const char *);
    names[0] = "method";
    for (size_t i = 0; i < runs->n_at; i++) names[1 + i] = base_table_cost(arena, runs->at[i]);
    const char *title = base_arena_printf(arena, "normalized regret, mean over problems, %s [95 %% band over seeds]",
                                          bench_workers_text(runs, r->workers, arena));
    base_table t = base_table_begin(arena, title, 1, 1 + runs->n_at, names);
    const size_t *order = bench_ranking_order(runs, r, arena);
    pool first = {0};
    for (size_t m = 0; m < r->n_methods; m++) {
        const pool all = pool_of(runs, r, r->methods[order[m]], arena);
        if (add_row(runs, r, r->methods[order[m]], &all, t.rows > 0 ? &first : NULL, arena, &t) && t.rows == 1)
            first = all;
    }
    const size_t ranked = t.rows;
    for (size_t m = 0; m < runs->n_methods && ranked > 0; m++) {
        if (is_ranked(r, m)) continue;
        const pool all = pool_of(runs, r, m, arena);
        (void)add_row(runs, r, m, &all, &first, arena, &t);
    }
    t.note = note_of(runs, r, t.rows > ranked, arena);
    return t;
}
