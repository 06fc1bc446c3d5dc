/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Posterior of a Gaussian process (C. E. Rasmussen, C. K. I. Williams, 2006, algorithm 2.1).
 *
 * Running points are believed to return the posterior mean ("kriging believer", D. Ginsbourger, R. Le Riche, L.
 * Carraro, 2010): the mean is then the same function with and without them, so that only the variance, which needs no
 * losses, sees their rows.
 *
 * Rows of the factor that were there before are kept. The first `block` rows come from one blocked factorisation and
 * each further row from one triangular solve, whether it is added today or was added in an earlier call: the bits of a
 * grown factor are those of one built anew. */
#include "hpo/models/gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp_impl.h"
#include "hpo/models/linalg.h"

hpo_gp *hpo_gp_create(const hpo_embedding *embedding, hpo_kernel_kind kernel) {
    const size_t dims = embedding->dims;
    hpo_gp *gp = base_calloc(1, sizeof *gp);
    *gp = (hpo_gp){.embedding = embedding, .kernel = kernel};
    gp->theta = base_calloc(3 * dims + embedding->count + 2, sizeof *gp->theta);
    gp->weight = gp->theta + dims + 2;
    gp->full = gp->weight + dims;
    gp->point = gp->full + dims;
    return gp;
}

static void free_rows(hpo_gp *gp) {
    free(gp->unit);
    free(gp->features);
    free(gp->factor);
    free(gp->alpha);
    free(gp->scratch);
}

void hpo_gp_destroy(hpo_gp *gp) {
    if (!gp) return;
    free_rows(gp);
    free(gp->theta);
    free(gp);
}

/* Room for `need` rows; what is there moves along. */
static void reserve(hpo_gp *gp, size_t need) {
    if (need <= gp->capacity) return;
    const size_t old = gp->capacity, capacity = (need + need / 4 + 64) / 16 * 16, dims = gp->embedding->dims;
    hpo_gp was = *gp;
    gp->capacity = capacity;
    gp->unit = base_malloc((capacity * dims + 1) * sizeof(double));
    gp->features = base_malloc((capacity * gp->embedding->count + 1) * sizeof(double));
    gp->factor = base_malloc(capacity * capacity * sizeof(double));
    gp->alpha = base_malloc(2 * capacity * sizeof(double));
    gp->fitted = gp->alpha + capacity;
    gp->scratch = base_malloc((GP_BATCH + 2) * capacity * sizeof(double));
    for (size_t i = 0; i < gp->rows; i++) {
        memcpy(gp->unit + i * dims, was.unit + i * dims, dims * sizeof(double));
        memcpy(gp->factor + i * capacity, was.factor + i * old, (i + 1) * sizeof(double));
        for (size_t f = 0; f < gp->embedding->count; f++) {
            gp->features[f * capacity + i] = was.features[f * old + i];
        }
    }
    free_rows(&was);
}

/* Rows that can stay: same theta, same block, same points from the first on. */
static size_t common_rows(const hpo_gp *gp, const double *theta, const hpo_gp_points *points) {
    const size_t dims = gp->embedding->dims;
    if (gp->rows == 0 || gp->block != points->block || gp->rows < points->block) return 0;
    if (memcmp(gp->theta, theta, (dims + 2) * sizeof *theta) != 0) return 0;
    size_t same = 0;
    while (same < gp->rows && same < points->n + points->n_pending) {
        const double *point =
            same < points->n ? points->unit + same * dims : points->pending + (same - points->n) * dims;
        if (dims > 0 && memcmp(gp->unit + same * dims, point, dims * sizeof *point) != 0) break;
        same++;
    }
    return same >= points->block ? same : 0;
}

void gp_load(hpo_gp *gp, size_t i) {
    for (size_t f = 0; f < gp->embedding->count; f++) gp->point[f] = gp->features[f * gp->capacity + i];
}

void gp_covariances(const hpo_gp *gp, size_t n, double *out) {
    hpo_kernel_distances(gp->embedding, gp->weight, gp->point, gp->features, gp->capacity, n, out);
    for (size_t j = 0; j < n; j++) out[j] = gp->signal * hpo_kernel_correlation(gp->kernel, out[j]);
}

static void factorise_block(hpo_gp *gp) {
    const size_t stride = gp->capacity;
    for (size_t i = 0; i < gp->block; i++) {
        double *row = gp->factor + i * stride;
        gp_load(gp, i);
        gp_covariances(gp, i, row);
        for (size_t j = 0; j < i; j++) gp->factor[j * stride + i] = row[j];
        row[i] = gp->signal + gp->noise;
    }
    hpo_cholesky(gp->factor, gp->block, stride);
}

static void append_row(hpo_gp *gp, size_t i) {
    gp_load(gp, i);
    double *row = gp->scratch;
    gp_covariances(gp, i, row);
    hpo_cholesky_append(gp->factor, i, gp->capacity, row, gp->signal + gp->noise, gp->noise / 2);
}

/* The mean needs the observations alone: they are the leading rows of the factor. */
static void solve_alpha(hpo_gp *gp, const double *y) {
    memcpy(gp->alpha, y, gp->n * sizeof *y);
    hpo_cholesky_forward(gp->factor, gp->n, gp->capacity, gp->alpha);
    hpo_cholesky_backward(gp->factor, gp->n, gp->capacity, gp->alpha);
    for (size_t i = 0; i < gp->n; i++) gp->fitted[i] = y[i] - gp->noise * gp->alpha[i];
}

