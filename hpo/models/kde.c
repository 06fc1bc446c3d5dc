/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BOHB's kernel density estimator (S. Falkner, A. Klein, F. Hutter, "BOHB: Robust and Efficient Hyperparameter
 * Optimization at Scale", ICML 2018, section 4), with the choices of its implementation HpBandSter.
 *
 * - Bandwidths by the normal reference rule, h = 1.06 sigma n^(-1/(4 + d)), for choices by the deviation of their
 *   indices; never below min_bandwidth.
 * - Numbers: a product of normals, not corrected at the bounds. Choices: the kernel of J. Aitchison and C. G. G. Aitken
 *   (Biometrika 63, 1976): 1 - h for the same choice, h / (c - 1) for another.
 * - An inactive coordinate is filled from a point of the same set that has it, together with all that the row lacks.
 *
 * Repaired here: c is the declared number of choices, not the number seen in the data, which divides by zero when it is
 * 1; h of a choice is at most (c - 1)/c, where the kernel is uniform, so that no density is negative; filling goes on
 * until no hole is left, also when only the first coordinate is missing.
 *
 * Speed: numbers are kept divided by sqrt(2) h, in tiles of TILE points, so that a density is sums of squares in
 * registers (sums.c). */
#include "hpo/models/kde.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/sums.h"
#include "hpo/models/truncated_normal.h"

enum { TILE = HPO_LANES };
static const double SQRT_1_2 = 0.70710678118654752440, LN_SQRT_2PI = 0.91893853320467274178;

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

bool hpo_kde_split(size_t dims, size_t n, size_t min_points, double percent, size_t *good, size_t *bad) {
    const size_t least = larger(min_points, dims + 1);
    *good = larger(least, (size_t)floor(percent * (double)n / 100));
    *bad = larger(least, (size_t)floor((100 - percent) * (double)n / 100));
    if (*good > n) *good = n;
    if (*bad > n - *good) *bad = n - *good;
    return *good > dims && *bad > dims;
}

struct hpo_kde {
    const hpo_space *space;
    size_t dims, n, capacity; /* capacity: points, a multiple of TILE */
    double min_bandwidth;
    double *bandwidth; /* by coordinate */
    size_t *choices;   /* by coordinate; 0 = a number */
    size_t *numeric;   /* the coordinates that are numbers */
    size_t n_numeric;
    double *data;  /* n x dims */
    double *tiles; /* for each tile, for each number: TILE coordinates divided by sqrt(2) h */
    double *values;
    double *same, *other; /* by coordinate: log kernel of a choice */
    double log_norm;
};

hpo_kde *hpo_kde_create(const hpo_space *space, double min_bandwidth) {
    hpo_kde *kde = base_calloc(1, sizeof *kde);
    kde->space = space;
    kde->dims = hpo_space_dims(space);
    kde->min_bandwidth = min_bandwidth;
    kde->bandwidth = base_calloc(kde->dims + 1, sizeof *kde->bandwidth);
    kde->choices = base_calloc(kde->dims + 1, sizeof *kde->choices);
    kde->numeric = base_calloc(kde->dims + 1, sizeof *kde->numeric);
    kde->same = base_calloc(kde->dims + 1, sizeof *kde->same);
    kde->other = base_calloc(kde->dims + 1, sizeof *kde->other);
    for (size_t d = 0; d < kde->dims; d++) {
        const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
        if (param->kind == HPO_CATEGORICAL) {
            kde->choices[d] = param->n_choices;
        } else {
            kde->numeric[kde->n_numeric++] = d;
        }
    }
    return kde;
}

void hpo_kde_destroy(hpo_kde *kde) {
    if (!kde) return;
    free(kde->bandwidth);
    free(kde->choices);
    free(kde->numeric);
    free(kde->data);
    free(kde->tiles);
    free(kde->values);
    free(kde->same);
    free(kde->other);
    free(kde);
}

static double *resized(double *data, size_t count) {
    void *bytes = data;
    size_t capacity = 0;
    base_grow_bytes(&bytes, &capacity, count, sizeof *data);
    return bytes;
}

