/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all statistics of this folder do with a list of numbers: sort it, rank it, find its mean and quantiles.
 *
 * One convention holds in the whole folder. Smaller is better. INFINITY is a failure, such as a run that found nothing:
 * it is worse than every number and as bad as any other failure. NaN is a value that nobody measured: it is left out.
 * Numbers are sorted before they are summed, so that a result does not depend on their order, not even in its last bit.
 */
#ifndef BENCHMARKS_STATS_SAMPLE_H
#define BENCHMARKS_STATS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sorts in ascending order, with NaN at the end. Returns how many are not NaN. */
size_t bench_sample_sort(double *values, size_t n);
/* None of them is NaN. */
bool bench_sample_complete(const double *values, size_t n);

/* Of n sorted values, none of them NaN; NaN when n = 0. */
double bench_sample_mean(const double *sorted, size_t n);
/* The p-quantile, 0 <= p <= 1, between order statistics at 1 + (n - 1) p: definition 7 of R. Hyndman, Y. Fan, "Sample
 * Quantiles in Statistical Packages", The American Statistician 50, 1996. Between a number and INFINITY: INFINITY. */
double bench_sample_quantile(const double *sorted, size_t n, double p);

/* ranks[i]: the rank of values[i] from 1; equal values share the mean of their ranks. NaN has the rank NaN and counts
 * for nobody. Returns the sum of t^3 - t over groups of t equal values, which corrections for ties use. */
double bench_midranks(const double *values, size_t n, double *ranks);

#ifdef __cplusplus
}
#endif
#endif
