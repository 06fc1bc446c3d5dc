/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The percentile bootstrap: an interval for a statistic from samples drawn with replacement from the sample at hand.
 *
 * B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, chapters 6 and 13. Every
 * resample has a stream of random numbers of its own, so that an interval is a function of the data and the seed. */
#ifndef BENCHMARKS_STATS_BOOTSTRAP_H
#define BENCHMARKS_STATS_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_bootstrap {
    size_t resamples; /* at least 1; an interval wants 1000 or more */
    double level;     /* in (0, 1): how much of the resamples lies in the interval */
    uint64_t seed;
} bench_bootstrap;

typedef struct bench_interval {
    double estimate, low, high; /* NaN: there was nothing to estimate from */
} bench_interval;

/* Draws n of n elements with replacement: counts[i] becomes how often element i was drawn. A function of the seed, the
 * number of the resample and that of the sample: samples that are independent of each other have different numbers. */
void bench_bootstrap_draw(const bench_bootstrap *how, size_t resample, uint32_t sample, size_t n, size_t *counts);
/* The interval from the statistic's values in all resamples, which are sorted for it. */
bench_interval bench_bootstrap_interval(const bench_bootstrap *how, double estimate, double *replicates);

#ifdef __cplusplus
}
#endif
#endif
