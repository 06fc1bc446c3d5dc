/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pathwise conditioning (J. T. Wilson et al., "Efficiently Sampling Functions from Gaussian Process Posteriors", ICML
 * 2020, Matheron's rule): a function of the prior, plus what it lacks at the observations,
 *     f(x) = g(x) + k(x, X) (K + noise I)^-1 (y - g(X) - e),   e ~ N(0, noise I),
 * with g a sum of random Fourier features (A. Rahimi, B. Recht, NIPS 2007). It is chosen over a joint draw at a set of
 * candidates because it is a smooth function: the search for its minimum climbs gradients and moves through choices and
 * conditions as it does for every other acquisition.
 *
 * Every distance of the kernel is Euclidean (hpo/models/kernel.h), so g lives in that embedding: a number is a
 * coordinate or two, a choice of K stands at one of K + 1 corners of a simplex (the last one: inactive) whose edges are
 * 1/l long, so that its features need nothing but one more random number per corner. Frequencies are normal for the
 * squared exponential and Student-t with 5 degrees of freedom for Matern-5/2. Per frequency
 *     a cos(w x) + b sin(w x) = R cos(w x - phi),   a, b ~ N(0, 1): R Rayleigh, phi uniform,
 * which costs one cosine and has the variance of the paired features (D. J. Sutherland, J. Schneider, UAI 2015).
 *
 * Frequencies are drawn anew for every sample, so that their mean and covariance over many samples are those of the
 * posterior exactly; one sample is normal only as far as FREQUENCIES terms make it. The update is exact: there is no
 * starvation of variance with many observations. Running points need no belief here: another trial draws another
 * function. */
#include "hpo/models/gp_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp_impl.h"
#include "hpo/models/linalg.h"

enum { FREQUENCIES = 512, FREEDOM = 5 /* 2 nu */ };
static const double TWO_PI = 6.28318530717958647693;

struct hpo_gp_sample {
    hpo_gp *gp;
    double *rows;      /* FREQUENCIES each: of a number's feature one, of a choice one per corner */
    size_t *first;     /* by feature: its first row */
    double *radius;    /* R sqrt(signal / FREQUENCIES) */
    double *shift;     /* -phi */
    double *phase;     /* at one point */
    double *update;    /* gp->n: (K + noise)^-1 (y - g - e) */
    double *k, *slope; /* gp->capacity */
};

static size_t count_rows(const hpo_gp *gp, size_t *first) {
    size_t rows = 0;
    for (size_t f = 0; f < gp->embedding->count; f++) {
        first[f] = rows;
        rows += gp->embedding->features[f].choices > 0 ? gp->embedding->features[f].choices + 1 : 1;
    }
    return rows;
}

/* What makes normal frequencies those of the kernel: 1, or sqrt(5 / chi^2_5). */
static double draw_scale(const hpo_gp *gp, base_rng *rng) {
    if (gp->kernel == HPO_KERNEL_RBF) return 1;
    double square = 0;
    for (int i = 0; i < FREEDOM; i++) {
        const double z = base_rng_normal(rng);
        square += z * z;
    }
    return sqrt(FREEDOM / square);
}

static void draw_prior(hpo_gp_sample *s, base_rng *rng) {
    const hpo_gp *gp = s->gp;
    for (size_t m = 0; m < FREQUENCIES; m++) {
        s->radius[m] = sqrt(-2 * log1p(-base_rng_uniform(rng)) * gp->signal / FREQUENCIES);
        s->shift[m] = -TWO_PI * base_rng_uniform(rng);
        const double scale = draw_scale(gp, rng);
        for (size_t f = 0; f < gp->embedding->count; f++) {
            const hpo_feature *feature = &gp->embedding->features[f];
            const size_t corners = feature->choices > 0 ? feature->choices + 1 : 1;
            const double inverse = sqrt(gp->weight[feature->dim] / (feature->choices > 0 ? 2 : 1));
            for (size_t c = 0; c < corners; c++) {
                s->rows[(s->first[f] + c) * FREQUENCIES + m] = scale * inverse * base_rng_normal(rng);
            }
        }
    }
}

static size_t corner_of(const hpo_feature *feature, double u) {
    if (u < 0) return feature->choices; /* inactive */
    const size_t k = (size_t)(u * (double)feature->choices);
    return k < feature->choices ? k : feature->choices - 1;
}

/* Phases at gp->point. */
static void find_phases(hpo_gp_sample *s) {
    const hpo_gp *gp = s->gp;
    double *phase = s->phase;
    memcpy(phase, s->shift, FREQUENCIES * sizeof *phase);
    for (size_t f = 0; f < gp->embedding->count; f++) {
        const hpo_feature *feature = &gp->embedding->features[f];
        const double at = gp->point[f], *row = s->rows + s->first[f] * FREQUENCIES;
        if (feature->choices > 0) {
            row += corner_of(feature, at) * FREQUENCIES;
            for (size_t m = 0; m < FREQUENCIES; m++) phase[m] += row[m];
        } else {
            for (size_t m = 0; m < FREQUENCIES; m++) phase[m] += at * row[m];
        }
    }
}

static double prior_value(const hpo_gp_sample *s) {
    double sum = 0;
    for (size_t m = 0; m < FREQUENCIES; m++) sum += s->radius[m] * cos(s->phase[m]);
    return sum;
}

/* alpha is (K + noise)^-1 y already. */
static void find_update(hpo_gp_sample *s, base_rng *rng) {
    hpo_gp *gp = s->gp;
    for (size_t i = 0; i < gp->n; i++) {
        gp_load(gp, i);
        find_phases(s);
        s->update[i] = prior_value(s) + sqrt(gp->noise) * base_rng_normal(rng);
    }
    hpo_cholesky_forward(gp->factor, gp->n, gp->capacity, s->update);
    hpo_cholesky_backward(gp->factor, gp->n, gp->capacity, s->update);
    for (size_t i = 0; i < gp->n; i++) s->update[i] = gp->alpha[i] - s->update[i];
}

hpo_gp_sample *hpo_gp_sample_draw(hpo_gp *gp, base_rng *rng) {
    hpo_gp_sample *s = base_calloc(1, sizeof *s);
    s->gp = gp;
    s->first = base_malloc((gp->embedding->count + 1) * sizeof *s->first);
    const size_t rows = count_rows(gp, s->first);
    s->rows = base_malloc(((rows + 3) * FREQUENCIES + 3 * gp->capacity) * sizeof *s->rows);
    s->radius = s->rows + rows * FREQUENCIES;
    s->shift = s->radius + FREQUENCIES;
    s->phase = s->shift + FREQUENCIES;
    s->update = s->phase + FREQUENCIES;
    s->k = s->update + gp->capacity;
    s->slope = s->k + gp->capacity;
    draw_prior(s, rng);
    find_update(s, rng);
    return s;
}

void hpo_gp_sample_destroy(hpo_gp_sample *s) {
    if (!s) return;
    free(s->first);
    free(s->rows);
    free(s);
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_gp_sample *s = self;
    hpo_gp *gp = s->gp;
    for (size_t i = 0; i < count; i++) {
        gp_embed(gp, points + i * gp->outer);
        find_phases(s);
        gp_covariances(gp, gp->n, s->k);
        mean[i] = prior_value(s) + hpo_dot(s->k, s->update, gp->n);
        variance[i] = 0;
    }
}

static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_gp_sample *s = self;
    hpo_gp *gp = s->gp;
    gp_embed(gp, point);
    find_phases(s);
    gp_covariances_and_slopes(gp, s->k, s->slope);
    *mean = prior_value(s) + hpo_dot(s->k, s->update, gp->n);
    *variance = 0;
    gp_weighted_slopes(gp, point, s->slope, s->update, gp->n, d_mean);
    for (size_t m = 0; m < FREQUENCIES; m++) s->phase[m] = -s->radius[m] * sin(s->phase[m]);
    for (size_t f = 0; f < gp->embedding->count; f++) {
        const hpo_feature *feature = &gp->embedding->features[f];
        if (!gp_moves(gp, feature, point)) continue;
        const double by_feature = hpo_dot(s->rows + s->first[f] * FREQUENCIES, s->phase, FREQUENCIES);
        d_mean[feature->dim] += gp_feature_slope(feature, point[feature->dim]) * by_feature;
    }
    for (size_t i = 0; i < gp->outer; i++) d_variance[i] = 0;
}

hpo_surrogate hpo_gp_sample_surrogate(hpo_gp_sample *s) {
    return (hpo_surrogate){.self = s, .dims = s->gp->outer, .predict = predict, .gradient = gradient};
}
