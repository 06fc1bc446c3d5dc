/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/summary.h"

#include <math.h>

#include "base/csv.h"
#include "benchmarks/report/blocks.h"
#include "benchmarks/stats/bands.h"
#include "benchmarks/stats/ranks.h"
#include "benchmarks/stats/sample.h"

const bench_bootstrap bench_report_bootstrap = {.resamples = 1000, .level = 0.95, .seed = 1};

/* ---- numbers ---- */

static double normalized(const bench_runs *runs, size_t problem, const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += bench_runs_normalized(runs, problem, values[i]);
    return sum / (double)n;
}

/* One point of a method's runs. values: n sorted numbers. */
static void fill(const bench_runs *runs, bench_summary_row *row, const double *values) {
    const size_t p = row->problem;
    row->median = row->mean = row->low = row->high = row->normalized = NAN;
    if (row->n == 0) return;
    row->median = bench_runs_shown(runs, p, bench_sample_quantile(values, row->n, 0.5));
    row->mean = bench_runs_shown(runs, p, bench_sample_mean(values, row->n));
    row->normalized = normalized(runs, p, values, row->n);
    if (row->n < 2) return;
    bench_interval band;
    bench_band(values, row->n, 1, NULL, BENCH_MEDIAN, &bench_report_bootstrap, &band);
    const double low = bench_runs_shown(runs, p, band.low), high = bench_runs_shown(runs, p, band.high);
    row->low = fmin(low, high);
    row->high = fmax(low, high);
}

/* Of the methods that have runs here; *n of them. */
static size_t *methods_on(const bench_runs *runs, size_t workers, size_t problem, base_arena *arena, size_t *n) {
    size_t *methods = BASE_NEW_ARRAY(arena, runs->n_methods, size_t), count;
    *n = 0;
    for (size_t m = 0; m < runs->n_methods; m++) {
        (void)bench_runs_of(runs, workers, problem, m, &count);
        if (count > 0) methods[(*n)++] = m;
    }
    return methods;
}

static void add_problem(const bench_runs *runs, size_t workers, size_t problem, bench_summary *out) {
    base_arena *arena = base_arena_create();
    const size_t n_at = runs->problems[problem].n_at;
    size_t n_methods, blocks;
    const size_t *methods = methods_on(runs, workers, problem, arena, &n_methods);
    const double *values = bench_blocks(runs, workers, problem, methods, n_methods, runs->at, n_at, arena, &blocks);
    bench_rank *ranks = BASE_NEW_ARRAY(arena, n_methods * n_at, bench_rank);
    bench_mean_ranks(values, blocks, n_methods, n_at, BASE_NEW_ARRAY(arena, blocks, uint32_t), ranks);
    for (size_t m = 0; m < n_methods; m++)
        for (size_t i = 0; i < n_at; i++) {
            bench_summary_row row = {.workers = workers, .problem = problem, .method = methods[m], .at = i};
            double *sample = bench_sample_at(runs, workers, problem, methods[m], runs->at[i], arena, &row.n);
            bench_sample_sort(sample, row.n);
            fill(runs, &row, sample);
            row.rank = ranks[m * n_at + i].mean;
            out->rows[out->n++] = row;
        }
    base_arena_destroy(arena);
}

bench_summary bench_summary_make(const bench_runs *runs, base_arena *arena) {
    bench_summary out = {0};
    out.rows =
        BASE_NEW_ARRAY(arena, runs->n_workers * runs->n_problems * runs->n_methods * runs->n_at, bench_summary_row);
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t p = 0; p < runs->n_problems; p++) add_problem(runs, w, p, &out);
    return out;
}

/* ---- summary.csv ---- */

static void put_number(double value, base_buf *out) {
    base_buf_putc(out, ',');
    if (!isnan(value)) base_buf_printf(out, "%.10g", value);
}

void bench_summary_print(const bench_runs *runs, const bench_summary *summary, base_buf *out) {
    base_buf_puts(out, "problem,workers,method,at,n,median,mean,low,high,rank,normalized\n");
    for (size_t i = 0; i < summary->n; i++) {
        const bench_summary_row *row = &summary->rows[i];
        base_csv_put(runs->problems[row->problem].name, out);
        base_buf_printf(out, ",%lld,", (long long)runs->workers[row->workers]);
        base_csv_put(runs->methods[row->method], out);
        base_buf_printf(out, ",%.10g,%zu", runs->at[row->at], row->n);
        const double numbers[] = {row->median, row->mean, row->low, row->high, row->rank, row->normalized};
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) put_number(numbers[k], out);
        base_buf_putc(out, '\n');
    }
}
