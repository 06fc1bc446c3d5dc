/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines are those of the tutorial's appendix A, in its order; the constants of its table 1. What differs: C is
 * decomposed once in `gap` generations (appendix B.2), and points from elsewhere are cut (hpo_cma_point.foreign). */
#include "hpo/models/cma_impl.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/linalg.h"

size_t hpo_cma_lambda(size_t d) {
    return 4 + (size_t)(3 * log(fmax(1, (double)d)));
}

/* Table 1. With fewer than 6 points c1 is smaller, as in the author's program. */
static void set_weights(hpo_cma *cma) {
    const size_t lambda = cma->lambda, mu = cma->mu;
    const double n = (double)cma->n;
    double plus = 0, plus2 = 0, minus = 0, minus2 = 0;
    for (size_t i = 0; i < lambda; i++) {
        const double w = log((double)(lambda + 1) / 2) - log((double)i + 1);
        cma->weights[i] = w;
        if (i < mu)
            plus += w, plus2 += w * w;
        else
            minus += w, minus2 += w * w;
    }
    cma->mu_eff = plus * plus / plus2;
    const double m = cma->mu_eff, minus_eff = minus2 > 0 ? minus * minus / minus2 : 0;
    cma->c1 = fmin(1, (double)lambda / 6) * 2 / ((n + 1.3) * (n + 1.3) + m);
    cma->c_mu = fmin(1 - cma->c1, 2 * (0.25 + m + 1 / m - 2) / ((n + 2) * (n + 2) + m));
    if (cma->config.separable) { /* Ros and Hansen: faster by (n + 2) / 3 */
        cma->c1 = fmin(1, cma->c1 * (n + 2) / 3);
        cma->c_mu = fmin(1 - cma->c1, cma->c_mu * (n + 2) / 3);
    }
    const double least =
        fmin(fmin(1 + cma->c1 / cma->c_mu, 1 + 2 * minus_eff / (m + 2)), (1 - cma->c1 - cma->c_mu) / (n * cma->c_mu));
    for (size_t i = 0; i < lambda; i++) cma->weights[i] *= cma->weights[i] >= 0 ? 1 / plus : least / -minus;
    cma->c_c = (4 + m / n) / (n + 4 + 2 * m / n);
    cma->c_s = (m + 2) / (n + m + 5);
    cma->d_s = 1 + 2 * fmax(0, sqrt((m - 1) / (n + 1)) - 1) + cma->c_s;
    cma->chi_n = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    cma->gap = (size_t)fmax(1, 1 / (10 * n * (cma->c1 + cma->c_mu)));
}

static void *copy(const void *from, size_t count, size_t size) {
    void *to = base_calloc(count + 1, size);
    if (count > 0 && from) memcpy(to, from, count * size);
    return to;
}

static void create_choices(hpo_cma *cma) {
    const hpo_cma_config *config = &cma->config;
    size_t total = 0;
    cma->levels = copy(config->levels, config->n_choices, sizeof *cma->levels);
    cma->first = base_calloc(config->n_choices + 1, sizeof *cma->first);
    for (size_t c = 0; c < config->n_choices; c++) {
        cma->first[c] = total;
        total += config->levels[c];
    }
    cma->q = copy(config->probabilities, total, sizeof *cma->q);
    cma->s = base_calloc(total + 1, sizeof *cma->s);
    cma->Delta = 1;
    for (size_t c = 0; c < config->n_choices && !config->probabilities; c++)
        for (size_t k = 0; k < config->levels[c]; k++) cma->q[cma->first[c] + k] = 1 / (double)config->levels[c];
}

