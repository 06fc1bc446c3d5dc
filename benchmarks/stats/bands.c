/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bands around the mean or the median of runs.
 *
 * At every point the values of each problem are sorted, and a resample draws places in that order instead of runs. This
 * is the same distribution, does not depend on the order of the runs, and makes a band as smooth as its curve, for a
 * resample draws the same places at every point. */
#include "benchmarks/stats/bands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "benchmarks/stats/sample.h"

typedef struct grouped {
    size_t runs, points, problems;
    const size_t *first; /* of each problem, in a row of sorted; one more for the end */
    double *sorted;      /* points x runs: the values of each problem, sorted */
    size_t *n;           /* points x problems: how many of them are not NaN */
} grouped;

static size_t count_problems(const uint32_t *problem, size_t runs) {
    size_t problems = 1;
    for (size_t r = 0; problem != NULL && r < runs; r++)
        if (problem[r] >= problems) problems = (size_t)problem[r] + 1;
    return problems;
}

static const size_t *first_of(base_arena *arena, const uint32_t *problem, size_t runs, size_t problems) {
    size_t *first = BASE_NEW_ARRAY(arena, problems + 1, size_t);
    for (size_t r = 0; r < runs; r++) first[(problem == NULL ? 0 : problem[r]) + 1]++;
    for (size_t k = 0; k < problems; k++) first[k + 1] += first[k];
    return first;
}

static grouped group(base_arena *arena, const double *values, size_t runs, size_t points, const uint32_t *problem) {
    grouped g = {.runs = runs, .points = points, .problems = count_problems(problem, runs)};
    g.first = first_of(arena, problem, runs, g.problems);
    g.sorted = BASE_NEW_ARRAY(arena, points * runs, double);
    g.n = BASE_NEW_ARRAY(arena, points * g.problems, size_t);
    size_t *next = BASE_NEW_ARRAY(arena, g.problems, size_t);
    memcpy(next, g.first, g.problems * sizeof *next);
    for (size_t r = 0; r < runs; r++) {
        const size_t place = next[problem == NULL ? 0 : problem[r]]++;
        for (size_t i = 0; i < points; i++) g.sorted[i * runs + place] = values[r * points + i];
    }
    for (size_t i = 0; i < points; i++)
        for (size_t k = 0; k < g.problems; k++)
            g.n[i * g.problems + k] = bench_sample_sort(&g.sorted[i * runs + g.first[k]], g.first[k + 1] - g.first[k]);
    return g;
}

/* Of n > 0 sorted values of which each stands counts[i] times, n in all. */
static double mean_of(const double *sorted, const size_t *counts, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (counts[i] > 0) sum += (double)counts[i] * sorted[i]; /* infinity times 0 is no number */
    return sum / (double)n;
}

static double median_of(const double *sorted, const size_t *counts, size_t n) {
    size_t i = 0, passed = counts[0]; /* values up to i */
    while (passed <= (n - 1) / 2) passed += counts[++i];
    const double below = sorted[i];
    while (passed <= n / 2) passed += counts[++i];
    return below == sorted[i] ? below : below + (sorted[i] - below) / 2;
}

static double center_of(bench_center center, const double *sorted, const size_t *counts, size_t n) {
    return center == BENCH_MEAN ? mean_of(sorted, counts, n) : median_of(sorted, counts, n);
}

/* The mean over problems at every point, into out. counts: room for a number for each run.
 * how NULL: every run once. */
static void estimate(const grouped *g, bench_center center, const bench_bootstrap *how, size_t resample, size_t *counts,
                     size_t *used, double *out) {
    memset(used, 0, g->points * sizeof *used);
    for (size_t i = 0; i < g->points; i++) out[i] = 0;
    for (size_t k = 0; k < g->problems; k++) {
        size_t drawn = 0;
        for (size_t i = 0; i < g->points; i++) {
            const size_t n = g->n[i * g->problems + k];
            if (n == 0) continue;
            if (n != drawn && how != NULL) bench_bootstrap_draw(how, resample, (uint32_t)k, n, counts);
            for (size_t r = 0; r < n && how == NULL; r++) counts[r] = 1;
            drawn = n;
            out[i] += center_of(center, &g->sorted[i * g->runs + g->first[k]], counts, n);
            used[i]++;
        }
    }
    for (size_t i = 0; i < g->points; i++) out[i] = used[i] > 0 ? out[i] / (double)used[i] : NAN;
}

void bench_band(const double *values, size_t runs, size_t points, const uint32_t *problem, bench_center center,
                const bench_bootstrap *how, bench_interval *band) {
    base_arena *arena = base_arena_create();
    const grouped g = group(arena, values, runs, points, problem);
    size_t *counts = BASE_NEW_ARRAY(arena, runs, size_t), *used = BASE_NEW_ARRAY(arena, points, size_t);
    double *row = BASE_NEW_ARRAY(arena, points, double);
    double *replicates = BASE_NEW_ARRAY(arena, points * how->resamples, double);
    for (size_t b = 0; b < how->resamples; b++) {
        estimate(&g, center, how, b, counts, used, row);
        for (size_t i = 0; i < points; i++) replicates[i * how->resamples + b] = row[i];
    }
    estimate(&g, center, NULL, 0, counts, used, row);
    for (size_t i = 0; i < points; i++)
        band[i] = bench_bootstrap_interval(how, row[i], &replicates[i * how->resamples]);
    base_arena_destroy(arena);
}

void bench_band_quantile(const double *values, size_t runs, size_t points, double p, double *quantiles) {
    double *column = base_malloc(runs * sizeof *column);
    for (size_t i = 0; i < points; i++) {
        for (size_t r = 0; r < runs; r++) column[r] = values[r * points + i];
        quantiles[i] = bench_sample_quantile(column, bench_sample_sort(column, runs), p);
    }
    free(column);
}
