/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rank tests of two samples. Ranks are multiples of one half; twice a rank is an integer, and so the distributions of
 * rank sums are arrays. Their entries are sums of positive terms, so that even the smallest tail is accurate. */
#include "benchmarks/stats/two_samples.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "benchmarks/stats/sample.h"

/* p of a sum with this distribution over 0..count-1, where the sum is `at`. */
static double two_tails(const double *probability, size_t count, size_t at) {
    double below = 0, above = 0;
    for (size_t s = 0; s <= at; s++) below += probability[s];
    for (size_t s = at; s < count; s++) above += probability[s];
    return fmin(1, 2 * fmin(below, above));
}

/* With half a unit for continuity. */
static double normal_p(double statistic, double mean, double variance) {
    if (!(variance > 0)) return 1;
    return fmin(1, 2 * gsl_cdf_ugaussian_Q((fabs(statistic - mean) - .5) / sqrt(variance)));
}

static size_t twice(double rank) {
    return (size_t)(2 * rank + .5);
}

/* The distribution of twice the sum of `chosen` of `n` ranks, all choices being equally likely: an array with an entry
 * for each sum up to that of all ranks. Ranks are passed one after another; after j of them, with i chosen,
 * the next one is chosen with probability (chosen - i) / (n - j). */
static const double *choice_sums(base_arena *arena, const double *ranks, size_t n, size_t chosen, size_t *count) {
    size_t total = 0;
    for (size_t j = 0; j < n; j++) total += twice(ranks[j]);
    const size_t width = total + 1;
    double *p = BASE_NEW_ARRAY(arena, (chosen + 1) * width, double); /* p[i width + s]: i chosen, with sum s */
    p[0] = 1;
    size_t passed = 0; /* the sum of the ranks so far */
    for (size_t j = 0; j < n; j++) {
        const size_t rank = twice(ranks[j]);
        passed += rank;
        for (size_t i = chosen + 1; i-- > 0;) { /* downwards: row i takes from row i - 1 before that one changes */
            double *row = &p[i * width];
            const double take = i > 0 ? (double)(chosen - i + 1) / (double)(n - j) : 0;
            const double keep = chosen - i < n - j ? 1 - (double)(chosen - i) / (double)(n - j) : 0;
            for (size_t s = 0; s <= passed; s++) row[s] *= keep;
            if (i == 0) continue;
            const double *fewer = row - width;
            for (size_t s = rank; s <= passed; s++) row[s] += take * fewer[s - rank];
        }
    }
    *count = width;
    return &p[chosen * width];
}

/* n + m ranks; those of the smaller sample are counted. */
static double mann_whitney_exact(base_arena *arena, const double *ranks, size_t n, size_t m) {
    const double *counted = n <= m ? ranks : ranks + n;
    const size_t chosen = n <= m ? n : m;
    size_t sum = 0, count;
    for (size_t i = 0; i < chosen; i++) sum += twice(counted[i]);
    const double *probability = choice_sums(arena, ranks, n + m, chosen, &count);
    return two_tails(probability, count, sum);
}

/* Appends what was measured; returns how much that is. */
static size_t measured(const double *values, size_t n, double *out) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) out[count++] = values[i];
    return count;
}

bench_test bench_mann_whitney(const double *a, size_t n, const double *b, size_t m, bench_p_value how) {
    base_arena *arena = base_arena_create();
    double *pooled = BASE_NEW_ARRAY(arena, n + m, double), *ranks = BASE_NEW_ARRAY(arena, n + m, double);
    bench_test test = {.p = 1};
    test.n = measured(a, n, pooled);
    test.m = measured(b, m, pooled + test.n);
    test.smallest_p = bench_mann_whitney_smallest_p(test.n, test.m);
    test.exact = how == BENCH_P_AUTO && test.n <= BENCH_EXACT_MAX && test.m <= BENCH_EXACT_MAX;
    if (test.n > 0 && test.m > 0) {
        const double x = (double)test.n, y = (double)test.m, all = x + y;
        const double ties = bench_midranks(pooled, test.n + test.m, ranks);
        for (size_t i = 0; i < test.n; i++) test.statistic += ranks[i];
        test.statistic -= x * (x + 1) / 2;
        test.p = test.exact ? mann_whitney_exact(arena, ranks, test.n, test.m)
                            : normal_p(test.statistic, x * y / 2, x * y / 12 * (all + 1 - ties / (all * (all - 1))));
    }
    base_arena_destroy(arena);
    return test;
}

