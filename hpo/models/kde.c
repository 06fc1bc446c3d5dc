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
 * Speed: numbers are kept once more divided by sqrt(2) h, so that a density is a sum of squares (lanes_mixture.inc). */
#include "hpo/models/kde.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/lanes.h"

enum { CHUNK = 64 };
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
    size_t dims, n, capacity; /* capacity: points, a multiple of HPO_LANES */
    double min_bandwidth;
    double *bandwidth; /* by coordinate */
    size_t *choices;   /* by coordinate; 0 = a number */
    size_t *numeric;   /* the coordinates that are numbers */
    size_t n_numeric;
    double *data;          /* dims x capacity */
    double *scaled;        /* n_numeric x capacity: divided by sqrt(2) h */
    const double **x;      /* the rows of scaled */
    double *base, *values; /* by point; CHUNK x points */
    double *scratch;       /* CHUNK x n_numeric */
    size_t values_capacity;
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
    kde->x = base_calloc(kde->dims + 1, sizeof *kde->x);
    kde->scratch = base_calloc(CHUNK * kde->dims + 1, sizeof *kde->scratch);
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
    free(kde->scaled);
    free(kde->x);
    free(kde->base);
    free(kde->values);
    free(kde->scratch);
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

/* The points of a smaller fit are not kept. */
static void reserve(hpo_kde *kde, size_t n) {
    if (n <= kde->capacity) return;
    kde->capacity = hpo_lanes_up(n > 2 * kde->capacity ? n : 2 * kde->capacity);
    kde->data = resized(kde->data, kde->capacity * kde->dims + 1);
    kde->scaled = resized(kde->scaled, kde->capacity * kde->n_numeric + 1);
    kde->base = resized(kde->base, kde->capacity);
    for (size_t i = 0; i < kde->n_numeric; i++) kde->x[i] = kde->scaled + i * kde->capacity;
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
    double *point = kde->same; /* free until set_kernels */
    for (size_t i = 0; i < kde->n; i++) {
        size_t holes = 0;
        memcpy(point, from->unit + from->rows[i] * kde->dims, kde->dims * sizeof *point);
        for (size_t d = 0; d < kde->dims; d++) holes += isnan(point[d]) ? 1 : 0;
        if (holes > 0) {
            base_rng rng = base_rng_stream(seed, BASE_RNG_BOOTSTRAP, (uint32_t)trial[i], (uint32_t)kde->n);
            fill_holes(kde, point, from, &rng);
        }
        for (size_t d = 0; d < kde->dims; d++) kde->data[d * kde->capacity + i] = point[d];
    }
    for (size_t d = 0; d < kde->dims; d++) {
        if (kde->choices[d] == 0) continue;
        const hpo_param *param = hpo_space_param(kde->space, hpo_space_dim_param(kde->space, d));
        double *x = kde->data + d * kde->capacity;
        for (size_t i = 0; i < kde->n; i++) x[i] = hpo_param_from_unit(param, x[i]);
    }
}

/* Of (x - from)^power, power 1 or 2, in several sums: a single one would wait for itself at every addition. */
static double moment(const double *x, size_t n, double from, bool squared) {
    double sums[HPO_LANES] = {0}, total = 0;
    for (size_t i = 0; i < n; i++) {
        const double y = x[i] - from;
        sums[i % HPO_LANES] += squared ? y * y : y;
    }
    for (size_t k = 0; k < HPO_LANES; k++) total += sums[k];
    return total / (double)n;
}

