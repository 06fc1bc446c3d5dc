/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The marginal likelihood (C. E. Rasmussen, C. K. I. Williams, 2006, equations 5.8 and 5.9) times priors, climbed by
 * L-BFGS in logarithms.
 *
 * Length scales: LogNormal(sqrt 2 + ln(d)/2, sqrt 3), which grows with the dimension as distances do (C. Hvarfner, E.
 * O. Hellsten, L. Nardi, "Vanilla Bayesian Optimization Performs Great in High Dimensions", ICML 2024, section 5).
 * Signal variance: Gamma(2, 1), mode 1, since outputs are standardized. Noise: the horseshoe of scale 0.1 (C. M.
 * Carvalho, N. G. Polson, J. G. Scott, Biometrika 97, 2010, the bounds of theorem 1; not normalized), which prefers
 * little noise and yet admits much: a low fidelity may be nearly all noise, and a prior with an exponential tail makes
 * the process follow it. A floor of 1e-6 also conditions the matrix.
 *
 * Time has no prior but a range: epsilon from 1e-6 to 0.5, the bound of the authors of PB2 (Ray Tune, pb2_utils.py); it
 * begins, as there, at 0.1. */
#include "hpo/models/gp_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/lbfgs.h"
#include "hpo/models/linalg.h"

enum { MAX_EVALUATIONS = 40, FEW = 64 };

static const double MU = 1.41421356237309504880, SIGMA2 = 3; /* sqrt 2; (sqrt 3)^2 */
static const double LOG_SQRT_2PI = 0.91893853320467274178, SHRINKAGE = 0.1;
static const double LOG_NOISE_FLOOR = -13.815510557964274; /* ln 1e-6 */
/* log l of the epsilon that is forgotten per unit of time: epsilon = 1 - exp(-1/l^2) */
static const double LOG_TIME_LOW = 0.1832564602908322;   /* 0.5 */
static const double LOG_TIME_START = 1.1251836636562227; /* 0.1 */

double hpo_gp_log_prior(size_t dims, const double *theta, double *gradient) {
    const double mu = MU + log((double)(dims > 0 ? dims : 1)) / 2;
    double sum = 0;
    for (size_t i = 0; i < dims; i++) {
        const double z = theta[i] - mu;
        sum += -z * z / (2 * SIGMA2) - theta[i] - log(SIGMA2) / 2 - LOG_SQRT_2PI;
        if (gradient) gradient[i] += -z / SIGMA2 - 1;
    }
    const double signal = exp(theta[dims]), noise = exp(theta[dims + 1]);
    sum += theta[dims] - signal;
    const double u = 3 * SHRINKAGE * SHRINKAGE / (noise * noise);
    sum += log(log1p(u));
    if (gradient) {
        gradient[dims] += 1 - signal;
        gradient[dims + 1] -= 2 * u / ((1 + u) * log1p(u));
    }
    return sum;
}

void hpo_gp_default(size_t dims, double *theta) {
    const double mode = MU + log((double)(dims > 0 ? dims : 1)) / 2 - SIGMA2;
    for (size_t i = 0; i < dims; i++) theta[i] = mode;
    theta[dims] = 0;
    theta[dims + 1] = log(1e-3);
}

/* theta without its time is that of a process without time. */
static double log_prior(const hpo_embedding *embedding, const double *theta, double *gradient) {
    const size_t dims = embedding->dims;
    if (!embedding->timed) return hpo_gp_log_prior(dims, theta, gradient);
    double *rest = base_calloc(2 * (dims + 1), sizeof *rest), *slopes = rest + dims + 1;
    memcpy(rest, theta, (dims - 1) * sizeof *theta);
    memcpy(rest + dims - 1, theta + dims, 2 * sizeof *theta);
    const double value = hpo_gp_log_prior(dims - 1, rest, slopes);
    for (size_t i = 0; i < dims + 1; i++) gradient[i < dims - 1 ? i : i + 1] += slopes[i];
    free(rest);
    return value;
}

