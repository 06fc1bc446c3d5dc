/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Draws f_j of the noiseless values at the observed and the running points Z. Each leaves a process without noise,
 *     mean_j(x) = k(x, Z) K^-1 f_j,   variance(x) = k(x, x) - k(x, Z) K^-1 k(Z, x),
 * so that a prediction costs one triangular solve and one dot product per draw.
 *
 * Draws are by Matheron's rule (J. T. Wilson et al., ICML 2020): with K = L L^T, z and e normal,
 *     f_j = L z + K(Z, X) v,   v = (K + noise I)^-1 (y - (L z)(X) - e),   K^-1 f_j = L^-T z + v,
 * with the factor of K + noise I that is there already. The normals come from a Latin hypercube of mirrored pairs
 * (every normal and its negative; each of HPO_GP_DRAWS equal strata of every coordinate once), where others take
 * Sobol's sequence: coordinates are twice as many as observations, more than a table has directions for.
 *
 * A sliver of the noise (at most half of it, 1e-6 of the signal at most) counts as signal, which keeps L from failing
 * where points are close together. With a fidelity as input f_j is drawn at the fidelities of the results, and the
 * values are mean_j of the same points at the fidelity that is asked about. */
#include "hpo/models/gp_draws.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp_impl.h"
#include "hpo/models/linalg.h"

enum { DRAWS = HPO_GP_DRAWS, PAIRS = DRAWS / 2 };
static const double SLIVER = 1e-6;

struct hpo_gp_draws {
    hpo_gp *gp;
    size_t rows;     /* of Z: observed, then running */
    double nugget;   /* that part of the noise that counts as signal */
    double *factor;  /* rows x rows: L in the lower triangle, K in the upper one */
    double *alpha;   /* DRAWS x rows: K^-1 f_j */
    double *values;  /* DRAWS x rows */
    double *scratch; /* GP_BATCH rows, and two more */
};

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

static void factorise(hpo_gp_draws *draws) {
    hpo_gp *gp = draws->gp;
    const size_t n = draws->rows;
    draws->nugget = fmin(gp->noise / 2, SLIVER * gp->signal);
    for (size_t i = 0; i < n; i++) {
        double *row = draws->factor + i * n;
        gp_load(gp, i);
        gp_covariances(gp, i, row);
        for (size_t j = 0; j < i; j++) draws->factor[j * n + i] = row[j];
        row[i] = gp->signal + draws->nugget;
    }
    draws->nugget += hpo_cholesky(draws->factor, n, n);
}

/* What a pair of draws is made of, for the half with sign +: L z, L^-T z, e, (K + noise I)^-1 ((L z)(X) + e). */
typedef struct half {
    double *values, *back, *error, *shift; /* rows each */
} half;

/* f_j: at an observation y - e - (noise - nugget) v, at a running point L z + K v. */
static void set_values(const hpo_gp_draws *draws, const half *h, double sign, const double *v, double *values) {
    const hpo_gp *gp = draws->gp;
    for (size_t i = 0; i < gp->n; i++) {
        const double y = gp->fitted[i] + gp->noise * gp->alpha[i];
        values[i] = y - sign * h->error[i] - (gp->noise - draws->nugget) * v[i];
    }
    for (size_t i = gp->n; i < draws->rows; i++) {
        double f = sign * h->values[i];
        for (size_t j = 0; j < gp->n; j++) f += draws->factor[j * draws->rows + i] * v[j];
        values[i] = f;
    }
}

static void set_draw(hpo_gp_draws *draws, size_t j, const half *h, double sign) {
    const hpo_gp *gp = draws->gp;
    double *alpha = draws->alpha + j * draws->rows;
    for (size_t i = 0; i < gp->n; i++) alpha[i] = gp->alpha[i] - sign * h->shift[i];
    set_values(draws, h, sign, alpha, draws->values + j * draws->rows);
    for (size_t i = 0; i < draws->rows; i++) alpha[i] = (i < gp->n ? alpha[i] : 0) + sign * h->back[i];
}

static void draw_pair(hpo_gp_draws *draws, size_t pair, const half *h) {
    const hpo_gp *gp = draws->gp;
    const size_t rows = draws->rows;
    for (size_t i = 0; i < rows; i++) h->values[i] = hpo_dot(draws->factor + i * rows, h->back, i + 1);
    for (size_t i = 0; i < gp->n; i++) h->shift[i] = h->values[i] + h->error[i];
    hpo_cholesky_backward(draws->factor, rows, rows, h->back);
    hpo_cholesky_forward(gp->factor, gp->n, gp->capacity, h->shift);
    hpo_cholesky_backward(gp->factor, gp->n, gp->capacity, h->shift);
    set_draw(draws, pair, h, 1);
    set_draw(draws, pair + PAIRS, h, -1);
}

