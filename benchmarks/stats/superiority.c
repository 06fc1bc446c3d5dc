/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often one method is better than another, with an interval. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "benchmarks/stats/sample.h"
#include "benchmarks/stats/two_samples.h"

/* A sorted sample, and how often each of its values counts. */
typedef struct weighted {
    const double *sorted;
    size_t n, *counts;
} weighted;

/* Goes through both in order. For each value of a: how many of b are smaller, and how many are not larger. Sums of
 * halves are exact. */
static double superiority_of(const weighted *a, const weighted *b) {
    double better = 0;
    size_t below = 0, i_below = 0, until = 0, i_until = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (i_below < b->n && b->sorted[i_below] < a->sorted[i]) below += b->counts[i_below++];
        while (i_until < b->n && b->sorted[i_until] <= a->sorted[i]) until += b->counts[i_until++];
        better += (double)a->counts[i] * ((double)(b->n - until) + (double)(until - below) / 2);
    }
    return better / ((double)a->n * (double)b->n);
}

static weighted weigh(base_arena *arena, const double *values, size_t n) {
    double *sorted = BASE_NEW_ARRAY(arena, n, double);
    if (n > 0) memcpy(sorted, values, n * sizeof *sorted);
    weighted sample = {.sorted = sorted, .n = bench_sample_sort(sorted, n)};
    sample.counts = BASE_NEW_ARRAY(arena, n, size_t);
    for (size_t i = 0; i < sample.n; i++) sample.counts[i] = 1;
    return sample;
}

double bench_superiority(const double *a, size_t n, const double *b, size_t m) {
    base_arena *arena = base_arena_create();
    const weighted x = weigh(arena, a, n), y = weigh(arena, b, m);
    const double better = x.n > 0 && y.n > 0 ? superiority_of(&x, &y) : NAN;
    base_arena_destroy(arena);
    return better;
}

bench_interval bench_superiority_interval(const double *a, size_t n, const double *b, size_t m,
                                          const bench_bootstrap *how) {
    base_arena *arena = base_arena_create();
    const weighted x = weigh(arena, a, n), y = weigh(arena, b, m);
    bench_interval interval = {NAN, NAN, NAN};
    if (x.n > 0 && y.n > 0) {
        const double estimate = superiority_of(&x, &y);
        double *replicates = BASE_NEW_ARRAY(arena, how->resamples, double);
        for (size_t r = 0; r < how->resamples; r++) {
            bench_bootstrap_draw(how, r, 0, x.n, x.counts);
            bench_bootstrap_draw(how, r, 1, y.n, y.counts);
            replicates[r] = superiority_of(&x, &y);
        }
        interval = bench_bootstrap_interval(how, estimate, replicates);
    }
    base_arena_destroy(arena);
    return interval;
}
