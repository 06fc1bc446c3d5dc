/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Draws with replacement, and percentiles of what they gave. */
#include "benchmarks/stats/bootstrap.h"

#include <string.h>

#include "base/rng.h"
#include "benchmarks/stats/sample.h"

void bench_bootstrap_draw(const bench_bootstrap *how, size_t resample, uint32_t sample, size_t n, size_t *counts) {
    base_rng rng = base_rng_stream(how->seed, BASE_RNG_BOOTSTRAP, (uint32_t)resample, sample);
    memset(counts, 0, n * sizeof *counts);
    for (size_t i = 0; i < n; i++) counts[base_rng_below(&rng, n)]++;
}

bench_interval bench_bootstrap_interval(const bench_bootstrap *how, double estimate, double *replicates) {
    BASE_ASSERT(how->resamples > 0 && how->level > 0 && how->level < 1);
    const size_t n = bench_sample_sort(replicates, how->resamples);
    const double tail = (1 - how->level) / 2;
    return (bench_interval){estimate, bench_sample_quantile(replicates, n, tail),
                            bench_sample_quantile(replicates, n, 1 - tail)};
}