static void draw_all(hpo_gp_draws *draws, base_rng *rng) {
    const size_t rows = draws->rows, n = draws->gp->n;
    double *normals = base_malloc(((2 * PAIRS + 2) * rows + 1) * sizeof *normals);
    double *errors = normals + PAIRS * rows, *values = errors + PAIRS * rows, *shift = values + rows;
    const double deviation = sqrt(draws->gp->noise);
    for (size_t i = 0; i < rows; i++) draw_normals(rng, normals + i, rows);
    for (size_t i = 0; i < n; i++) draw_normals(rng, errors + i, rows);
    for (size_t p = 0; p < PAIRS; p++) {
        const half h = {.values = values, .back = normals + p * rows, .error = errors + p * rows, .shift = shift};
        for (size_t i = 0; i < n; i++) h.error[i] *= deviation;
        draw_pair(draws, p, &h);
    }
    free(normals);
}

/* mean_j at a point with these covariances. */
static void means_of(const hpo_gp_draws *draws, const double *k, double *means) {
    for (size_t j = 0; j < DRAWS; j++) means[j] = 0;
    if (draws->rows > 0) hpo_matvec(draws->alpha, DRAWS, draws->rows, draws->rows, k, means);
}

/* The values at the fidelity that is asked about. */
static void ask_all_rows(hpo_gp_draws *draws) {
    hpo_gp *gp = draws->gp;
    double means[DRAWS];
    for (size_t i = 0; i < draws->rows; i++) {
        gp_embed(gp, gp->unit + i * gp->embedding->dims);
        gp_covariances(gp, draws->rows, draws->scratch);
        means_of(draws, draws->scratch, means);
        for (size_t j = 0; j < DRAWS; j++) draws->values[j * draws->rows + i] = means[j];
    }
}

hpo_gp_draws *hpo_gp_draws_create(hpo_gp *gp, base_rng *rng) {
    const size_t rows = gp->rows;
    hpo_gp_draws *draws = base_calloc(1, sizeof *draws);
    *draws = (hpo_gp_draws){.gp = gp, .rows = rows};
    draws->factor = base_malloc((rows * rows + (2 * DRAWS + GP_BATCH + 2) * rows + 1) * sizeof *draws->factor);
    draws->alpha = draws->factor + rows * rows;
    draws->values = draws->alpha + DRAWS * rows;
    draws->scratch = draws->values + DRAWS * rows;
    factorise(draws);
    draw_all(draws, rng);
    if (gp->outer < gp->embedding->dims) ask_all_rows(draws);
    return draws;
}

void hpo_gp_draws_destroy(hpo_gp_draws *draws) {
    if (!draws) return;
    free(draws->factor);
    free(draws);
}

size_t hpo_gp_draws_dims(const hpo_gp_draws *draws) {
    return draws->gp->outer;
}

size_t hpo_gp_draws_rows(const hpo_gp_draws *draws) {
    return draws->rows;
}

size_t hpo_gp_draws_observed(const hpo_gp_draws *draws) {
    return draws->gp->n;
}

const double *hpo_gp_draws_values(const hpo_gp_draws *draws, size_t j) {
    return draws->values + j * draws->rows;
}

/* ---- predictions ---- */

void hpo_gp_draws_predict(hpo_gp_draws *draws, const double *points, size_t count, double *means, double *variance) {
    hpo_gp *gp = draws->gp;
    const size_t rows = draws->rows;
    for (size_t first = 0; first < count; first += GP_BATCH) {
        const size_t batch = count - first < GP_BATCH ? count - first : GP_BATCH;
        for (size_t i = 0; i < batch; i++) {
            gp_embed(gp, points + (first + i) * gp->outer);
            gp_covariances(gp, rows, draws->scratch + i * rows);
            means_of(draws, draws->scratch + i * rows, means + (first + i) * DRAWS);
        }
        hpo_cholesky_forward_rows(draws->factor, rows, rows, draws->scratch, batch, rows);
        for (size_t i = 0; i < batch; i++) {
            const double *row = draws->scratch + i * rows;
            variance[first + i] = gp->signal - hpo_dot(row, row, rows);
        }
    }
}

void hpo_gp_draws_at(hpo_gp_draws *draws, const double *point, double *means, double *variance) {
    hpo_gp *gp = draws->gp;
    const size_t rows = draws->rows;
    double *k = draws->scratch;
    gp_embed(gp, point);
    gp_covariances_and_slopes(gp, k, k + rows);
    means_of(draws, k, means);
    hpo_cholesky_forward(draws->factor, rows, rows, k);
    *variance = gp->signal - hpo_dot(k, k, rows);
}

/* One vector of weights for all draws: the derivative is that of sum_i weight_i k(x, z_i). */
void hpo_gp_draws_slopes(hpo_gp_draws *draws, const double *point, const double *by_mean, double by_variance,
                         double *slopes) {
    const size_t rows = draws->rows;
    double *k = draws->scratch, *slope = k + rows, *weight = slope + rows;
    hpo_cholesky_backward(draws->factor, rows, rows, k);
    for (size_t i = 0; i < rows; i++) weight[i] = -2 * by_variance * k[i];
    for (size_t j = 0; j < DRAWS; j++) {
        for (size_t i = 0; i < rows; i++) weight[i] += by_mean[j] * draws->alpha[j * rows + i];
    }
    gp_weighted_slopes(draws->gp, point, slope, weight, rows, slopes);
}