static void begin(const hpo_embedding *embedding, double *theta) {
    const size_t dims = embedding->dims;
    hpo_gp_default(embedding->timed ? dims - 1 : dims, theta);
    if (!embedding->timed) return;
    memmove(theta + dims, theta + dims - 1, 2 * sizeof *theta);
    theta[dims - 1] = LOG_TIME_START;
}

/* What one evaluation needs, kept over a fit. */
typedef struct fit {
    const hpo_gp_data *data;
    double *features;    /* embedding->count x n */
    double *matrix;      /* n x n: K, then its inverse's lower triangle */
    double *correlation; /* n x n, lower triangle: signal * c */
    double *slope;       /* n x n, lower triangle: signal * c' */
    double *alpha, *weight, *point;
} fit;

static fit fit_open(const hpo_gp_data *data) {
    const size_t n = data->n, count = data->embedding->count, dims = data->embedding->dims;
    fit f = {.data = data, .features = base_malloc((count * n + 1) * sizeof(double))};
    f.matrix = base_malloc((n * n + 1) * sizeof(double));
    f.correlation = base_malloc((n * n + 1) * sizeof(double));
    f.slope = base_malloc((n * n + 1) * sizeof(double));
    f.alpha = base_malloc((n + dims + count + 1) * sizeof(double));
    f.weight = f.alpha + n;
    f.point = f.weight + dims;
    for (size_t i = 0; i < n; i++) hpo_embed(data->embedding, data->unit + i * dims, f.features + i, n);
    return f;
}

static void fit_close(fit *f) {
    free(f->features);
    free(f->matrix);
    free(f->correlation);
    free(f->slope);
    free(f->alpha);
}

static void point_of(const fit *f, size_t i, double *point) {
    for (size_t k = 0; k < f->data->embedding->count; k++) point[k] = f->features[k * f->data->n + i];
}

static void build(fit *f, const double *theta) {
    const size_t n = f->data->n, dims = f->data->embedding->dims;
    const double signal = exp(theta[dims]), noise = exp(theta[dims + 1]);
    for (size_t i = 0; i < dims; i++) f->weight[i] = exp(-2 * theta[i]);
    for (size_t i = 0; i < n; i++) {
        double *row = f->correlation + i * n, *slope = f->slope + i * n;
        point_of(f, i, f->point);
        hpo_kernel_distances(f->data->embedding, f->weight, f->point, f->features, n, i, slope);
        for (size_t j = 0; j < i; j++) {
            hpo_kernel_both(f->data->kernel, slope[j], &row[j], &slope[j]);
            row[j] *= signal;
            slope[j] *= signal;
            f->matrix[i * n + j] = f->matrix[j * n + i] = row[j];
        }
        f->matrix[i * n + i] = signal + noise;
    }
}

/* sum of m[j] * d^2 over one feature; four sums, so that additions overlap. */
static double weighted_squares(const double *m, const double *y, double x, bool choice, size_t n) {
    double sum[4] = {0};
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        for (size_t k = 0; k < 4; k++) {
            const double d = choice ? (double)(y[j + k] != x) : y[j + k] - x;
            sum[k] += m[j + k] * d * d;
        }
    }
    for (; j < n; j++) {
        const double d = choice ? (double)(y[j] != x) : y[j] - x;
        sum[0] += m[j] * d * d;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static double weighted_times(const double *m, const double *t, double now, size_t n) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += m[j] * fabs(t[j] - now);
    return sum;
}

