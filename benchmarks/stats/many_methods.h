/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many methods on many problems: whether they differ at all, which pairs do, and the groups of those that do not, as a
 * critical-difference diagram draws them.
 *
 * J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006, section 3.2.
 * A. Benavoli, G. Corani, F. Mangili, "Should We Really Use Post-Hoc Tests Based on Mean-Ranks?", JMLR 17, 2016:
 * whether Nemenyi's test finds two methods different depends on the others; Wilcoxon's test of each pair with Holm's
 * correction does not.
 *
 * values: blocks x methods, a block being a problem (such as the mean regret over its seeds). A block in which a method
 * is missing (NaN) is left out for all. Where nothing can be said (no block, one method, nothing but ties), p = 1. */
#ifndef BENCHMARKS_STATS_MANY_METHODS_H
#define BENCHMARKS_STATS_MANY_METHODS_H

#include "benchmarks/stats/two_samples.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- friedman.c ---- */
typedef struct bench_friedman {
    size_t blocks;           /* that are complete */
    double chi2, chi2_p;     /* corrected for ties: Hollander and Wolfe, section 7.1; methods - 1 degrees of freedom */
    double chi2_uncorrected; /* Demsar's chi^2_F: smaller than chi2 when there are ties */
    double f, f_p;           /* Iman and Davenport's F of chi2; INFINITY and 0 when all blocks agree */
} bench_friedman;

/* mean_rank: methods; NaN when no block is complete. */
bench_friedman bench_friedman_test(const double *values, size_t blocks, size_t methods, double *mean_rank);
/* (N - 1) chi2 / (N (k - 1) - chi2), F-distributed with k - 1 and (k - 1)(N - 1) degrees of freedom: R. L. Iman, J. M.
 * Davenport, Communications in Statistics 9, 1980. */
double bench_iman_davenport(double chi2, size_t blocks, size_t methods);

/* ---- studentized_range.c ---- */
/* The probability that the range of `methods` independent standard normal numbers exceeds q: the studentized range with
 * infinite degrees of freedom. Accurate relative to itself. methods >= 2, q >= 0. */
double bench_range_tail(double q, size_t methods);
/* The q that it exceeds with probability alpha, 0 < alpha < 1. */
double bench_range_quantile(double alpha, size_t methods);

/* ---- many_methods.c ---- */
/* Nemenyi's critical difference: two methods differ when their mean ranks do by at least this. Demsar, section 3.2.2;
 * q_alpha of his table 5 is bench_range_quantile over the root of 2. blocks >= 1. */
double bench_nemenyi_difference(double alpha, size_t blocks, size_t methods);
/* p[i methods + j] of every pair. */
void bench_nemenyi(const double *mean_rank, size_t blocks, size_t methods, double *p);
/* Wilcoxon's signed-rank test of every pair over the complete blocks, adjusted by Holm over all pairs. */
void bench_wilcoxon_holm(const double *values, size_t blocks, size_t methods, bench_zeros zeros, double *p);

/* Holm's step-down: adjusted p-values of n tests, in their order; adjusted may be p. NaN is no test: it stays and does
 * not count. S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6,
 * 1979. */
void bench_holm(const double *p, size_t n, double *adjusted);

/* order: methods by mean rank, best first; equal ones by index. */
void bench_rank_order(const double *mean_rank, size_t methods, size_t *order);
typedef struct bench_group {
    size_t first, last; /* places in order, first < last */
} bench_group;
/* The bars of the diagram: stretches of at least two methods next to each other in order, of which no pair differs
 * (p > alpha), and which are not part of a longer one. groups: room for `methods`; returns how many there are, from the
 * best ranks on. With p of Wilcoxon's test two methods far from each other may not differ although one between them
 * does; there is no bar over them, for a bar speaks of all that it covers. */
size_t bench_groups(const double *p, const size_t *order, size_t methods, double alpha, bench_group *groups);

#ifdef __cplusplus
}
#endif
#endif
