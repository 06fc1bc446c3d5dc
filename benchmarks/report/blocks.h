/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Methods side by side: what each has reached with the same seed, as benchmarks/stats wants it. */
#ifndef BENCHMARKS_REPORT_BLOCKS_H
#define BENCHMARKS_REPORT_BLOCKS_H

#include "benchmarks/report/runs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A block is a seed that any of these methods has on the problem, in ascending order: values[(b methods + m) points +
 * i] is what method m has reached at cost i, and NaN where it has no such run, or one that ended before. In arena. */
double *bench_blocks(const bench_runs *runs, size_t workers, size_t problem, const size_t *methods, size_t n_methods,
                     const double *costs, size_t n_costs, base_arena *arena, size_t *n_blocks);

/* What the runs of a method have reached at a cost; only those that went so far, *n of them. In arena. */
double *bench_sample_at(const bench_runs *runs, size_t workers, size_t problem, size_t method, double cost,
                        base_arena *arena, size_t *n);
/* The same on a grid: runs x n_costs, with NaN. */
double *bench_sample_on(const bench_runs *runs, size_t workers, size_t problem, size_t method, const double *costs,
                        size_t n_costs, base_arena *arena, size_t *n);

#ifdef __cplusplus
}
#endif
#endif