static void fit_bandwidths(hpo_kde *kde) {
    const double shrink = 1.06 * pow((double)kde->n, -1 / (4 + (double)kde->dims));
    for (size_t d = 0; d < kde->dims; d++) {
        const double *x = kde->data + d * kde->capacity;
        const double c = (double)kde->choices[d], mean = moment(x, kde->n, 0, false);
        kde->bandwidth[d] = fmax(shrink * sqrt(moment(x, kde->n, mean, true)), kde->min_bandwidth);
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
    const size_t padded = hpo_lanes_up(kde->n);
    for (size_t i = 0; i < kde->n_numeric; i++) {
        const size_t d = kde->numeric[i];
        const double scale = SQRT_1_2 / kde->bandwidth[d];
        const double *x = kde->data + d * kde->capacity;
        double *scaled = kde->scaled + i * kde->capacity;
        for (size_t p = 0; p < padded; p++) scaled[p] = p < kde->n ? x[p] * scale : 0;
    }
    for (size_t p = 0; p < padded; p++) kde->base[p] = p < kde->n ? 0 : -(double)INFINITY;
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
    return kde->data[dim * kde->capacity + row];
}

/* ---- densities ---- */

static void add_choices(const hpo_kde *kde, const double *point, double *values) {
    for (size_t d = 0; d < kde->dims; d++) {
        if (kde->choices[d] == 0) continue;
        const hpo_param *param = hpo_space_param(kde->space, hpo_space_dim_param(kde->space, d));
        const double x = hpo_param_from_unit(param, point[d]), same = kde->same[d], other = kde->other[d];
        const double *data = kde->data + d * kde->capacity;
        for (size_t i = 0; i < kde->n; i++) values[i] += data[i] == x ? same : other;
    }
}

static void density_of_chunk(hpo_kde *kde, const double *points, size_t count, double *out) {
    const size_t padded = hpo_lanes_up(kde->n);
    const bool discrete = kde->n_numeric < kde->dims;
    for (size_t c = 0; c < count; c++) {
        const double *point = points + c * kde->dims;
        for (size_t i = 0; i < kde->n_numeric; i++) {
            const size_t d = kde->numeric[i];
            kde->scratch[c * kde->n_numeric + i] = point[d] * (SQRT_1_2 / kde->bandwidth[d]);
        }
        if (!discrete) continue;
        memcpy(kde->values + c * padded, kde->base, padded * sizeof *kde->base);
        add_choices(kde, point, kde->values + c * padded);
    }
    const hpo_mixture mixture = {
        .rows = padded,
        .axes = kde->n_numeric,
        .x = kde->x,
        .base = discrete ? kde->values : kde->base,
        .base_stride = discrete ? padded : 0,
    };
    hpo_lanes()->mixture(&mixture, kde->scratch, count, out);
    for (size_t c = 0; c < count; c++) out[c] += kde->log_norm;
}

void hpo_kde_log_density(hpo_kde *kde, const double *points, size_t count, double *out) {
    if (kde->n_numeric < kde->dims) BASE_GROW(kde->values, kde->values_capacity, CHUNK * hpo_lanes_up(kde->n));
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t some = count - first < CHUNK ? count - first : CHUNK;
        density_of_chunk(kde, points + first * kde->dims, some, out + first);
    }
}

/* ---- drawing ---- */

/* In place: points hold uniform numbers. */
static void draw_coordinate(const hpo_kde *kde, size_t d, double factor, const size_t *rows, size_t count,
                            double *points) {
    const double *data = kde->data + d * kde->capacity;
    const double h = kde->bandwidth[d], c = (double)kde->choices[d];
    const size_t padded = hpo_lanes_up(count);
    double mean[CHUNK], deviation[CHUNK], v[CHUNK], tails[2 * CHUNK];
    for (size_t i = 0; i < padded; i++) {
        const size_t of = i < count ? i : 0;
        mean[i] = data[rows[of]];
        deviation[i] = factor * h;
        v[i] = points[of * kde->dims + d];
    }
    if (kde->choices[d] == 0) {
        hpo_lanes()->tails(mean, deviation, padded, (const double[]){0, 1}, 2, tails);
        hpo_lanes()->quantiles(mean, deviation, tails, tails + padded, v, padded, v);
    } else {
        for (size_t i = 0; i < count; i++) {
            const double k = v[i] < 1 - h || h <= 0 ? mean[i] : floor((v[i] - (1 - h)) / h * c);
            v[i] = (fmin(k, c - 1) + 0.5) / c;
        }
    }
    for (size_t i = 0; i < count; i++) points[i * kde->dims + d] = v[i];
}

void hpo_kde_draw(const hpo_kde *kde, double factor, base_rng *rng, size_t count, double *points) {
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t some = count - first < CHUNK ? count - first : CHUNK;
        double *chunk = points + first * kde->dims;
        size_t rows[CHUNK];
        for (size_t c = 0; c < some; c++) {
            rows[c] = base_rng_below(rng, kde->n);
            for (size_t d = 0; d < kde->dims; d++) chunk[c * kde->dims + d] = base_rng_uniform(rng);
        }
        for (size_t d = 0; d < kde->dims; d++) draw_coordinate(kde, d, factor, rows, some, chunk);
    }
}
