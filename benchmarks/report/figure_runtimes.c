/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which fraction of many targets is reached within a cost: N. Hansen et al., "COCO: Performance Assessment",
 * arXiv:1605.03560, 2016, section 5. */
#include <math.h>
#include <stdlib.h>

#include "benchmarks/report/figures_internal.h"
#include "benchmarks/stats/runtime.h"
#include "benchmarks/stats/sample.h"

enum { RESTARTS = 100 };            /* simulated searches for each target */
static const double hardest = 1e-8; /* COCO's last target */
static const uint64_t restarts_seed = 1;

/* ---- targets ---- */

/* Of all runs on a problem; empty: n = 0. */
static const bench_run *runs_on(const bench_runs *runs, size_t workers, size_t problem, size_t *n) {
    const bench_run *first = bench_runs_of(runs, workers, problem, 0, n);
    const bench_run *const end = runs->runs + runs->n_runs;
    while (first + *n < end && first[*n].workers == workers && first[*n].problem == problem) ++*n;
    return first;
}

/* The smallest of all values of curves: the best that was found. */
static double smallest(const bench_run *run, size_t n, double above) {
    double least = INFINITY;
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < run[r].curve.n && run[r].curve.steps[i].cost <= run[r].curve.end; i++)
            if (run[r].curve.steps[i].regret > above) least = fmin(least, run[r].curve.steps[i].regret);
    return least;
}

static double median_first(const bench_run *run, size_t n) {
    double *first = base_calloc(n + 1, sizeof *first);
    size_t count = 0;
    for (size_t r = 0; r < n; r++)
        if (run[r].curve.n > 0) first[count++] = run[r].curve.steps[0].regret;
    bench_sample_sort(first, count);
    const double median = bench_sample_quantile(first, count, 0.5);
    free(first);
    return median;
}

bool bench_targets(const bench_runs *runs, size_t workers, size_t problem, double targets[BENCH_TARGETS],
                   double *best) {
    size_t n;
    const bench_run *run = runs_on(runs, workers, problem, &n);
    *best = runs->problems[problem].unknown_optimum ? smallest(run, n, -INFINITY) : 0;
    const double easiest = median_first(run, n) - *best, last = fmax(hardest, smallest(run, n, *best) - *best);
    if (!(isfinite(easiest) && isfinite(last) && last < easiest)) return false;
    bench_cost_grid(last, easiest, BENCH_TARGETS, BENCH_LOGARITHMIC, targets);
    for (size_t i = 0; i < BENCH_TARGETS / 2; i++) {
        const double other = targets[i];
        targets[i] = targets[BENCH_TARGETS - 1 - i];
        targets[BENCH_TARGETS - 1 - i] = other;
    }
    return true;
}

/* ---- distributions ---- */

typedef struct pairs {
    bench_target_runs *of; /* problems x targets */
    size_t count;
} pairs;

/* One more target of a method on a problem. */
static void add_pair(const bench_runs *runs, size_t workers, size_t problem, size_t method, double target,
                     base_arena *arena, pairs *out) {
    size_t n;
    const bench_run *run = bench_runs_of(runs, workers, problem, method, &n);
    bench_runtime *times = BASE_NEW_ARRAY(arena, n, bench_runtime);
    for (size_t i = 0; i < n; i++) times[i] = bench_runtime_of(&run[i].curve, target);
    out->of[out->count++] = (bench_target_runs){times, n};
}

static bench_series distribution(const bench_runs *runs, const bench_ranking *r, size_t method, const double *costs,
                                 base_arena *arena) {
    pairs p = {.of = BASE_NEW_ARRAY(arena, r->n_problems * BENCH_TARGETS, bench_target_runs)};
    for (size_t k = 0; k < r->n_problems; k++) {
        double targets[BENCH_TARGETS], best;
        if (!bench_targets(runs, r->workers, r->problems[k], targets, &best)) continue;
        for (size_t i = 0; i < BENCH_TARGETS; i++)
            add_pair(runs, r->workers, r->problems[k], method, best + targets[i], arena, &p);
    }
    double *reached = BASE_NEW_ARRAY(arena, p.count * RESTARTS, double);
    double *y = BASE_NEW_ARRAY(arena, BENCH_FIGURE_POINTS, double);
    bench_ecdf(p.of, p.count, RESTARTS, restarts_seed, reached);
    for (size_t i = 0; i < BENCH_FIGURE_POINTS; i++) y[i] = bench_ecdf_at(reached, p.count * RESTARTS, costs[i]);
    return (bench_series){.name = runs->methods[method], .colour = method, .y = y};
}

/* How many problems have targets. */
static size_t with_targets(const bench_runs *runs, const bench_ranking *r) {
    double targets[BENCH_TARGETS], best;
    size_t count = 0;
    for (size_t k = 0; k < r->n_problems; k++) count += bench_targets(runs, r->workers, r->problems[k], targets, &best);
    return count;
}

bool bench_figure_runtimes(const bench_report *report, size_t workers, base_buf *out) {
    const bench_runs *runs = report->runs;
    const bench_ranking *r = &report->rankings[workers];
    const size_t problems = with_targets(runs, r);
    if (problems == 0) return false;
    base_arena *arena = base_arena_create();
    double costs[BENCH_FIGURE_POINTS];
    bench_series *series = BASE_NEW_ARRAY(arena, r->n_methods, bench_series);
    bench_plot plot = {.x = costs, .n_points = BENCH_FIGURE_POINTS, .series = series, .n_series = r->n_methods};
    plot.x_scale = bench_figure_common_costs(runs, r, costs);
    const size_t *order = bench_ranking_order(runs, r, arena);
    for (size_t m = 0; m < r->n_methods; m++) series[m] = distribution(runs, r, r->methods[order[m]], costs, arena);
    plot.title = base_arena_printf(arena, "targets reached on %zu problem%s, %s", problems, problems == 1 ? "" : "s",
                                   bench_workers_text(runs, workers, arena));
    plot.x_name = "full evaluations";
    plot.y_name = "fraction of targets (larger is better)";
    plot.y_scale = base_scale_of(0, 1, 5);
    bench_plot_draw(&plot, out);
    base_arena_destroy(arena);
    return true;
}
