/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edge weights drawn from a Dirichlet distribution whose concentration is learned: X. Chen, R. Wang, M. Cheng, X. Tang,
 * C.-J. Hsieh, "DrNAS: Dirichlet Neural Architecture Search", ICLR 2021, section 3.1. The concentration is c = elu(a) +
 * 1; a draw is w = z / sum z with independent gamma variables z_k of shape c_k, made by inversion from uniform noise,
 * and the gradient goes through the draw by the implicit derivative of z (nas/gamma.c, where the paper has PyTorch's).
 *
 * In the authors' code the regularizer l2 is the decay of the alphas' optimizer, which every search here has
 * (alpha_weight_decay); `l2` here is the distance itself, 1e-3 ||a||, and `kl` is 1e-3 KL(Dir(c) || Dir(1)), for which
 * they set the decay to 0. */
#include <math.h>

#include "nas/edge_weights.h"
#include "nas/gamma.h"
#include "nas/softmax.h"

typedef struct dirichlet {
    int regularizer;
    double regularizer_weight;
} dirichlet;

enum { NOTHING, L2, KL };
static const char *const regularizers[] = {"none", "l2", "kl", NULL};

static const double LEAST_ALPHA = -60; /* a concentration of 1e-26: below it stays, and so do all numbers finite */

/* log(elu(a) + 1) and its derivative. */
static double log_concentration(double alpha) {
    return alpha > 0 ? log1p(alpha) : fmax(alpha, LEAST_ALPHA);
}

static double log_concentration_slope(double alpha) {
    return alpha > 0 ? 1 / (1 + alpha) : (double)(alpha > LEAST_ALPHA);
}

static double concentration(double alpha) {
    return exp(log_concentration(alpha));
}

static double inner_product(const double *x, const double *y, size_t count) {
    double sum = 0;
    for (size_t k = 0; k < count; k++) sum += x[k] * y[k];
    return sum;
}

/* ---- c / sum c ---- */

static void mean(const void *state, const double *alphas, size_t count, double *weights) {
    (void)state;
    for (size_t k = 0; k < count; k++) weights[k] = log_concentration(alphas[k]);
    nas_softmax(weights, count, weights);
}

static void mean_back(const void *state, const double *alphas, const double *weights, size_t count,
                      const double *slopes, double *out) {
    const double inner = inner_product(weights, slopes, count);
    (void)state;
    for (size_t k = 0; k < count; k++) out[k] += weights[k] * (slopes[k] - inner) * log_concentration_slope(alphas[k]);
}

/* ---- z / sum z ---- */

/* Uniform and never 0. */
static void noise(const void *state, const double *alphas, size_t count, base_rng *rng, double *out) {
    (void)state, (void)alphas;
    for (size_t k = 0; k < count; k++) out[k] = fmax(base_rng_uniform(rng), 0x1p-54);
}

static void draw(const void *state, double progress, const double *alphas, const double *uniforms, size_t count,
                 double *weights) {
    double slope;
    (void)state, (void)progress;
    for (size_t k = 0; k < count; k++)
        weights[k] = nas_gamma_log_quantile(concentration(alphas[k]), uniforms[k], &slope);
    nas_softmax(weights, count, weights);
}

static void draw_back(const void *state, double progress, const double *alphas, const double *uniforms,
                      const double *weights, size_t count, const double *slopes, double *out) {
    const double inner = inner_product(weights, slopes, count);
    double slope;
    (void)state, (void)progress;
    for (size_t k = 0; k < count; k++) {
        (void)nas_gamma_log_quantile(concentration(alphas[k]), uniforms[k], &slope);
        out[k] += weights[k] * (slopes[k] - inner) * slope * log_concentration_slope(alphas[k]);
    }
}

/* ---- the regularizer ---- */

/* ||a|| of a type of cell. */
static double add_length(double factor, const double *alphas, size_t count, double *gradient) {
    double squares = 0;
    for (size_t k = 0; k < count; k++) squares += alphas[k] * alphas[k];
    const double length = sqrt(squares);
    for (size_t k = 0; length > 0 && k < count; k++) gradient[k] += factor * alphas[k] / length;
    return factor * length;
}

/* KL(Dir(c) || Dir(1)) = log G(S) - sum log G(c_k) - log G(K) + sum (c_k - 1) (psi(c_k) - psi(S)) with S = sum c, of an
 * edge; by c_k: (c_k - 1) psi'(c_k) - (S - K) psi'(S). */
static double add_divergence(double factor, const double *alphas, size_t count, double *gradient) {
    const double K = (double)count;
    double S = 0;
    for (size_t k = 0; k < count; k++) S += concentration(alphas[k]);
    double sum = lgamma(S) - lgamma(K);
    for (size_t k = 0; k < count; k++) {
        const double c = concentration(alphas[k]);
        const double by_c = (c - 1) * nas_trigamma(c) - (S - K) * nas_trigamma(S);
        sum += (c - 1) * (nas_digamma(c) - nas_digamma(S)) - lgamma(c);
        gradient[k] += factor * by_c * c * log_concentration_slope(alphas[k]);
    }
    return factor * sum;
}

static double penalty(const void *state, const nas_space *space, const double *const *alphas, double *const *gradient) {
    const dirichlet *d = state;
    const double factor = d->regularizer_weight;
    double sum = 0;
    for (size_t t = 0; t < space->n_cells; t++) {
        const nas_space_cell *cell = &space->cells[t];
        if (d->regularizer == L2) sum += add_length(factor, alphas[t], cell->weights, gradient[t]);
        for (size_t e = 0; d->regularizer == KL && e < cell->n_edges; e++) {
            const size_t at = cell->edges[e].offset;
            sum += add_divergence(factor, alphas[t] + at, cell->edges[e].n_operations, gradient[t] + at);
        }
    }
    return sum;
}

static const base_option options[] = {
    {.name = "regularizer",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(dirichlet, regularizer),
     .fallback = "none",
     .choices = regularizers,
     .help = "what holds the distribution near the uniform one, besides alpha_weight_decay"},
    {.name = "regularizer_weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(dirichlet, regularizer_weight),
     .fallback = "0.001",
     .min = 0,
     .max = (double)INFINITY,
     .help = "its factor"},
    BASE_OPTIONS_END,
};

const nas_edge_weights nas_edge_weights_dirichlet = {
    .name = "dirichlet",
    .summary = "drawn from a Dirichlet distribution whose concentration is learned (DrNAS)",
    .options = options,
    .state_size = sizeof(dirichlet),
    .learned = true,
    .mean = mean,
    .mean_back = mean_back,
    .noise = noise,
    .draw = draw,
    .draw_back = draw_back,
    .penalty = penalty,
};
