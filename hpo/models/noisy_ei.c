/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy EI (B. Letham, B. Karrer, G. Ottoni, E. Bakshy, "Constrained Bayesian Optimization with Noisy Experiments",
 * Bayesian Analysis 14(2), 2019): the mean of EI over draws f_j of the noiseless values at the observed and the running
 * points Z. Each draw leaves a process without noise,
 *     mean_j(x) = k(x, Z) K^-1 f_j,   variance(x) = k(x, x) - k(x, Z) K^-1 k(Z, x),   best_j = min f_j,
 * whose variance is the same for all, so that a prediction costs one triangular solve and one dot product per draw. EI
 * and its mean are taken in logarithms (S. Ament et al., NeurIPS 2023): far from every best the mean still has a slope.
 *
 * Draws are by Matheron's rule (J. T. Wilson et al., ICML 2020): with K = L L^T, z and e normal,
 *     f_j = L z + K(Z, X) v,   v = (K + noise I)^-1 (y - (L z)(X) - e),   K^-1 f_j = L^-T z + v,
 * with the factor of K + noise I that is there already. The normals come from a Latin hypercube of mirrored pairs
 * (every normal and its negative; each of DRAWS equal strata of every coordinate once), where the paper takes Sobol's
 * sequence: coordinates are twice as many as observations, more than a table has directions for.
 *
 * A sliver of the noise (at most half of it, 1e-6 of the signal at most) counts as signal, which keeps L from failing
 * where points are close together. With a fidelity as input f_j is drawn at the fidelities of the results, and best_j
 * is the least mean_j of the same points at the fidelity that is asked about. */
#include "hpo/models/noisy_ei.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp_impl.h"
#include "hpo/models/linalg.h"

enum { PAIRS = 16, DRAWS = 2 * PAIRS };
static const double SLIVER = 1e-6;

struct hpo_noisy_ei {
    hpo_gp *gp;
    size_t rows;    /* of Z: observed, then running */
    double nugget;  /* that part of the noise that counts as signal */
    double *factor; /* rows x rows: L in the lower triangle, K in the upper one */
    double *alpha;  /* DRAWS x rows: K^-1 f_j */
    double best[DRAWS];
    const bool *counts; /* by observation, while best is found; NULL: every row counts */
    double *scratch;    /* GP_BATCH rows, and two more */
};

/* ---- the draws ---- */

/* One coordinate of every pair's first half: a stratum of the upper half each, and a sign. */
static void draw_normals(base_rng *rng, double *out, size_t stride) {
    uint32_t stratum[PAIRS];
    for (uint32_t p = 0; p < PAIRS; p++) stratum[p] = p;
    base_rng_shuffle_u32(rng, stratum, PAIRS);
    for (size_t p = 0; p < PAIRS; p++) {
        const double below = ((double)stratum[p] + 1 - base_rng_uniform(rng)) / DRAWS; /* in (0, 1/2] */
        const double z = gsl_cdf_ugaussian_Pinv(below);
        out[p * stride] = base_rng_below(rng, 2) ? z : -z;
    }
}

static void factorise(hpo_noisy_ei *noisy) {
    hpo_gp *gp = noisy->gp;
    const size_t n = noisy->rows;
    noisy->nugget = fmin(gp->noise / 2, SLIVER * gp->signal);
    for (size_t i = 0; i < n; i++) {
        double *row = noisy->factor + i * n;
        gp_load(gp, i);
        gp_covariances(gp, i, row);
        for (size_t j = 0; j < i; j++) noisy->factor[j * n + i] = row[j];
        row[i] = gp->signal + noisy->nugget;
    }
    noisy->nugget += hpo_cholesky(noisy->factor, n, n);
}

/* What a pair of draws is made of, for the half with sign +: L z, L^-T z, e, (K + noise I)^-1 ((L z)(X) + e). */
typedef struct half {
    double *values, *back, *error, *shift; /* rows each */
} half;

static bool row_counts(const hpo_noisy_ei *noisy, size_t row) {
    return !noisy->counts || (row < noisy->gp->n && noisy->counts[row]);
}

