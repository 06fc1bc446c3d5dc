/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two methods: how often one is better than the other, and whether that can be chance.
 *
 * Tests are two-sided: p is twice the smaller tail, at most 1. For up to BENCH_EXACT_MAX runs they are exact: the
 * distribution of the statistic over all assignments of the ranks at hand, found by dynamic programming. With ties and
 * zeros it is the conditional distribution, given them; without, the one that tables print. Beyond, or on demand, a
 * normal distribution with corrections for ties and for continuity stands for it. */
#ifndef BENCHMARKS_STATS_TWO_SAMPLES_H
#define BENCHMARKS_STATS_TWO_SAMPLES_H

#include <stdbool.h>

#include "benchmarks/stats/bootstrap.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_EXACT_MAX 50 /* runs of either method, or pairs */

/* ---- superiority.c ---- */
/* The probability that a run of the first method is better (smaller) than one of the second, ties counting one half:
 * the measure A of A. Vargha, H. D. Delaney, "A Critique and Improvement of the CL Common Language Effect Size
 * Statistics of McGraw and Wong", Journal of Educational and Behavioral Statistics 25, 2000. NaN when a sample is
 * empty. */
double bench_superiority(const double *a, size_t n, const double *b, size_t m);
/* With the interval of bootstrap.h: the runs of each method are drawn anew. Where all runs of one method are better
 * than all of the other, the interval is a point. */
bench_interval bench_superiority_interval(const double *a, size_t n, const double *b, size_t m,
                                          const bench_bootstrap *how);

/* ---- two_samples.c ---- */
typedef enum bench_p_value { BENCH_P_AUTO, BENCH_P_NORMAL } bench_p_value; /* the first: exact where possible */

typedef struct bench_test {
    double statistic, p; /* p = 1 where nothing can be said: an empty sample, or nothing but ties */
    double smallest_p;   /* that so many runs could give, without ties and zeros */
    size_t n, m;         /* how many values of either method, or how many pairs (n = m), were measured */
    bool exact;
} bench_test;

/* Unpaired runs. statistic: U of the first method, the number of pairs in which its value is the larger one, ties
 * counting one half; superiority is 1 - U / (n m). H. B. Mann, D. R. Whitney, Annals of Mathematical Statistics 18,
 * 1947; M. Hollander, D. A. Wolfe, "Nonparametric Statistical Methods", Wiley 1999, section 4.1. */
bench_test bench_mann_whitney(const double *a, size_t n, const double *b, size_t m, bench_p_value how);
/* 2 / (n + m choose n), at most 1. */
double bench_mann_whitney_smallest_p(size_t n, size_t m);

/* What becomes of pairs without a difference: they are left out (F. Wilcoxon, Biometrics Bulletin 1, 1945), or they are
 * ranked with the others and their ranks left out (J. W. Pratt, Journal of the American Statistical Association 54,
 * 1959). */
typedef enum bench_zeros { BENCH_ZEROS_WILCOXON, BENCH_ZEROS_PRATT } bench_zeros;

/* n pairs, such as two methods on n problems. statistic: the sum of the ranks of |a - b| where a is the larger one. Two
 * failures are no difference, a failure against a number is larger than every other. Hollander and Wolfe, section 3.1.
 */
bench_test bench_wilcoxon(const double *a, const double *b, size_t n, bench_zeros zeros, bench_p_value how);
/* 2^(1 - n), at most 1. */
double bench_wilcoxon_smallest_p(size_t n);

#ifdef __cplusplus
}
#endif
#endif
