/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pairs of methods differ, and the groups of those that do not. */
#include "benchmarks/stats/many_methods.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "benchmarks/stats/sample.h"

/* What a difference of mean ranks is measured in: Demsar, section 3.2.2. */
static double rank_unit(size_t blocks, size_t methods) {
    const double k = (double)methods;
    return sqrt(k * (k + 1) / (6 * (double)blocks));
}

double bench_nemenyi_difference(double alpha, size_t blocks, size_t methods) {
    return bench_range_quantile(alpha, methods) / sqrt(2) * rank_unit(blocks, methods);
}

void bench_nemenyi(const double *mean_rank, size_t blocks, size_t methods, double *p) {
    for (size_t i = 0; i < methods; i++)
        for (size_t j = 0; j < methods; j++) {
            const double apart = fabs(mean_rank[i] - mean_rank[j]);
            p[i * methods + j] =
                i == j || blocks == 0 ? 1 : bench_range_tail(sqrt(2) * apart / rank_unit(blocks, methods), methods);
        }
}

static double *complete_blocks(base_arena *arena, const double *values, size_t blocks, size_t methods,
                               size_t *complete) {
    double *columns = BASE_NEW_ARRAY(arena, blocks * methods, double); /* methods x blocks */
    *complete = 0;
    for (size_t b = 0; b < blocks; b++) {
        if (!bench_sample_complete(&values[b * methods], methods)) continue;
        for (size_t m = 0; m < methods; m++) columns[m * blocks + *complete] = values[b * methods + m];
        ++*complete;
    }
    return columns;
}

void bench_wilcoxon_holm(const double *values, size_t blocks, size_t methods, bench_zeros zeros, double *p) {
    base_arena *arena = base_arena_create();
    size_t n, pairs = 0;
    const double *columns = complete_blocks(arena, values, blocks, methods, &n);
    double *of_pairs = BASE_NEW_ARRAY(arena, methods * methods, double);
    for (size_t i = 0; i < methods; i++)
        for (size_t j = i + 1; j < methods; j++)
            of_pairs[pairs++] = bench_wilcoxon(&columns[i * blocks], &columns[j * blocks], n, zeros, BENCH_P_AUTO).p;
    bench_holm(of_pairs, pairs, of_pairs);
    pairs = 0;
    for (size_t i = 0; i < methods; i++) {
        p[i * methods + i] = 1;
        for (size_t j = i + 1; j < methods; j++) p[i * methods + j] = p[j * methods + i] = of_pairs[pairs++];
    }
    base_arena_destroy(arena);
}

typedef struct ordered {
    double value;
    size_t index;
} ordered;

static int by_value(const void *a, const void *b) {
    const ordered *x = a, *y = b;
    if (x->value != y->value && !(isnan(x->value) && isnan(y->value)))
        return isnan(y->value) || x->value < y->value ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Sorted by value, then by index; NaN last. Free with free(). */
static ordered *in_order(const double *values, size_t n) {
    ordered *items = base_malloc((n + 1) * sizeof *items);
    for (size_t i = 0; i < n; i++) items[i] = (ordered){values[i], i};
    qsort(items, n, sizeof *items, by_value);
    return items;
}

void bench_holm(const double *p, size_t n, double *adjusted) {
    ordered *items = in_order(p, n);
    size_t tests = n;
    while (tests > 0 && isnan(items[tests - 1].value)) tests--;
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (i < tests) largest = fmax(largest, fmin(1, (double)(tests - i) * items[i].value));
        adjusted[items[i].index] = i < tests ? largest : NAN;
    }
    free(items);
}

void bench_rank_order(const double *mean_rank, size_t methods, size_t *order) {
    ordered *items = in_order(mean_rank, methods);
    for (size_t i = 0; i < methods; i++) order[i] = items[i].index;
    free(items);
}

/* The last place up to which no pair differs, from `first` on. */
static size_t reach(const double *p, const size_t *order, size_t methods, double alpha, size_t first) {
    for (size_t last = first + 1; last < methods; last++)
        for (size_t i = first; i < last; i++)
            if (!(p[order[i] * methods + order[last]] > alpha)) return last - 1;
    return methods - 1;
}

size_t bench_groups(const double *p, const size_t *order, size_t methods, double alpha, bench_group *groups) {
    size_t count = 0, covered = 0;
    for (size_t first = 0; first < methods; first++) {
        const size_t last = reach(p, order, methods, alpha, first);
        if (last == first || (count > 0 && last <= covered)) continue;
        groups[count++] = (bench_group){first, last};
        covered = last;
    }
    return count;
}