/* The least f_j at a row: at an observation y - e - (noise - nugget) v, at a running point L z + K v. */
static double least_value(const hpo_noisy_ei *noisy, const half *h, double sign, const double *v) {
    const hpo_gp *gp = noisy->gp;
    double best = (double)INFINITY;
    for (size_t i = 0; i < gp->n; i++) {
        if (!row_counts(noisy, i)) continue;
        const double y = gp->fitted[i] + gp->noise * gp->alpha[i];
        best = fmin(best, y - sign * h->error[i] - (gp->noise - noisy->nugget) * v[i]);
    }
    for (size_t i = gp->n; i < noisy->rows && !noisy->counts; i++) {
        double f = sign * h->values[i];
        for (size_t j = 0; j < gp->n; j++) f += noisy->factor[j * noisy->rows + i] * v[j];
        best = fmin(best, f);
    }
    return noisy->rows > 0 ? best : 0;
}

static void set_draw(hpo_noisy_ei *noisy, size_t j, const half *h, double sign) {
    const hpo_gp *gp = noisy->gp;
    double *alpha = noisy->alpha + j * noisy->rows;
    for (size_t i = 0; i < gp->n; i++) alpha[i] = gp->alpha[i] - sign * h->shift[i];
    noisy->best[j] = least_value(noisy, h, sign, alpha);
    for (size_t i = 0; i < noisy->rows; i++) alpha[i] = (i < gp->n ? alpha[i] : 0) + sign * h->back[i];
}

static void draw_pair(hpo_noisy_ei *noisy, size_t pair, const half *h) {
    const hpo_gp *gp = noisy->gp;
    const size_t rows = noisy->rows;
    for (size_t i = 0; i < rows; i++) h->values[i] = hpo_dot(noisy->factor + i * rows, h->back, i + 1);
    for (size_t i = 0; i < gp->n; i++) h->shift[i] = h->values[i] + h->error[i];
    hpo_cholesky_backward(noisy->factor, rows, rows, h->back);
    hpo_cholesky_forward(gp->factor, gp->n, gp->capacity, h->shift);
    hpo_cholesky_backward(gp->factor, gp->n, gp->capacity, h->shift);
    set_draw(noisy, pair, h, 1);
    set_draw(noisy, pair + PAIRS, h, -1);
}

static void draw_all(hpo_noisy_ei *noisy, base_rng *rng) {
    const size_t rows = noisy->rows, n = noisy->gp->n;
    double *normals = base_malloc(((2 * PAIRS + 2) * rows + 1) * sizeof *normals);
    double *errors = normals + PAIRS * rows, *values = errors + PAIRS * rows, *shift = values + rows;
    const double deviation = sqrt(noisy->gp->noise);
    for (size_t i = 0; i < rows; i++) draw_normals(rng, normals + i, rows);
    for (size_t i = 0; i < n; i++) draw_normals(rng, errors + i, rows);
    for (size_t p = 0; p < PAIRS; p++) {
        const half h = {.values = values, .back = normals + p * rows, .error = errors + p * rows, .shift = shift};
        for (size_t i = 0; i < n; i++) h.error[i] *= deviation;
        draw_pair(noisy, p, &h);
    }
    free(normals);
}

/* ---- predictions ---- */

/* mean_j at a point with these covariances, for all draws; best_j - mean_j. */
static void means_of(const hpo_noisy_ei *noisy, const double *k, double *means) {
    for (size_t j = 0; j < DRAWS; j++) means[j] = 0;
    if (noisy->rows > 0) hpo_matvec(noisy->alpha, DRAWS, noisy->rows, noisy->rows, k, means);
}

static void gaps_of(const hpo_noisy_ei *noisy, const double *k, double *gaps) {
    means_of(noisy, k, gaps);
    for (size_t j = 0; j < DRAWS; j++) gaps[j] = noisy->best[j] - gaps[j];
}

