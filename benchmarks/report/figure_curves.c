/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is reached, and who is ahead, over the costs. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/blocks.h"
#include "benchmarks/report/figures_internal.h"
#include "benchmarks/stats/bands.h"

/* The cost of the method's first incumbent in any run. INFINITY: there is none. */
static double first_cost(const bench_runs *runs, size_t workers, size_t problem, size_t method) {
    double first = INFINITY;
    size_t n;
    const bench_run *run = bench_runs_of(runs, workers, problem, method, &n);
    for (size_t i = 0; i < n; i++)
        if (run[i].curve.n > 0) first = fmin(first, run[i].curve.steps[0].cost);
    return first;
}

base_scale bench_figure_costs(double from, double to, double costs[BENCH_FIGURE_POINTS]) {
    from = fmin(fmax(from, to / 1000), to);
    const bool wide = to >= 10 * from;
    bench_cost_grid(wide ? from : 0, to, BENCH_FIGURE_POINTS, wide ? BENCH_LOGARITHMIC : BENCH_LINEAR, costs);
    base_scale scale = wide ? base_scale_log(from, to, 6) : base_scale_of(0, to, 8);
    scale.high = to; /* nothing goes on behind the budget */
    if (wide) scale.low = from;
    if (wide && to < 100 * from) scale.step = 0;
    return scale;
}

/* ---- regret ---- */

static bench_series curve_of(const bench_report *r, size_t workers, size_t problem, size_t method, const double *costs,
                             base_arena *arena) {
    size_t n;
    const double *values = bench_sample_on(r->runs, workers, problem, method, costs, BENCH_FIGURE_POINTS, arena, &n);
    bench_interval *band = BASE_NEW_ARRAY(arena, BENCH_FIGURE_POINTS, bench_interval);
    double *y = BASE_NEW_ARRAY(arena, 3 * BENCH_FIGURE_POINTS, double), *low = y + BENCH_FIGURE_POINTS,
           *high = low + BENCH_FIGURE_POINTS;
    bench_band(values, n, BENCH_FIGURE_POINTS, NULL, BENCH_MEDIAN, &bench_report_bootstrap, band);
    for (size_t i = 0; i < BENCH_FIGURE_POINTS; i++) {
        const double a = bench_runs_shown(r->runs, problem, band[i].low);
        const double b = bench_runs_shown(r->runs, problem, band[i].high);
        y[i] = bench_runs_shown(r->runs, problem, band[i].estimate);
        low[i] = fmin(a, b);
        high[i] = fmax(a, b);
    }
    return (bench_series){.name = r->runs->methods[method],
                          .colour = method,
                          .y = y,
                          .low = n > 1 ? low : NULL,
                          .high = n > 1 ? high : NULL};
}

/* Best at the end first; equal ones, and those that have nothing, as they were. */
static void sort_series(bench_series *series, size_t n, bool maximize) {
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0; k--) {
            const double a = series[k - 1].y[BENCH_FIGURE_POINTS - 1], b = series[k].y[BENCH_FIGURE_POINTS - 1];
            if (!(maximize ? b > a : b < a)) break;
            const bench_series other = series[k];
            series[k] = series[k - 1];
            series[k - 1] = other;
        }
}

bool bench_figure_regret(const bench_report *r, size_t workers, size_t problem, base_buf *out) {
    const bench_runs_problem *p = &r->runs->problems[problem];
    double first = INFINITY;
    for (size_t m = 0; m < r->runs->n_methods; m++) first = fmin(first, first_cost(r->runs, workers, problem, m));
    if (!isfinite(first) || !(p->budget > 0)) return false;
    base_arena *arena = base_arena_create();
    double costs[BENCH_FIGURE_POINTS];
    bench_series *series = BASE_NEW_ARRAY(arena, r->runs->n_methods, bench_series);
    bench_plot plot = {.x = costs, .n_points = BENCH_FIGURE_POINTS, .series = series};
    plot.x_scale = bench_figure_costs(first, p->budget, costs);
    for (size_t m = 0; m < r->runs->n_methods; m++) {
        size_t n;
        (void)bench_runs_of(r->runs, workers, problem, m, &n);
        if (n > 0) series[plot.n_series++] = curve_of(r, workers, problem, m, costs, arena);
    }
    sort_series(series, plot.n_series, p->unknown_optimum && p->maximize);
    plot.title = base_arena_printf(arena, "%s, %s", p->name, bench_workers_text(r->runs, workers, arena));
    plot.x_name = "full evaluations";
    plot.y_name = !p->unknown_optimum ? "median regret"
                  : p->maximize       ? "median value (larger is better)"
                                      : "median value";
    plot.y_scale = bench_plot_y_scale(series, plot.n_series, plot.n_points, !p->unknown_optimum);
    bench_plot_draw(&plot, out);
    base_arena_destroy(arena);
    return true;
}