/* W = alpha alpha^T - K^-1; d/d theta = 1/2 tr(W dK/d theta). matrix holds K^-1; slope is overwritten. */
static void add_gradient(fit *f, const double *theta, double *gradient) {
    const hpo_embedding *embedding = f->data->embedding;
    const size_t n = f->data->n, dims = embedding->dims;
    const double signal = exp(theta[dims]), noise = exp(theta[dims + 1]);
    double by_signal = 0, trace = 0;
    for (size_t i = 0; i < n; i++) {
        double *slope = f->slope + i * n;
        const double *row = f->correlation + i * n, *inverse = f->matrix + i * n;
        for (size_t j = 0; j < i; j++) {
            const double w = f->alpha[i] * f->alpha[j] - inverse[j];
            by_signal += w * row[j];
            slope[j] *= w;
        }
        trace += f->alpha[i] * f->alpha[i] - inverse[i];
        for (size_t k = 0; k < embedding->count; k++) {
            const hpo_feature *feature = &embedding->features[k];
            const double *y = f->features + k * n;
            const double moved = feature->form == HPO_FEATURE_TIME
                                     ? weighted_times(slope, y, y[i], i)
                                     : weighted_squares(slope, y, y[i], feature->choices > 0, i);
            gradient[feature->dim] -= 2 * f->weight[feature->dim] * moved;
        }
    }
    gradient[dims] += by_signal + trace * signal / 2;
    gradient[dims + 1] += trace * noise / 2;
}

static double log_marginal(fit *f, const double *theta, double *gradient) {
    const size_t n = f->data->n;
    build(f, theta);
    hpo_cholesky(f->matrix, n, n);
    double sum = -(double)n * LOG_SQRT_2PI;
    memcpy(f->alpha, f->data->y, n * sizeof(double));
    hpo_cholesky_forward(f->matrix, n, n, f->alpha);
    sum -= hpo_dot(f->alpha, f->alpha, n) / 2;
    for (size_t i = 0; i < n; i++) sum -= log(f->matrix[i * n + i]);
    if (gradient) {
        hpo_cholesky_backward(f->matrix, n, n, f->alpha);
        hpo_cholesky_invert(f->matrix, n, n);
        add_gradient(f, theta, gradient);
    }
    return sum;
}

double hpo_gp_log_marginal(const hpo_gp_data *data, const double *theta, double *gradient) {
    fit f = fit_open(data);
    const double value = log_marginal(&f, theta, gradient);
    fit_close(&f);
    return value;
}

static double minus_log_posterior(void *context, const double *theta, double *gradient) {
    fit *f = context;
    const size_t dims = f->data->embedding->dims;
    for (size_t i = 0; i < dims + 2; i++) gradient[i] = 0;
    const double value = log_marginal(f, theta, gradient) + log_prior(f->data->embedding, theta, gradient);
    for (size_t i = 0; i < dims + 2; i++) gradient[i] = -gradient[i];
    return -value;
}

void hpo_gp_fit(const hpo_gp_data *data, const double *start, double *theta) {
    const size_t dims = data->embedding->dims, n = dims + 2;
    double *box = base_malloc(3 * n * sizeof *box), *low = box, *high = box + n, *other = box + 2 * n;
    for (size_t i = 0; i < dims; i++) {
        low[i] = log(0.02);
        high[i] = log(1e3);
    }
    if (data->embedding->timed) low[dims - 1] = LOG_TIME_LOW;
    low[dims] = log(1e-3);
    high[dims] = log(1e2);
    low[dims + 1] = LOG_NOISE_FLOOR;
    high[dims + 1] = 0;
    fit f = fit_open(data);
    const hpo_lbfgs problem = {.n = n,
                               .low = low,
                               .high = high,
                               .max_evaluations = MAX_EVALUATIONS,
                               .tolerance = 1e-2,
                               .value = minus_log_posterior,
                               .context = &f};
    begin(data->embedding, theta);
    double best = (double)INFINITY;
    if (!start || data->n <= FEW) best = hpo_lbfgs_minimize(&problem, theta);
    if (start) {
        memcpy(other, start, n * sizeof *other);
        if (hpo_lbfgs_minimize(&problem, other) < best) memcpy(theta, other, n * sizeof *theta);
    }
    fit_close(&f);
    free(box);
}
