/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many runs on one grid of costs: their mean or median with a bootstrap band, and their quantiles.
 *
 * values: a row for each run with a value for each point of the grid, as bench_curve_on fills it. The order of the runs
 * does not matter. A band is pointwise: at every point it is the interval of bootstrap.h for the runs there. */
#ifndef BENCHMARKS_STATS_BANDS_H
#define BENCHMARKS_STATS_BANDS_H

#include "benchmarks/stats/bootstrap.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bench_center { BENCH_MEAN, BENCH_MEDIAN } bench_center;

/* problem: NULL, or for each run the number of its problem, from 0 without large gaps. With problems the estimate is
 * the mean over problems of the center of each problem's runs, and runs are drawn anew within their problem (Efron and
 * Tibshirani, section 8.3): the problems are those of the suite, and not a sample. A problem without a value at a point
 * is left out there. */
void bench_band(const double *values, size_t runs, size_t points, const uint32_t *problem, bench_center center,
                const bench_bootstrap *how, bench_interval *band);

/* quantiles[i]: the p-quantile of the runs at point i; p = 0.5 is the median. */
void bench_band_quantile(const double *values, size_t runs, size_t points, double p, double *quantiles);

#ifdef __cplusplus
}
#endif
#endif