hpo_cma *hpo_cma_create(const hpo_cma_config *config) {
    const size_t n = config->n, cells = config->separable ? n : n * n;
    BASE_ASSERT(config->lambda >= 2 && config->sigma > 0);
    hpo_cma *cma = base_calloc(1, sizeof *cma);
    *cma = (hpo_cma){.config = *config, .n = n, .lambda = config->lambda, .mu = config->lambda / 2};
    cma->n_choices = config->n_choices;
    cma->sigma = cma->sigma0 = config->sigma;
    cma->mean = copy(config->mean, n, sizeof *cma->mean);
    cma->weights = base_calloc(cma->lambda, sizeof *cma->weights);
    cma->C = base_calloc(cells + 1, sizeof *cma->C);
    if (!config->separable) cma->B = base_calloc(cells + 1, sizeof *cma->B);
    cma->D = base_calloc(n + 1, sizeof *cma->D);
    cma->p_s = base_calloc(n + 1, sizeof *cma->p_s);
    cma->p_c = base_calloc(n + 1, sizeof *cma->p_c);
    cma->stepped = copy(config->stepped, n, sizeof *cma->stepped);
    cma->mutated = base_calloc(n + 1, sizeof *cma->mutated);
    cma->A = base_calloc(n + 1, sizeof *cma->A);
    cma->p_mut = base_calloc(n + 1, sizeof *cma->p_mut);
    for (size_t i = 0; i < n; i++) {
        cma->D[i] = cma->A[i] = 1;
        cma->C[config->separable ? i : i * n + i] = 1;
        if (cma->B) cma->B[i * n + i] = 1;
        cma->p_mut[i] = 0.5 - 1e-8;
        cma->n_stepped += cma->stepped[i];
    }
    cma->losses = base_calloc(cma->lambda, sizeof *cma->losses);
    cma->rows = base_calloc(cma->lambda * n + 1, sizeof *cma->rows);
    cma->y = base_calloc(cma->lambda * n + 1, sizeof *cma->y);
    cma->z = base_calloc(n + 1, sizeof *cma->z);
    cma->step = base_calloc(n + 1, sizeof *cma->step);
    create_choices(cma);
    set_weights(cma);
    return cma;
}

void hpo_cma_destroy(hpo_cma *cma) {
    if (!cma) return;
    void *const parts[] = {cma->weights, cma->mean,    cma->C,       cma->B,    cma->D,      cma->p_s,
                           cma->p_c,     cma->stepped, cma->mutated, cma->A,    cma->p_mut,  cma->levels,
                           cma->first,   cma->q,       cma->s,       cma->best, cma->median, cma->losses,
                           cma->rows,    cma->y,       cma->z,       cma->step};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    free(cma);
}

/* ---- drawing ---- */

/* out <- B^T v or B v, rows of B being eigenvectors. */
static void from_axes(const hpo_cma *cma, const double *v, double *out) {
    memset(out, 0, cma->n * sizeof *out);
    for (size_t k = 0; k < cma->n; k++)
        for (size_t i = 0; i < cma->n; i++) out[i] += cma->B[k * cma->n + i] * v[k];
}

void hpo_cma_sample(const hpo_cma *cma, base_rng *rng, double *point) {
    double *z = base_malloc((2 * cma->n + 1) * sizeof *z), *y = z + cma->n;
    for (size_t i = 0; i < cma->n; i++) z[i] = cma->D[i] * base_rng_normal(rng);
    if (cma->B)
        from_axes(cma, z, y);
    else
        memcpy(y, z, cma->n * sizeof *y);
    for (size_t i = 0; i < cma->n; i++) point[i] = cma->mean[i] + cma->sigma * cma->A[i] * y[i];
    free(z);
    for (size_t c = 0; c < cma->n_choices; c++) {
        const double *q = cma->q + cma->first[c];
        double u = base_rng_uniform(rng);
        size_t k = 0;
        while (k + 1 < cma->levels[c] && u >= q[k]) u -= q[k++];
        point[cma->n + c] = (double)k;
    }
}

/* ---- a generation ---- */

/* out <- C^-1/2 y, in the frame of the axes where `rotated` is false: its length is the same. */
static void whiten(const hpo_cma *cma, const double *y, bool rotated, double *out) {
    double *v = base_malloc((cma->n + 1) * sizeof *v);
    if (cma->B)
        hpo_matvec(cma->B, cma->n, cma->n, cma->n, y, v);
    else
        memcpy(v, y, cma->n * sizeof *v);
    for (size_t i = 0; i < cma->n; i++) v[i] /= cma->D[i];
    if (cma->B && rotated)
        from_axes(cma, v, out);
    else
        memcpy(out, v, cma->n * sizeof *out);
    free(v);
}

static double norm(const double *v, size_t n) {
    return sqrt(hpo_dot(v, v, n));
}

