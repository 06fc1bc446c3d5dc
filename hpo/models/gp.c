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
#include "hpo/models/linalg.h"

enum { BATCH = 64 };

struct hpo_gp {
    const hpo_embedding *embedding;
    hpo_kernel_kind kernel;
    double *theta, *weight;
    double signal, noise;
    size_t capacity, rows, n, block; /* rows of the factor; of them observations */
    double *unit;                    /* capacity x dims: what the rows stand for */
    double *features;                /* embedding->count x capacity */
    double *factor;                  /* capacity x capacity */
    double *alpha, *fitted;          /* capacity */
    double *scratch;                 /* BATCH x capacity, and two rows */
    double *point, *full;            /* one embedded point, one of the unit cube with its tail */
    size_t outer;                    /* coordinates of the surrogate's points */
};

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
    gp->scratch = base_malloc((BATCH + 2) * capacity * sizeof(double));
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

static void load_point(hpo_gp *gp, size_t i) {
    for (size_t f = 0; f < gp->embedding->count; f++) gp->point[f] = gp->features[f * gp->capacity + i];
}

/* signal * correlation of the embedded gp->point to the first n rows. */
static void covariances(hpo_gp *gp, const double *point, size_t n, double *out) {
    hpo_kernel_distances(gp->embedding, gp->weight, point, gp->features, gp->capacity, n, out);
    for (size_t j = 0; j < n; j++) out[j] = gp->signal * hpo_kernel_correlation(gp->kernel, out[j]);
}

static void factorise_block(hpo_gp *gp) {
    const size_t stride = gp->capacity;
    for (size_t i = 0; i < gp->block; i++) {
        double *row = gp->factor + i * stride;
        load_point(gp, i);
        covariances(gp, gp->point, i, row);
        for (size_t j = 0; j < i; j++) gp->factor[j * stride + i] = row[j];
        row[i] = gp->signal + gp->noise;
    }
    hpo_cholesky(gp->factor, gp->block, stride);
}

static void append_row(hpo_gp *gp, size_t i) {
    load_point(gp, i);
    double *row = gp->scratch;
    covariances(gp, gp->point, i, row);
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

static void embed_outer(hpo_gp *gp, const double *point, double *out) {
    if (gp->outer > 0) memcpy(gp->full, point, gp->outer * sizeof *point);
    hpo_embed(gp->embedding, gp->full, out, 1);
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_gp *gp = self;
    for (size_t first = 0; first < count; first += BATCH) {
        const size_t batch = count - first < BATCH ? count - first : BATCH;
        for (size_t i = 0; i < batch; i++) {
            embed_outer(gp, points + (first + i) * gp->outer, gp->point);
            covariances(gp, gp->point, gp->rows, gp->scratch + i * gp->capacity);
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

/* How an embedded coordinate changes with the coordinate it came from. */
static double feature_slope(const hpo_feature *feature, double u) {
    switch (feature->form) {
    case HPO_FEATURE_PLAIN: break;
    case HPO_FEATURE_SIN: return cos(u);
    case HPO_FEATURE_COS: return -sin(u);
    }
    return 1;
}

/* With k the covariances to the rows and v = K^-1 k: d mean = alpha . dk, d variance = -2 v . dk. */
static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_gp *gp = self;
    double *k = gp->scratch, *slope = gp->scratch + gp->capacity, *v = slope + gp->capacity;
    embed_outer(gp, point, gp->point);
    hpo_kernel_distances(gp->embedding, gp->weight, gp->point, gp->features, gp->capacity, gp->rows, k);
    for (size_t j = 0; j < gp->rows; j++) {
        hpo_kernel_both(gp->kernel, k[j], &v[j], &slope[j]);
        k[j] = v[j] *= gp->signal;
        slope[j] *= 2 * gp->signal;
    }
    *mean = hpo_dot(k, gp->alpha, gp->n);
    hpo_cholesky_forward(gp->factor, gp->rows, gp->capacity, v);
    const double left = gp->signal - hpo_dot(v, v, gp->rows);
    *variance = left > 0 ? left : 0;
    hpo_cholesky_backward(gp->factor, gp->rows, gp->capacity, v);
    for (size_t i = 0; i < gp->outer; i++) d_mean[i] = d_variance[i] = 0;
    for (size_t f = 0; f < gp->embedding->count; f++) {
        const hpo_feature *feature = &gp->embedding->features[f];
        if (feature->dim >= gp->outer || feature->choice || isnan(point[feature->dim])) continue;
        const double *others = gp->features + f * gp->capacity;
        const double scale = gp->weight[feature->dim] * feature_slope(feature, point[feature->dim]);
        double by_mean = 0, by_variance = 0;
        for (size_t j = 0; j < gp->rows; j++) {
            const double dk = slope[j] * (gp->point[f] - others[j]);
            if (j < gp->n) by_mean += gp->alpha[j] * dk;
            by_variance -= 2 * v[j] * dk;
        }
        d_mean[feature->dim] += scale * by_mean;
        d_variance[feature->dim] += scale * by_variance;
    }
}

hpo_surrogate hpo_gp_predictions(hpo_gp *gp, size_t dims, const double *tail) {
    BASE_ASSERT(dims <= gp->embedding->dims);
    gp->outer = dims;
    for (size_t i = dims; i < gp->embedding->dims; i++) gp->full[i] = tail[i - dims];
    return (hpo_surrogate){.self = gp, .dims = dims, .predict = predict, .gradient = gradient};
}