static void reserve(hpo_kde *kde, size_t n) {
    if (n <= kde->capacity) return;
    const size_t wanted = n > 2 * kde->capacity ? n : 2 * kde->capacity;
    kde->capacity = (wanted + TILE - 1) / TILE * TILE;
    kde->data = resized(kde->data, kde->capacity * kde->dims + 1);
    kde->tiles = resized(kde->tiles, kde->capacity * kde->n_numeric + 1);
    kde->values = resized(kde->values, kde->capacity);
}

/* ---- fitting ---- */

typedef struct donors {
    const double *unit;
    const size_t *rows;
    size_t n;
} donors;

/* A random point that has the coordinate, or SIZE_MAX. */
static size_t find_donor(const donors *from, size_t dims, size_t dim, base_rng *rng) {
    size_t count = 0;
    for (size_t i = 0; i < from->n; i++) count += !isnan(from->unit[from->rows[i] * dims + dim]) ? 1 : 0;
    if (count == 0) return SIZE_MAX;
    uint64_t left = base_rng_below(rng, count);
    for (size_t i = 0;; i++) {
        if (isnan(from->unit[from->rows[i] * dims + dim])) continue;
        if (left-- == 0) return from->rows[i];
    }
}

/* Each pass fills at least the first hole: the donor has it, or nobody has. */
static void fill_holes(const hpo_kde *kde, double *point, const donors *from, base_rng *rng) {
    for (size_t hole = 0; hole < kde->dims; hole++) {
        if (!isnan(point[hole])) continue;
        const size_t donor = find_donor(from, kde->dims, hole, rng);
        if (donor == SIZE_MAX) {
            point[hole] = base_rng_uniform(rng);
            continue;
        }
        const double *row = from->unit + donor * kde->dims;
        for (size_t d = hole; d < kde->dims; d++) {
            if (isnan(point[d])) point[d] = row[d];
        }
    }
}

static void copy_points(hpo_kde *kde, const donors *from, const uint64_t *trial, uint64_t seed) {
    for (size_t i = 0; i < kde->n; i++) {
        double *point = kde->data + i * kde->dims;
        memcpy(point, from->unit + from->rows[i] * kde->dims, kde->dims * sizeof *point);
        size_t holes = 0;
        for (size_t d = 0; d < kde->dims; d++) holes += isnan(point[d]) ? 1 : 0;
        if (holes > 0) {
            base_rng rng = base_rng_stream(seed, BASE_RNG_BOOTSTRAP, (uint32_t)trial[i], (uint32_t)kde->n);
            fill_holes(kde, point, from, &rng);
        }
    }
    for (size_t d = 0; d < kde->dims; d++) {
        if (kde->choices[d] == 0) continue;
        const hpo_param *param = hpo_space_param(kde->space, hpo_space_dim_param(kde->space, d));
        for (size_t i = 0; i < kde->n; i++) {
            double *x = &kde->data[i * kde->dims + d];
            *x = hpo_param_from_unit(param, *x);
        }
    }
}

static void fit_bandwidths(hpo_kde *kde) {
    const double n = (double)kde->n, shrink = 1.06 * pow(n, -1 / (4 + (double)kde->dims));
    double *mean = kde->same, *square = kde->other; /* free until set_kernels */
    memset(mean, 0, kde->dims * sizeof *mean);
    memset(square, 0, kde->dims * sizeof *square);
    for (size_t i = 0; i < kde->n; i++) {
        for (size_t d = 0; d < kde->dims; d++) mean[d] += kde->data[i * kde->dims + d];
    }
    for (size_t d = 0; d < kde->dims; d++) mean[d] /= n;
    for (size_t i = 0; i < kde->n; i++) {
        for (size_t d = 0; d < kde->dims; d++) {
            const double x = kde->data[i * kde->dims + d] - mean[d];
            square[d] += x * x;
        }
    }
    for (size_t d = 0; d < kde->dims; d++) {
        const double c = (double)kde->choices[d];
        kde->bandwidth[d] = fmax(shrink * sqrt(square[d] / n), kde->min_bandwidth);
        if (c > 0) kde->bandwidth[d] = fmin(kde->bandwidth[d], (c - 1) / c);
    }
}

