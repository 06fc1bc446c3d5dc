/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Costs to targets, with simulated restarts. */
#include "benchmarks/stats/runtime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "benchmarks/stats/sample.h"

bench_runtime bench_runtime_of(const bench_curve *curve, double target) {
    const double cost = bench_curve_hit(curve, target);
    return isfinite(cost) ? (bench_runtime){cost, true} : (bench_runtime){curve->end, false};
}

static int by_cost(const void *a, const void *b) {
    const bench_runtime *x = a, *y = b;
    if (isnan(x->cost) || isnan(y->cost)) return isnan(x->cost) - isnan(y->cost);
    if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
    return (int)x->solved - (int)y->solved;
}

/* A copy in an order of its own, without what was not measured. Free with free(). */
static bench_runtime *sorted_runs(const bench_runtime *runs, size_t n, size_t *measured, size_t *solved) {
    bench_runtime *sorted = base_malloc((n + 1) * sizeof *sorted);
    if (n > 0) memcpy(sorted, runs, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_cost);
    while (n > 0 && isnan(sorted[n - 1].cost)) n--;
    *measured = n;
    *solved = 0;
    for (size_t i = 0; i < n; i++) *solved += sorted[i].solved;
    return sorted;
}

double bench_expected_runtime(const bench_runtime *runs, size_t n) {
    size_t measured, solved;
    bench_runtime *sorted = sorted_runs(runs, n, &measured, &solved);
    double spent = 0;
    for (size_t i = 0; i < measured; i++) spent += sorted[i].cost;
    free(sorted);
    if (measured == 0) return NAN;
    return solved > 0 ? spent / (double)solved : INFINITY;
}

void bench_simulate_restarts(const bench_target_runs *target, size_t samples, uint64_t seed, uint32_t number,
                             double *costs) {
    size_t n, solved;
    bench_runtime *runs = sorted_runs(target->runs, target->n, &n, &solved);
    for (size_t s = 0; s < samples; s++) {
        if (solved == 0) {
            costs[s] = INFINITY;
            continue;
        }
        base_rng rng = base_rng_stream(seed, BASE_RNG_BOOTSTRAP, (uint32_t)s, number);
        const bench_runtime *run = &runs[s * n / samples];
        costs[s] = run->cost;
        while (!run->solved) {
            run = &runs[base_rng_below(&rng, n)];
            costs[s] += run->cost;
        }
    }
    free(runs);
    bench_sample_sort(costs, samples);
}

void bench_ecdf(const bench_target_runs *pairs, size_t count, size_t samples, uint64_t seed, double *costs) {
    for (size_t k = 0; k < count; k++)
        bench_simulate_restarts(&pairs[k], samples, seed, (uint32_t)k, &costs[k * samples]);
    bench_sample_sort(costs, count * samples);
}

double bench_ecdf_at(const double *costs, size_t n, double cost) {
    size_t reached = 0, high = n;
    while (reached < high) {
        const size_t middle = reached + (high - reached) / 2;
        if (costs[middle] <= cost && isfinite(costs[middle]))
            reached = middle + 1;
        else
            high = middle;
    }
    return n > 0 ? (double)reached / (double)n : NAN;
}