static void decompose(hpo_cma *cma) {
    const size_t n = cma->n;
    cma->decomposed = cma->generation;
    if (cma->B) {
        memcpy(cma->B, cma->C, n * n * sizeof *cma->B);
        hpo_symmetric_eigen(cma->B, n, cma->D);
    } else {
        memcpy(cma->D, cma->C, n * sizeof *cma->D);
    }
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        cma->D[i] = sqrt(cma->D[i] > 0 ? cma->D[i] : 1e-8);
        least = fmin(least, cma->D[i]);
    }
    cma->sigma = fmax(cma->sigma, 1e-15 / least); /* or rounded numbers alone would shrink it to nothing */
}

/* C <- scale C + sum of coefficients times outer products. */
static void add_outer(hpo_cma *cma, double coefficient, const double *v) {
    const size_t n = cma->n;
    for (size_t i = 0; i < n; i++) {
        if (!cma->B)
            cma->C[i] += coefficient * v[i] * v[i];
        else
            for (size_t j = 0; j < n; j++) cma->C[i * n + j] += coefficient * v[i] * v[j];
    }
}

/* Fills y and, where the weight is negative or the point foreign, looks at its length. Returns the coefficient that
 * stands in for its weight in the update of C. */
static double point_step(hpo_cma *cma, size_t k, bool foreign) {
    const size_t n = cma->n;
    double *y = cma->y + k * n;
    for (size_t i = 0; i < n; i++) {
        y[i] = (cma->rows[k * n + i] - cma->mean[i]) / (cma->sigma * cma->A[i]);
        if (isnan(y[i])) y[i] = 0;
    }
    if (!foreign && cma->weights[k] >= 0) return cma->weights[k];
    whiten(cma, y, false, cma->z);
    double length = norm(cma->z, n);
    const double limit = sqrt((double)n) + 2 * (double)n / ((double)n + 2);
    if (foreign && length > limit) {
        for (size_t i = 0; i < n; i++) y[i] *= limit / length;
        length = limit;
    }
    if (cma->weights[k] >= 0) return cma->weights[k];
    return length > 0 ? cma->weights[k] * (double)n / (length * length) : 0;
}

static void update_numbers(hpo_cma *cma, const hpo_cma_point *points) {
    const size_t n = cma->n;
    double sum = 0, *coefficients = base_malloc(cma->lambda * sizeof *coefficients);
    memset(cma->step, 0, n * sizeof *cma->step);
    for (size_t k = 0; k < cma->lambda; k++) {
        coefficients[k] = point_step(cma, k, points[k].foreign);
        sum += cma->weights[k];
        for (size_t i = 0; i < n && k < cma->mu; i++) cma->step[i] += cma->weights[k] * cma->y[k * n + i];
    }
    for (size_t i = 0; i < n; i++) cma->mean[i] += cma->sigma * cma->step[i];

    whiten(cma, cma->step, true, cma->z);
    const double pull_s = sqrt(cma->c_s * (2 - cma->c_s) * cma->mu_eff);
    for (size_t i = 0; i < n; i++) cma->p_s[i] = (1 - cma->c_s) * cma->p_s[i] + pull_s * cma->z[i];
    const double length = norm(cma->p_s, n), age = 2 * (double)cma->generation;
    const bool h = length / sqrt(1 - pow(1 - cma->c_s, age)) < (1.4 + 2 / ((double)n + 1)) * cma->chi_n;

    const double pull_c = h ? sqrt(cma->c_c * (2 - cma->c_c) * cma->mu_eff) : 0;
    for (size_t i = 0; i < n; i++) cma->p_c[i] = (1 - cma->c_c) * cma->p_c[i] + pull_c * cma->step[i];
    const double lost = h ? 0 : cma->c1 * cma->c_c * (2 - cma->c_c);
    const double keep = 1 + lost - cma->c1 - cma->c_mu * sum;
    for (size_t i = 0; i < (cma->B ? n * n : n); i++) cma->C[i] *= keep;
    add_outer(cma, cma->c1, cma->p_c);
    for (size_t k = 0; k < cma->lambda; k++) add_outer(cma, cma->c_mu * coefficients[k], cma->y + k * n);
    free(coefficients);
    cma->sigma = fmin(cma->sigma * exp(cma->c_s / cma->d_s * (length / cma->chi_n - 1)), 1e32);
    if (cma->generation >= cma->decomposed + cma->gap) decompose(cma);
}