double bench_mann_whitney_smallest_p(size_t n, size_t m) {
    double p = 2;
    for (size_t i = 1; i <= n; i++) p *= (double)i / (double)(m + i);
    return fmin(1, p);
}

/* ---- pairs ---- */

/* Of |a - b|, with its sign apart. */
typedef struct differences {
    size_t pairs, n, zeros;
    double *size, *rank;
    bool *positive;
} differences;

/* Two failures are equal, although infinity minus infinity is no number. */
static double difference(double a, double b) {
    return a == b ? 0 : a - b;
}

/* Pairs of which both were measured; without zeros, unless they are wanted. */
static differences subtract(base_arena *arena, const double *a, const double *b, size_t n, bool with_zeros) {
    differences d = {.size = BASE_NEW_ARRAY(arena, n, double), .rank = BASE_NEW_ARRAY(arena, n, double)};
    d.positive = BASE_NEW_ARRAY(arena, n, bool);
    for (size_t i = 0; i < n; i++) {
        if (isnan(a[i]) || isnan(b[i])) continue;
        const double by = difference(a[i], b[i]);
        d.pairs++;
        d.zeros += by == 0;
        if (by == 0 && !with_zeros) continue;
        d.size[d.n] = fabs(by);
        d.positive[d.n++] = by > 0;
    }
    return d;
}

/* Leaves the ranks of differences that are not zero. Returns the sum of t^3 - t over ties among these. */
static double rank_differences(differences *d) {
    double ties = bench_midranks(d->size, d->n, d->rank);
    size_t left = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (d->size[i] == 0) continue;
        d->rank[left] = d->rank[i];
        d->positive[left++] = d->positive[i];
    }
    const double ranked_zeros = (double)(d->n - left);
    d->n = left;
    return ties - (ranked_zeros * ranked_zeros * ranked_zeros - ranked_zeros);
}

/* Every rank is counted or not, with probability one half: the distribution of twice the sum. */
static double signed_ranks_exact(base_arena *arena, const differences *d) {
    size_t total = 0, sum = 0, passed = 0;
    for (size_t i = 0; i < d->n; i++) {
        total += twice(d->rank[i]);
        if (d->positive[i]) sum += twice(d->rank[i]);
    }
    double *p = BASE_NEW_ARRAY(arena, total + 1, double);
    p[0] = 1;
    for (size_t i = 0; i < d->n; i++) {
        const size_t rank = twice(d->rank[i]);
        passed += rank;
        for (size_t s = passed + 1; s-- > 0;) p[s] = (p[s] + (s >= rank ? p[s - rank] : 0)) / 2;
    }
    return two_tails(p, total + 1, sum);
}

bench_test bench_wilcoxon(const double *a, const double *b, size_t n, bench_zeros zeros, bench_p_value how) {
    base_arena *arena = base_arena_create();
    differences d = subtract(arena, a, b, n, zeros == BENCH_ZEROS_PRATT);
    bench_test test = {.p = 1, .n = d.pairs, .m = d.pairs, .smallest_p = bench_wilcoxon_smallest_p(d.pairs)};
    test.exact = how == BENCH_P_AUTO && d.n <= BENCH_EXACT_MAX;
    const double ranked = (double)d.n, ties = rank_differences(&d), skipped = ranked - (double)d.n;
    for (size_t i = 0; i < d.n; i++)
        if (d.positive[i]) test.statistic += d.rank[i];
    /* Of the sum of all ranks, and of all squared ranks, those of zeros are missing. */
    const double mean = (ranked * (ranked + 1) - skipped * (skipped + 1)) / 4;
    const double squares = ranked * (ranked + 1) * (2 * ranked + 1) - skipped * (skipped + 1) * (2 * skipped + 1);
    if (d.n > 0)
        test.p = test.exact ? signed_ranks_exact(arena, &d) : normal_p(test.statistic, mean, squares / 24 - ties / 48);
    base_arena_destroy(arena);
    return test;
}

double bench_wilcoxon_smallest_p(size_t n) {
    return n > 1 ? ldexp(1, 1 - (int)n) : 1;
}