/* ---- ranks ---- */

static double smallest_budget(const bench_runs *runs, const bench_ranking *ranking) {
    double smallest = INFINITY;
    for (size_t p = 0; p < ranking->n_problems; p++)
        smallest = fmin(smallest, runs->problems[ranking->problems[p]].budget);
    return smallest;
}

/* From where on there is any incumbent, up to the smallest budget. */
base_scale bench_figure_common_costs(const bench_runs *runs, const bench_ranking *ranking,
                                     double costs[BENCH_FIGURE_POINTS]) {
    double first = INFINITY;
    for (size_t p = 0; p < ranking->n_problems; p++)
        for (size_t m = 0; m < ranking->n_methods; m++)
            first = fmin(first, first_cost(runs, ranking->workers, ranking->problems[p], ranking->methods[m]));
    return bench_figure_costs(first, smallest_budget(runs, ranking), costs);
}

static bench_rank *ranks_on(const bench_runs *runs, const bench_ranking *ranking, const double *costs,
                            base_arena *arena) {
    const size_t size = ranking->n_methods * BENCH_FIGURE_POINTS;
    double *values = BASE_NEW_ARRAY(arena, ranking->blocks * size, double);
    uint32_t *of = BASE_NEW_ARRAY(arena, ranking->blocks, uint32_t);
    size_t blocks = 0;
    for (size_t p = 0; p < ranking->n_problems; p++) {
        size_t n;
        const double *some = bench_blocks(runs, ranking->workers, ranking->problems[p], ranking->methods,
                                          ranking->n_methods, costs, BENCH_FIGURE_POINTS, arena, &n);
        if (n > 0) memcpy(&values[blocks * size], some, n * size * sizeof *values);
        for (size_t b = 0; b < n; b++) of[blocks++] = (uint32_t)p;
    }
    bench_rank *ranks = BASE_NEW_ARRAY(arena, size, bench_rank);
    bench_mean_ranks(values, blocks, ranking->n_methods, BENCH_FIGURE_POINTS, of, ranks);
    return ranks;
}

static bench_series rank_series(const bench_runs *runs, size_t method, const bench_rank *ranks, base_arena *arena) {
    double *y = BASE_NEW_ARRAY(arena, 3 * BENCH_FIGURE_POINTS, double), *low = y + BENCH_FIGURE_POINTS,
           *high = low + BENCH_FIGURE_POINTS;
    for (size_t i = 0; i < BENCH_FIGURE_POINTS; i++) {
        y[i] = ranks[i].mean;
        low[i] = ranks[i].mean - ranks[i].problem_error;
        high[i] = ranks[i].mean + ranks[i].problem_error;
    }
    return (bench_series){.name = runs->methods[method], .colour = method, .y = y, .low = low, .high = high};
}

bool bench_figure_ranks(const bench_report *r, size_t workers, base_buf *out) {
    const bench_ranking *ranking = &r->rankings[workers];
    if (ranking->n_methods < 2 || !(smallest_budget(r->runs, ranking) > 0)) return false;
    base_arena *arena = base_arena_create();
    double costs[BENCH_FIGURE_POINTS];
    bench_series *series = BASE_NEW_ARRAY(arena, ranking->n_methods, bench_series);
    bench_plot plot = {.x = costs, .n_points = BENCH_FIGURE_POINTS, .series = series, .n_series = ranking->n_methods};
    plot.x_scale = bench_figure_common_costs(r->runs, ranking, costs);
    const bench_rank *ranks = ranks_on(r->runs, ranking, costs, arena);
    const size_t *order = bench_ranking_order(r->runs, ranking, arena);
    for (size_t m = 0; m < ranking->n_methods; m++)
        series[m] = rank_series(r->runs, ranking->methods[order[m]], &ranks[order[m] * BENCH_FIGURE_POINTS], arena);
    plot.title = base_arena_printf(arena, "average rank over %zu problem%s, %s", ranking->n_problems,
                                   ranking->n_problems == 1 ? "" : "s", bench_workers_text(r->runs, workers, arena));
    plot.x_name = "full evaluations";
    plot.y_name = "average rank (1 is best)";
    plot.y_scale = base_scale_of(1, (double)ranking->n_methods, 5);
    bench_plot_draw(&plot, out);
    base_arena_destroy(arena);
    return true;
}
