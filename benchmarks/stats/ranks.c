/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Average ranks. Ranks are multiples of one half, so that their sums and those of their squares are exact. */
#include "benchmarks/stats/ranks.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "benchmarks/stats/sample.h"

/* Of one method on one problem at one point. */
typedef struct moments {
    size_t n;
    double sum, squares;
} moments;

/* Adds the ranks of a block's methods; nothing where one of them is missing. */
static void add_block(const double *values, size_t methods, double *ranks, moments *sums) {
    if (!bench_sample_complete(values, methods)) return;
    bench_midranks(values, methods, ranks);
    for (size_t m = 0; m < methods; m++) {
        sums[m].n++;
        sums[m].sum += ranks[m];
        sums[m].squares += ranks[m] * ranks[m];
    }
}

/* The sample variance of n numbers with these sums. */
static double variance(double n, double sum, double squares) {
    return n > 1 ? fmax(0, (squares - sum * sum / n) / (n - 1)) : NAN;
}

/* sums: of the method on each problem, `stride` apart. */
static bench_rank mean_rank(const moments *sums, size_t problems, size_t stride) {
    bench_rank rank = {.mean = NAN, .problem_error = NAN, .seed_error = NAN};
    double sum = 0, seeds = 0, spread = 0;
    for (size_t p = 0; p < problems; p++) {
        const moments *of = &sums[p * stride];
        if (of->n == 0) continue;
        rank.blocks += of->n;
        rank.problems++;
        sum += of->sum / (double)of->n;
        seeds += variance((double)of->n, of->sum, of->squares) / (double)of->n;
    }
    if (rank.problems == 0) return rank;
    const double n = (double)rank.problems;
    rank.mean = sum / n;
    rank.seed_error = sqrt(seeds) / n;
    for (size_t p = 0; p < problems; p++) {
        const moments *of = &sums[p * stride];
        if (of->n > 0) spread += pow(of->sum / (double)of->n - rank.mean, 2);
    }
    if (rank.problems > 1) rank.problem_error = sqrt(spread / (n - 1) / n);
    return rank;
}

void bench_mean_ranks(const double *values, size_t blocks, size_t methods, size_t points, const uint32_t *problem,
                      bench_rank *ranks) {
    size_t problems = 0;
    for (size_t b = 0; b < blocks; b++)
        if (problem[b] >= problems) problems = (size_t)problem[b] + 1;
    base_arena *arena = base_arena_create();
    moments *sums = BASE_NEW_ARRAY(arena, problems * methods, moments);
    double *at = BASE_NEW_ARRAY(arena, methods, double), *rank = BASE_NEW_ARRAY(arena, methods, double);
    for (size_t i = 0; i < points; i++) {
        memset(sums, 0, problems * methods * sizeof *sums);
        for (size_t b = 0; b < blocks; b++) {
            for (size_t m = 0; m < methods; m++) at[m] = values[(b * methods + m) * points + i];
            add_block(at, methods, rank, &sums[problem[b] * methods]);
        }
        for (size_t m = 0; m < methods; m++) ranks[m * points + i] = mean_rank(sums + m, problems, methods);
    }
    base_arena_destroy(arena);
}