void hpo_cma_update(hpo_cma *cma, const hpo_cma_point *points) {
    const size_t g = cma->generation++;
    BASE_GROW(cma->best, cma->best_capacity, g + 1);
    BASE_GROW(cma->median, cma->median_capacity, g + 1);
    cma->best[g] = points[0].loss;
    cma->median[g] = points[cma->lambda / 2].loss;
    for (size_t k = 0; k < cma->lambda; k++) {
        cma->losses[k] = points[k].loss;
        if (cma->n > 0) memcpy(cma->rows + k * cma->n, points[k].x, cma->n * sizeof *cma->rows);
    }
    if (cma->n_stepped > 0) cma_centre_levels(cma);
    if (cma->n > 0) update_numbers(cma, points);
    if (cma->n_stepped > 0) cma_correct_margin(cma);
    if (cma->n_choices > 0) cma_update_choices(cma, points);
}

/* ---- the end ---- */

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(const double *values, size_t count) {
    double *sorted = base_malloc(count * sizeof *sorted);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    const double median = sorted[count / 2];
    free(sorted);
    return median;
}

/* Whether the last 30 % of the values are no better than the first. */
static bool stagnates(const double *values, size_t count) {
    const size_t part = (3 * count + 9) / 10;
    return median_of(values + count - part, part) >= median_of(values, part);
}

static double range_of(const double *values, size_t count, double *low, double *high) {
    for (size_t i = 0; i < count; i++) {
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
    return *high - *low;
}

static const char *losses_say_stop(const hpo_cma *cma) {
    const size_t d = cma->n + cma->n_choices, g = cma->generation;
    const size_t window = 10 + (30 * d + cma->lambda - 1) / cma->lambda;
    if (g >= window) {
        double low = INFINITY, high = -INFINITY;
        if (range_of(cma->best + g - window, window, &low, &high) == 0) return "equal values";
        if (range_of(cma->losses, cma->lambda, &low, &high) < 1e-12) return "tolerance of values";
    }
    size_t span = 120 + 30 * d / cma->lambda;
    if (span < g / 5) span = g / 5;
    if (span > 20000) span = 20000;
    if (g >= span && stagnates(cma->best + g - span, span) && stagnates(cma->median + g - span, span))
        return "stagnation";
    return NULL;
}

const char *hpo_cma_stopped(const hpo_cma *cma) {
    const size_t n = cma->n;
    if (cma->generation == 0) return NULL;
    const char *why = losses_say_stop(cma);
    if (why || n == 0) return why;
    double least = INFINITY, most = 0;
    bool tiny = true, lost = false;
    for (size_t i = 0; i < n; i++) {
        const double deviation = cma->sigma * cma->A[i] * sqrt(hpo_cma_covariance(cma, i, i));
        least = fmin(least, cma->D[i]);
        most = fmax(most, cma->D[i]);
        tiny = tiny && deviation < 1e-12 * cma->sigma0 && cma->sigma * fabs(cma->p_c[i]) < 1e-12 * cma->sigma0;
        lost = lost || cma->mean[i] == cma->mean[i] + 0.2 * deviation;
    }
    if (tiny) return "tolerance of steps";
    if (lost) return "no effect of a coordinate";
    if (most > 1e7 * least) return "condition of the covariance"; /* 1e14 of C */
    if (cma->sigma * most > 1e4 * cma->sigma0) return "divergence";
    if (!cma->B) return NULL;
    const size_t axis = cma->generation % n;
    for (size_t i = 0; i < n; i++) {
        const double step = 0.1 * cma->sigma * cma->A[i] * cma->D[axis] * cma->B[axis * n + i];
        if (cma->mean[i] != cma->mean[i] + step) return NULL;
    }
    return "no effect of an axis";
}

/* ---- looking ---- */

const double *hpo_cma_mean(const hpo_cma *cma) {
    return cma->mean;
}

double hpo_cma_sigma(const hpo_cma *cma) {
    return cma->sigma;
}

double hpo_cma_covariance(const hpo_cma *cma, size_t i, size_t j) {
    if (cma->B) return cma->C[i * cma->n + j];
    return i == j ? cma->C[i] : 0;
}

double hpo_cma_widening(const hpo_cma *cma, size_t i) {
    return cma->A[i];
}

const double *hpo_cma_probabilities(const hpo_cma *cma) {
    return cma->q;
}
