/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Friedman's test. */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "base/arena.h"
#include "benchmarks/stats/many_methods.h"
#include "benchmarks/stats/sample.h"

/* Sums of ranks over the complete blocks, which are exact in any order. Returns the sum of t^3 - t over ties. */
static double sum_ranks(base_arena *arena, const double *values, size_t blocks, size_t methods, double *sums,
                        size_t *complete) {
    double *ranks = BASE_NEW_ARRAY(arena, methods, double), ties = 0;
    *complete = 0;
    for (size_t m = 0; m < methods; m++) sums[m] = 0;
    for (size_t b = 0; b < blocks; b++) {
        if (!bench_sample_complete(&values[b * methods], methods)) continue;
        ties += bench_midranks(&values[b * methods], methods, ranks);
        for (size_t m = 0; m < methods; m++) sums[m] += ranks[m];
        ++*complete;
    }
    return ties;
}

double bench_iman_davenport(double chi2, size_t blocks, size_t methods) {
    if (blocks < 2 || methods < 2 || !(chi2 > 0)) return 0;
    const double n = (double)blocks, most = n * (double)(methods - 1);
    /* Perfect agreement is chi2 = most, up to rounding. */
    return chi2 < most * (1 - 1e-12) ? (n - 1) * chi2 / (most - chi2) : INFINITY;
}

static double f_tail(double f, double df1, double df2) {
    if (!(f > 0)) return 1;
    return isinf(f) ? 0 : gsl_cdf_fdist_Q(f, df1, df2);
}

bench_friedman bench_friedman_test(const double *values, size_t blocks, size_t methods, double *mean_rank) {
    base_arena *arena = base_arena_create();
    bench_friedman test = {.chi2_p = 1, .f_p = 1};
    double *sums = BASE_NEW_ARRAY(arena, methods, double);
    const double ties = sum_ranks(arena, values, blocks, methods, sums, &test.blocks);
    const double n = (double)test.blocks, k = (double)methods;
    double squares = 0;
    for (size_t m = 0; m < methods; m++) {
        mean_rank[m] = test.blocks > 0 ? sums[m] / n : NAN;
        squares += pow(sums[m] - n * (k + 1) / 2, 2);
    }
    base_arena_destroy(arena);
    if (test.blocks == 0 || methods < 2) return test;
    test.chi2_uncorrected = 12 * squares / (n * k * (k + 1));
    const double untied = 1 - ties / (n * k * (k * k - 1));
    if (untied > 0) test.chi2 = test.chi2_uncorrected / untied;
    test.chi2_p = gsl_cdf_chisq_Q(test.chi2, k - 1);
    test.f = bench_iman_davenport(test.chi2, test.blocks, methods);
    test.f_p = f_tail(test.f, k - 1, (k - 1) * (n - 1));
    return test;
}
