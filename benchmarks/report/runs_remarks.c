/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong with the runs of a report, so that nobody reads its tables as if nothing were. */
#include <math.h>
#include <string.h>

#include "base/options.h"
#include "benchmarks/report/runs.h"

/* How many runs a method has on the problems that it searched, and how many there would be with the seeds of all. */
typedef struct census {
    size_t there, expected, early, empty, fewest;
} census;

/* The seeds of all methods on a problem, each once. */
static size_t seeds_of(const bench_runs *runs, size_t workers, size_t problem) {
    const bench_run *first, *const end = runs->runs + runs->n_runs;
    size_t n, count = 0;
    first = bench_runs_of(runs, workers, problem, 0, &n);
    for (const bench_run *a = first; a < end && a->workers == workers && a->problem == problem; a++) {
        const bench_run *b = first;
        while (b < a && b->seed != a->seed) b++;
        count += b == a;
    }
    return count;
}

/* seeds: by workers and problem, of all methods. */
static census take_census(const bench_runs *runs, const size_t *seeds, size_t method) {
    census c = {.fewest = SIZE_MAX};
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t p = 0; p < runs->n_problems; p++) {
            size_t n;
            const bench_run *run = bench_runs_of(runs, w, p, method, &n);
            if (n == 0) continue;
            c.there += n;
            c.expected += seeds[w * runs->n_problems + p];
            if (n < c.fewest) c.fewest = n;
            for (size_t i = 0; i < n; i++) {
                c.early += run[i].curve.end < runs->problems[p].budget;
                c.empty += run[i].curve.n == 0;
            }
        }
    return c;
}

static void remark_method(const bench_runs *runs, const size_t *seeds, size_t method, base_buf *out) {
    const census c = take_census(runs, seeds, method);
    const char *name = runs->methods[method];
    if (c.there < c.expected)
        base_buf_printf(out, "%s: %zu of %zu runs are there; medians and means are of these.\n", name, c.there,
                        c.expected);
    if (c.early > 0)
        base_buf_printf(out, "%s: %zu of %zu runs ended before the budget, and count no further.\n", name, c.early,
                        c.there);
    if (c.empty > 0) base_buf_printf(out, "%s: %zu of %zu runs found nothing.\n", name, c.empty, c.there);
    if (c.fewest == 1) base_buf_printf(out, "%s: on some problem a single seed, so there is no band.\n", name);
}

/* Whether it was searched by somebody with this number of workers. */
static bool searched(const bench_runs *runs, size_t problem, size_t method) {
    for (size_t w = 0; w < runs->n_workers; w++) {
        size_t n;
        (void)bench_runs_of(runs, w, problem, method, &n);
        if (n > 0) return true;
    }
    return false;
}

static void remark_absent(const bench_runs *runs, size_t method, base_buf *out) {
    size_t count = 0;
    for (size_t p = 0; p < runs->n_problems; p++) count += searched(runs, p, method);
    if (count < runs->n_problems)
        base_buf_printf(out, "%s: searched %zu of %zu problems.\n", runs->methods[method], count, runs->n_problems);
}

/* ---- problems of one folder only ---- */

static bool folder_has(const bench_runs *runs, size_t folder, size_t problem) {
    for (size_t i = 0; i < runs->n_runs; i++)
        if (runs->runs[i].folder == folder && runs->runs[i].problem == problem) return true;
    return false;
}

/* The folder that alone has the problem; SIZE_MAX: there are several. */
static size_t only_folder(const bench_runs *runs, size_t problem) {
    size_t found = SIZE_MAX;
    for (size_t f = 0; f < runs->n_folders; f++) {
        if (!folder_has(runs, f, problem)) continue;
        if (found != SIZE_MAX) return SIZE_MAX;
        found = f;
    }
    return found;
}

/* A name that is nearly that of an earlier problem which this folder does not have is perhaps meant to be the same. */
static void remark_alone(const bench_runs *runs, size_t problem, base_arena *arena, base_buf *out) {
    const size_t folder = only_folder(runs, problem);
    const char **others = BASE_NEW_ARRAY(arena, runs->n_problems, const char *);
    size_t n_others = 0;
    if (folder == SIZE_MAX) return;
    for (size_t p = 0; p < problem; p++)
        if (!folder_has(runs, folder, p)) others[n_others++] = runs->problems[p].name;
    const char *near = base_nearest(runs->problems[problem].name, others, n_others);
    if (near)
        base_buf_printf(out, "%s: only in %s; did you mean %s?\n", runs->problems[problem].name, runs->folders[folder],
                        near);
}

static void remark_scale(const bench_runs *runs, base_buf *out) {
    for (size_t p = 0; p < runs->n_problems; p++)
        if (!isnan(runs->problems[p].scale)) return;
    base_buf_puts(out,
                  "No folder says what a random configuration is worth (column median of cells.csv), so there are no "
                  "normalized regrets: compare a run of hpo_bench on these problems, too.\n");
}

void bench_runs_remarks(const bench_runs *runs, base_buf *out) {
    base_arena *arena = base_arena_create();
    size_t *seeds = BASE_NEW_ARRAY(arena, runs->n_workers * runs->n_problems, size_t);
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t p = 0; p < runs->n_problems; p++) seeds[w * runs->n_problems + p] = seeds_of(runs, w, p);
    base_buf_puts(out, runs->warnings);
    for (size_t m = 0; m < runs->n_methods; m++) {
        remark_absent(runs, m, out);
        remark_method(runs, seeds, m, out);
    }
    remark_scale(runs, out);
    for (size_t p = 0; p < runs->n_problems; p++) remark_alone(runs, p, arena, out);
    base_arena_destroy(arena);
    for (size_t p = 0; p < runs->n_problems; p++)
        if (runs->problems[p].unknown_optimum)
            base_buf_printf(out, "%s: the optimum is unknown, so values are shown (to be %sd).\n",
                            runs->problems[p].name, runs->problems[p].maximize ? "maximize" : "minimize");
}