static void set_kernels(hpo_kde *kde) {
    kde->log_norm = -log((double)kde->n);
    for (size_t d = 0; d < kde->dims; d++) {
        const double h = kde->bandwidth[d], c = (double)kde->choices[d];
        if (kde->choices[d] == 0) {
            kde->log_norm -= LN_SQRT_2PI + log(h);
        } else {
            kde->same[d] = log1p(-h);
            kde->other[d] = c > 1 ? log(h / (c - 1)) : 0;
        }
    }
    for (size_t i = 0; i < kde->n_numeric; i++) {
        const size_t d = kde->numeric[i];
        const double scale = SQRT_1_2 / kde->bandwidth[d];
        const size_t padded = (kde->n + TILE - 1) / TILE * TILE;
        for (size_t p = 0; p < padded; p++) {
            double *tile = kde->tiles + (p / TILE * kde->n_numeric + i) * TILE;
            tile[p % TILE] = p < kde->n ? kde->data[p * kde->dims + d] * scale : 0;
        }
    }
}

void hpo_kde_fit(hpo_kde *kde, const double *unit, const size_t *rows, const uint64_t *trial, size_t n, uint64_t seed) {
    BASE_ASSERT(n > 0);
    reserve(kde, n);
    kde->n = n;
    copy_points(kde, &(const donors){unit, rows, n}, trial, seed);
    fit_bandwidths(kde);
    set_kernels(kde);
}

double hpo_kde_bandwidth(const hpo_kde *kde, size_t dim) {
    return kde->bandwidth[dim];
}

double hpo_kde_coordinate(const hpo_kde *kde, size_t row, size_t dim) {
    return kde->data[row * kde->dims + dim];
}

/* ---- densities ---- */

static void add_choices(const hpo_kde *kde, const double *point, double *values) {
    for (size_t d = 0; d < kde->dims; d++) {
        if (kde->choices[d] == 0) continue;
        const hpo_param *param = hpo_space_param(kde->space, hpo_space_dim_param(kde->space, d));
        const double x = hpo_param_from_unit(param, point[d]);
        for (size_t i = 0; i < kde->n; i++) {
            values[i] += kde->data[i * kde->dims + d] == x ? kde->same[d] : kde->other[d];
        }
    }
}

void hpo_kde_log_density(hpo_kde *kde, const double *points, size_t count, double *out) {
    const size_t padded = (kde->n + TILE - 1) / TILE * TILE;
    double *scaled = base_malloc((kde->n_numeric + 1) * sizeof *scaled);
    for (size_t c = 0; c < count; c++) {
        const double *point = points + c * kde->dims;
        for (size_t i = 0; i < kde->n_numeric; i++) {
            const size_t d = kde->numeric[i];
            scaled[i] = point[d] * (SQRT_1_2 / kde->bandwidth[d]);
        }
        hpo_squared_distances(kde->tiles, padded / TILE, kde->n_numeric, scaled, kde->values);
        add_choices(kde, point, kde->values);
        for (size_t i = kde->n; i < padded; i++) kde->values[i] = -(double)INFINITY;
        out[c] = kde->log_norm + hpo_log_sum_exp(kde->values, NULL, padded, -(double)INFINITY);
    }
    free(scaled);
}

void hpo_kde_draw(const hpo_kde *kde, double factor, base_rng *rng, double *point) {
    const double *center = kde->data + base_rng_below(rng, kde->n) * kde->dims;
    for (size_t d = 0; d < kde->dims; d++) {
        const double v = base_rng_uniform(rng), h = kde->bandwidth[d];
        if (kde->choices[d] == 0) {
            point[d] = hpo_truncated_normal_quantile(center[d], factor * h, v);
            continue;
        }
        const double c = (double)kde->choices[d];
        const double k = v < 1 - h || h <= 0 ? center[d] : floor((v - (1 - h)) / h * c);
        point[d] = (fmin(k, c - 1) + 0.5) / c;
    }
}
