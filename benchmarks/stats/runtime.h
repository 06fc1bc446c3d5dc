/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What it costs to reach a target: expected running times, and the fraction of targets that are reached within a cost.
 *
 * N. Hansen et al., "COCO: a platform for comparing continuous optimizers in a black-box setting", Optimization Methods
 * and Software 36, 2021; in detail N. Hansen et al., "COCO: Performance Assessment", arXiv:1605.03560, 2016. A run that
 * missed its target is taken as the beginning of a longer search, which starts again until it succeeds. */
#ifndef BENCHMARKS_STATS_RUNTIME_H
#define BENCHMARKS_STATS_RUNTIME_H

#include <stdint.h>

#include "benchmarks/stats/curve.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_runtime {
    double cost; /* until the target was reached, or what was spent in vain; NaN: not measured */
    bool solved;
} bench_runtime;

/* Of a run with a finite end. */
bench_runtime bench_runtime_of(const bench_curve *curve, double target);

/* The expected running time of a search that is started again until it succeeds: all that the runs spent over the
 * number that succeeded. INFINITY when none did, NaN when there are no runs. */
double bench_expected_runtime(const bench_runtime *runs, size_t n);

/* The runs of a problem for one of its targets. */
typedef struct bench_target_runs {
    const bench_runtime *runs;
    size_t n;
} bench_target_runs;

/* Costs of `samples` simulated searches with restarts, sorted: a run, and while it missed the target, another one drawn
 * with replacement. INFINITY for all of them when no run reached the target, or there is none.
 * The first runs are not drawn: every run begins as many searches as every other, up to one, so that nothing is random
 * where all runs succeeded, as in COCO's program. The order of the runs does not matter; `number` tells sets of runs
 * apart, so that their draws are independent. */
void bench_simulate_restarts(const bench_target_runs *target, size_t samples, uint64_t seed, uint32_t number,
                             double *costs);

/* The costs of all simulated searches for all pairs of a problem and a target, count x samples, sorted: what
 * bench_ecdf_at looks at. The pairs are numbered in the order given. A pair that nobody ran counts as not reached. */
void bench_ecdf(const bench_target_runs *pairs, size_t count, size_t samples, uint64_t seed, double *costs);
/* The fraction of n sorted costs that are <= cost and finite; NaN when n = 0. */
double bench_ecdf_at(const double *costs, size_t n, double cost);

#ifdef __cplusplus
}
#endif
#endif