void hpo_gp_condition(hpo_gp *gp, const double *theta, const hpo_gp_points *points) {
    BASE_ASSERT(points->block <= points->n);
    const size_t dims = gp->embedding->dims, rows = points->n + points->n_pending;
    const size_t kept = common_rows(gp, theta, points);
    gp->rows = kept;
    reserve(gp, rows > 0 ? rows : 1);
    memcpy(gp->theta, theta, (dims + 2) * sizeof *theta);
    for (size_t i = 0; i < dims; i++) gp->weight[i] = exp(-2 * theta[i]);
    gp->signal = exp(theta[dims]);
    gp->noise = exp(theta[dims + 1]);
    gp->n = points->n;
    gp->block = points->block;
    for (size_t i = kept; i < rows; i++) {
        const double *point = i < points->n ? points->unit + i * dims : points->pending + (i - points->n) * dims;
        if (dims > 0) memcpy(gp->unit + i * dims, point, dims * sizeof *point);
        hpo_embed(gp->embedding, point, gp->features + i, gp->capacity);
    }
    if (kept == 0) factorise_block(gp);
    for (size_t i = kept > gp->block ? kept : gp->block; i < rows; i++) append_row(gp, i);
    gp->rows = rows;
    solve_alpha(gp, points->y);
}

double hpo_gp_fitted(const hpo_gp *gp, size_t i) {
    BASE_ASSERT(i < gp->n);
    return gp->fitted[i];
}

void gp_embed(hpo_gp *gp, const double *point) {
    if (gp->outer > 0) memcpy(gp->full, point, gp->outer * sizeof *point);
    hpo_embed(gp->embedding, gp->full, gp->point, 1);
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_gp *gp = self;
    for (size_t first = 0; first < count; first += GP_BATCH) {
        const size_t batch = count - first < GP_BATCH ? count - first : GP_BATCH;
        for (size_t i = 0; i < batch; i++) {
            gp_embed(gp, points + (first + i) * gp->outer);
            gp_covariances(gp, gp->rows, gp->scratch + i * gp->capacity);
        }
        for (size_t i = 0; i < batch; i++) mean[first + i] = 0;
        if (gp->n > 0) hpo_matvec(gp->scratch, batch, gp->n, gp->capacity, gp->alpha, mean + first);
        hpo_cholesky_forward_rows(gp->factor, gp->rows, gp->capacity, gp->scratch, batch, gp->capacity);
        for (size_t i = 0; i < batch; i++) {
            const double *row = gp->scratch + i * gp->capacity;
            const double left = gp->signal - hpo_dot(row, row, gp->rows);
            variance[first + i] = left > 0 ? left : 0;
        }
    }
}

double gp_feature_slope(const hpo_feature *feature, double u) {
    switch (feature->form) {
    case HPO_FEATURE_PLAIN:
    case HPO_FEATURE_TIME: break; /* time never moves */
    case HPO_FEATURE_SIN: return cos(u);
    case HPO_FEATURE_COS: return -sin(u);
    }
    return 1;
}

bool gp_moves(const hpo_gp *gp, const hpo_feature *feature, const double *point) {
    return feature->dim < gp->outer && feature->choices == 0 && !isnan(point[feature->dim]);
}

void gp_covariances_and_slopes(const hpo_gp *gp, double *k, double *slope) {
    hpo_kernel_distances(gp->embedding, gp->weight, gp->point, gp->features, gp->capacity, gp->rows, k);
    for (size_t j = 0; j < gp->rows; j++) {
        double correlation;
        hpo_kernel_both(gp->kernel, k[j], &correlation, &slope[j]);
        k[j] = gp->signal * correlation;
        slope[j] *= 2 * gp->signal;
    }
}

void gp_weighted_slopes(const hpo_gp *gp, const double *point, const double *slope, const double *weight, size_t n,
                        double *out) {
    for (size_t i = 0; i < gp->outer; i++) out[i] = 0;
    for (size_t f = 0; f < gp->embedding->count; f++) {
        const hpo_feature *feature = &gp->embedding->features[f];
        if (!gp_moves(gp, feature, point)) continue;
        const double *others = gp->features + f * gp->capacity;
        double sum = 0;
        for (size_t j = 0; j < n; j++) sum += weight[j] * (slope[j] * (gp->point[f] - others[j]));
        out[feature->dim] += gp->weight[feature->dim] * gp_feature_slope(feature, point[feature->dim]) * sum;
    }
}

/* With k the covariances to the rows and v = K^-1 k: d mean = alpha . dk, d variance = -2 v . dk. */
static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_gp *gp = self;
    double *k = gp->scratch, *slope = k + gp->capacity, *v = slope + gp->capacity;
    gp_embed(gp, point);
    gp_covariances_and_slopes(gp, k, slope);
    memcpy(v, k, gp->rows * sizeof *v);
    *mean = hpo_dot(k, gp->alpha, gp->n);
    hpo_cholesky_forward(gp->factor, gp->rows, gp->capacity, v);
    const double left = gp->signal - hpo_dot(v, v, gp->rows);
    *variance = left > 0 ? left : 0;
    hpo_cholesky_backward(gp->factor, gp->rows, gp->capacity, v);
    for (size_t j = 0; j < gp->rows; j++) v[j] *= -2;
    gp_weighted_slopes(gp, point, slope, gp->alpha, gp->n, d_mean);
    gp_weighted_slopes(gp, point, slope, v, gp->rows, d_variance);
}

hpo_surrogate hpo_gp_predictions(hpo_gp *gp, size_t dims, const double *tail) {
    BASE_ASSERT(dims <= gp->embedding->dims);
    gp->outer = dims;
    for (size_t i = dims; i < gp->embedding->dims; i++) gp->full[i] = tail[i - dims];
    return (hpo_surrogate){.self = gp, .dims = dims, .predict = predict, .gradient = gradient};
}
