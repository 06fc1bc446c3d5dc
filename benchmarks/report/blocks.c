/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/blocks.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Each once, ascending. */
static int64_t *seeds_of(const bench_runs *runs, size_t workers, size_t problem, const size_t *methods,
                         size_t n_methods, base_arena *arena, size_t *n_seeds) {
    int64_t *seeds = BASE_NEW_ARRAY(arena, runs->n_runs, int64_t);
    size_t all = 0;
    for (size_t m = 0; m < n_methods; m++) {
        size_t n;
        const bench_run *run = bench_runs_of(runs, workers, problem, methods[m], &n);
        for (size_t i = 0; i < n; i++) seeds[all++] = run[i].seed;
    }
    qsort(seeds, all, sizeof *seeds, by_number);
    *n_seeds = 0;
    for (size_t i = 0; i < all; i++)
        if (i == 0 || seeds[i] != seeds[i - 1]) seeds[(*n_seeds)++] = seeds[i];
    return seeds;
}

double *bench_blocks(const bench_runs *runs, size_t workers, size_t problem, const size_t *methods, size_t n_methods,
                     const double *costs, size_t n_costs, base_arena *arena, size_t *n_blocks) {
    const int64_t *seeds = seeds_of(runs, workers, problem, methods, n_methods, arena, n_blocks);
    double *values = BASE_NEW_ARRAY(arena, *n_blocks * n_methods * n_costs, double);
    for (size_t i = 0; i < *n_blocks * n_methods * n_costs; i++) values[i] = NAN;
    for (size_t m = 0; m < n_methods; m++) {
        size_t n, block = 0;
        const bench_run *run = bench_runs_of(runs, workers, problem, methods[m], &n);
        for (size_t i = 0; i < n; i++) { /* both ascend */
            while (seeds[block] != run[i].seed) block++;
            bench_curve_on(&run[i].curve, costs, n_costs, &values[(block * n_methods + m) * n_costs]);
        }
    }
    return values;
}

double *bench_sample_on(const bench_runs *runs, size_t workers, size_t problem, size_t method, const double *costs,
                        size_t n_costs, base_arena *arena, size_t *n) {
    const bench_run *run = bench_runs_of(runs, workers, problem, method, n);
    double *values = BASE_NEW_ARRAY(arena, *n * n_costs, double);
    for (size_t i = 0; i < *n; i++) bench_curve_on(&run[i].curve, costs, n_costs, &values[i * n_costs]);
    return values;
}

double *bench_sample_at(const bench_runs *runs, size_t workers, size_t problem, size_t method, double cost,
                        base_arena *arena, size_t *n) {
    size_t all, count = 0;
    double *values = bench_sample_on(runs, workers, problem, method, &cost, 1, arena, &all);
    for (size_t i = 0; i < all; i++)
        if (!isnan(values[i])) values[count++] = values[i];
    *n = count;
    return values;
}
