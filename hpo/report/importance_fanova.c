/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A leaf adds its value, times its volume in the other parameters, to a run of grid points of a marginal, or to a
 * rectangle of a pair's: as differences that are summed up once at the end, so a leaf costs the same however large. */
#include <math.h>
#include <string.h>

#include "hpo/report/importance_impl.h"

enum { DRAWS = 16384, TRIES = 12, LEAST = 2 };

hpo_forest *hpo_importance_forest(const double *points, const double *targets, size_t n, size_t dims, uint64_t seed) {
    hpo_forest *forest = hpo_forest_create(dims, NULL, HPO_IMPORTANCE_TREES);
    hpo_forest_follow_closely(forest, TRIES);
    hpo_forest_fit(forest, points, targets, n, false, LEAST, seed, 0);
    return forest;
}

/* Of the grid points (k + 0.5) / cells, those in (low, high]: first to last - 1. */
static void covered(double low, double high, size_t cells, size_t *first, size_t *last) {
    const double scale = (double)cells;
    *first = (size_t)fmax(0, ceil(low * scale - 0.5));
    *last = (size_t)fmin(scale, ceil(high * scale - 0.5));
    if (high >= 1) *last = cells;
}

typedef struct adder {
    size_t dims;
    double *single; /* dims x (HPO_MARGINAL + 1) differences of one tree */
    double *pair;   /* dims x dims x (HPO_PAIR_GRID + 1)^2 differences of all trees; NULL */
    size_t *from, *to;
} adder;

static void add_pairs(const adder *a, const double *low, const double *high, double weight) {
    enum { SIDE = HPO_PAIR_GRID + 1 };
    for (size_t f = 0; f < a->dims; f++) covered(low[f], high[f], HPO_PAIR_GRID, &a->from[f], &a->to[f]);
    for (size_t i = 0; i < a->dims; i++) {
        if (a->from[i] >= a->to[i]) continue;
        const double of_i = weight / (high[i] - low[i]);
        for (size_t j = i + 1; j < a->dims; j++) {
            const double add = of_i / (high[j] - low[j]);
            double *grid = a->pair + (i * a->dims + j) * SIDE * SIDE;
            grid[a->from[i] * SIDE + a->from[j]] += add;
            grid[a->from[i] * SIDE + a->to[j]] -= add;
            grid[a->to[i] * SIDE + a->from[j]] -= add;
            grid[a->to[i] * SIDE + a->to[j]] += add;
        }
    }
}

static void add_leaf(void *self, const double *low, const double *high, double value) {
    const adder *a = self;
    double volume = 1;
    for (size_t f = 0; f < a->dims; f++) volume *= high[f] - low[f];
    for (size_t f = 0; f < a->dims; f++) {
        size_t first, last;
        covered(low[f], high[f], HPO_MARGINAL, &first, &last);
        if (first >= last) continue;
        const double add = value * volume / (high[f] - low[f]);
        a->single[f * (HPO_MARGINAL + 1) + first] += add;
        a->single[f * (HPO_MARGINAL + 1) + last] -= add;
    }
    if (a->pair) add_pairs(a, low, high, value * volume);
}

static double variance_of(const double *values, size_t n) {
    double mean = 0, sum = 0;
    for (size_t i = 0; i < n; i++) mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean) / (double)n;
    return sum;
}

/* Means and squares over the trees become means and standard deviations. */
static void sum_singles(const adder *a, hpo_fanova *out) {
    for (size_t f = 0; f < a->dims; f++) {
        double sum = 0;
        for (size_t k = 0; k < HPO_MARGINAL; k++) {
            sum += a->single[f * (HPO_MARGINAL + 1) + k];
            out->mean[f * HPO_MARGINAL + k] += sum;
            out->spread[f * HPO_MARGINAL + k] += sum * sum;
        }
    }
}

static void finish_singles(hpo_fanova *out, size_t trees) {
    const double n = (double)trees;
    for (size_t i = 0; i < out->dims * HPO_MARGINAL; i++) {
        out->mean[i] /= n;
        out->spread[i] = sqrt(fmax(0, out->spread[i] / n - out->mean[i] * out->mean[i]));
    }
    for (size_t f = 0; f < out->dims && out->variance > 0; f++)
        out->single[f] = variance_of(out->mean + f * HPO_MARGINAL, HPO_MARGINAL) / out->variance;
}

