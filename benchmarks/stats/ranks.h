/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The average rank of methods over problems and seeds, at every point of a grid of costs.
 *
 * N. Mallik et al., "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning", NeurIPS 2023,
 * figures of relative rank: methods are ranked for every problem and seed, ranks are averaged over the seeds of a
 * problem, then over problems, and the standard error is that of the mean over problems.
 *
 * Before anybody has an incumbent all are tied at (methods + 1) / 2; who has none yet is tied behind those who have. */
#ifndef BENCHMARKS_STATS_RANKS_H
#define BENCHMARKS_STATS_RANKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_rank {
    double mean;          /* NaN: no block is complete here */
    double problem_error; /* standard error of the mean over problems, as in the paper; NaN with fewer than two */
    /* Standard error from the seeds alone, the problems being given: the root of sum_p s_p^2 / n_p over the number of
     * problems. NaN where a problem has fewer than two blocks. */
    double seed_error;
    size_t blocks, problems; /* how many are behind it */
} bench_rank;

/* A block is a problem with a seed; all methods are ranked within it. values: blocks x methods x points, smaller is
 * better; problem: of each block its number, from 0 without large gaps; ranks: methods x points.
 * A block in which any method is missing at a point (NaN: it was not run, or ended at a smaller cost) is left out there
 * for all methods, so that all ranks at a point speak of the same runs: compare `blocks` with what there should be.
 * Only equal values are tied: regrets that differ by rounding alone are clipped first, where that matters. The order of
 * the blocks does not matter. */
void bench_mean_ranks(const double *values, size_t blocks, size_t methods, size_t points, const uint32_t *problem,
                      bench_rank *ranks);

#ifdef __cplusplus
}
#endif
#endif