/* best_j at the fidelity that is asked about. */
static void ask_all_rows(hpo_noisy_ei *noisy) {
    hpo_gp *gp = noisy->gp;
    double means[DRAWS];
    for (size_t j = 0; j < DRAWS && noisy->rows > 0; j++) noisy->best[j] = (double)INFINITY;
    for (size_t i = 0; i < noisy->rows; i++) {
        if (!row_counts(noisy, i)) continue;
        gp_embed(gp, gp->unit + i * gp->embedding->dims);
        gp_covariances(gp, noisy->rows, noisy->scratch);
        means_of(noisy, noisy->scratch, means);
        for (size_t j = 0; j < DRAWS; j++) noisy->best[j] = fmin(noisy->best[j], means[j]);
    }
}

hpo_noisy_ei *hpo_noisy_ei_create(hpo_gp *gp, const bool *counts, base_rng *rng) {
    const size_t rows = gp->rows;
    hpo_noisy_ei *noisy = base_calloc(1, sizeof *noisy);
    *noisy = (hpo_noisy_ei){.gp = gp, .rows = rows, .counts = counts};
    noisy->factor = base_malloc((rows * rows + (DRAWS + GP_BATCH + 2) * rows + 1) * sizeof *noisy->factor);
    noisy->alpha = noisy->factor + rows * rows;
    noisy->scratch = noisy->alpha + DRAWS * rows;
    factorise(noisy);
    draw_all(noisy, rng);
    if (gp->outer < gp->embedding->dims) ask_all_rows(noisy);
    noisy->counts = NULL;
    return noisy;
}

void hpo_noisy_ei_destroy(hpo_noisy_ei *noisy) {
    if (!noisy) return;
    free(noisy->factor);
    free(noisy);
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_noisy_ei *noisy = self;
    hpo_gp *gp = noisy->gp;
    const size_t rows = noisy->rows;
    double gaps[GP_BATCH][DRAWS];
    for (size_t first = 0; first < count; first += GP_BATCH) {
        const size_t batch = count - first < GP_BATCH ? count - first : GP_BATCH;
        for (size_t i = 0; i < batch; i++) {
            gp_embed(gp, points + (first + i) * gp->outer);
            gp_covariances(gp, rows, noisy->scratch + i * rows);
            gaps_of(noisy, noisy->scratch + i * rows, gaps[i]);
        }
        hpo_cholesky_forward_rows(noisy->factor, rows, rows, noisy->scratch, batch, rows);
        for (size_t i = 0; i < batch; i++) {
            const double *row = noisy->scratch + i * rows, left = gp->signal - hpo_dot(row, row, rows);
            mean[first + i] = -hpo_log_mean_ei(gaps[i], DRAWS, left, NULL, NULL);
            variance[first + i] = 0;
        }
    }
}

/* One vector of weights for all draws: the derivative is that of sum_i weight_i k(x, z_i). */
static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_noisy_ei *noisy = self;
    hpo_gp *gp = noisy->gp;
    const size_t rows = noisy->rows;
    double *k = noisy->scratch, *slope = k + rows, *weight = slope + rows, gaps[DRAWS], by_gap[DRAWS], by_variance;
    gp_embed(gp, point);
    gp_covariances_and_slopes(gp, k, slope);
    gaps_of(noisy, k, gaps);
    hpo_cholesky_forward(noisy->factor, rows, rows, k);
    *mean = -hpo_log_mean_ei(gaps, DRAWS, gp->signal - hpo_dot(k, k, rows), by_gap, &by_variance);
    *variance = 0;
    hpo_cholesky_backward(noisy->factor, rows, rows, k);
    for (size_t i = 0; i < rows; i++) weight[i] = 2 * by_variance * k[i];
    for (size_t j = 0; j < DRAWS; j++) {
        for (size_t i = 0; i < rows; i++) weight[i] += by_gap[j] * noisy->alpha[j * rows + i];
    }
    gp_weighted_slopes(gp, point, slope, weight, rows, d_mean);
    for (size_t i = 0; i < gp->outer; i++) d_variance[i] = 0;
}

hpo_surrogate hpo_noisy_ei_surrogate(hpo_noisy_ei *noisy) {
    return (hpo_surrogate){.self = noisy, .dims = noisy->gp->outer, .predict = predict, .gradient = gradient};
}