/* Sums the differences along both sides. */
static void sum_pair(const double *differences, double scale, double *surface) {
    enum { SIDE = HPO_PAIR_GRID + 1 };
    double above[HPO_PAIR_GRID] = {0};
    for (size_t i = 0; i < HPO_PAIR_GRID; i++) {
        double sum = 0;
        for (size_t j = 0; j < HPO_PAIR_GRID; j++) {
            sum += differences[i * SIDE + j];
            above[j] += sum;
            surface[i * HPO_PAIR_GRID + j] = above[j] * scale;
        }
    }
}

/* The variances of a surface's rows and columns are those of the two alone, on the same grid. */
static double interaction(const double *surface) {
    double rows[HPO_PAIR_GRID] = {0}, columns[HPO_PAIR_GRID] = {0};
    for (size_t i = 0; i < HPO_PAIR_GRID; i++)
        for (size_t j = 0; j < HPO_PAIR_GRID; j++) {
            rows[i] += surface[i * HPO_PAIR_GRID + j] / HPO_PAIR_GRID;
            columns[j] += surface[i * HPO_PAIR_GRID + j] / HPO_PAIR_GRID;
        }
    return fmax(0, variance_of(surface, (size_t)HPO_PAIR_GRID * HPO_PAIR_GRID) - variance_of(rows, HPO_PAIR_GRID) -
                       variance_of(columns, HPO_PAIR_GRID));
}

static void finish_pairs(const adder *a, hpo_fanova *out, size_t trees) {
    const size_t cells = (size_t)HPO_PAIR_GRID * HPO_PAIR_GRID, side = HPO_PAIR_GRID + 1;
    for (size_t i = 0; i < a->dims; i++)
        for (size_t j = i + 1; j < a->dims; j++) {
            double *surface = out->surface + (i * a->dims + j) * cells;
            sum_pair(a->pair + (i * a->dims + j) * side * side, 1 / (double)trees, surface);
            if (out->variance > 0) out->pair[i * a->dims + j] = interaction(surface) / out->variance;
        }
}

/* Of the forest's mean over the cube, by points drawn in it. */
static double total_variance(const hpo_forest *forest, size_t dims, uint64_t seed, base_arena *arena) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_BOOTSTRAP, 1, 0);
    double *points = BASE_NEW_ARRAY(arena, DRAWS * dims, double), *mean = BASE_NEW_ARRAY(arena, DRAWS, double);
    double *ignored = BASE_NEW_ARRAY(arena, DRAWS, double);
    for (size_t i = 0; i < DRAWS * dims; i++) points[i] = base_rng_uniform(&rng);
    hpo_forest_predict(forest, points, DRAWS, mean, ignored);
    return variance_of(mean, DRAWS);
}

hpo_fanova hpo_fanova_of(const hpo_forest *forest, size_t trees, size_t dims, bool pairs, uint64_t seed,
                         base_arena *arena) {
    hpo_fanova out = {.dims = dims,
                      .single = BASE_NEW_ARRAY(arena, dims, double),
                      .mean = BASE_NEW_ARRAY(arena, dims * HPO_MARGINAL, double),
                      .spread = BASE_NEW_ARRAY(arena, dims * HPO_MARGINAL, double)};
    base_arena *own = base_arena_create();
    adder a = {.dims = dims,
               .single = BASE_NEW_ARRAY(own, dims * (HPO_MARGINAL + 1), double),
               .from = BASE_NEW_ARRAY(own, dims, size_t),
               .to = BASE_NEW_ARRAY(own, dims, size_t)};
    if (pairs) {
        a.pair = BASE_NEW_ARRAY(own, dims * dims * (HPO_PAIR_GRID + 1) * (HPO_PAIR_GRID + 1), double);
        out.pair = BASE_NEW_ARRAY(arena, dims * dims, double);
        out.surface = BASE_NEW_ARRAY(arena, dims * dims * HPO_PAIR_GRID * HPO_PAIR_GRID, double);
    }
    out.variance = total_variance(forest, dims, seed, own);
    for (size_t t = 0; t < trees; t++) {
        memset(a.single, 0, dims * (HPO_MARGINAL + 1) * sizeof *a.single);
        hpo_forest_boxes(forest, t, add_leaf, &a);
        sum_singles(&a, &out);
    }
    finish_singles(&out, trees);
    if (pairs) finish_pairs(&a, &out, trees);
    base_arena_destroy(own);
    return out;
}
