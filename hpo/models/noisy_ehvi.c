/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy EHVI (S. Daulton, M. Balandat, E. Bakshy, "Parallel Bayesian Optimization of Multiple Noisy Objectives with
 * Expected Hypervolume Improvement", NeurIPS 2021, equation 5): the mean of EHVI over draws of the noiseless values at
 * the observed and the running points, each with the front of its own values.
 *
 * What a front leaves is cut into boxes (boxes.h). Goals are independent, so that for one new point EHVI is the sum
 * over boxes of the product over goals of
 *     E[max(high - Y, 0) - max(low - Y, 0)] = sigma (h(z_high) - h(z_low)),   h(z) = phi(z) + z Phi(z)
 * (K. Yang, M. Emmerich, A. Deutz, T. Baeck, "Efficient Computation of Expected Hypervolume Improvement Using Box
 * Decomposition Algorithms", J. Global Optim. 75, 2019): exact, where the paper takes a sum over samples for batches.
 * All is computed in logarithms (S. Ament et al., NeurIPS 2023), so that where no improvement can be expected there is
 * still a slope. The boxes of all draws lie one behind the other.
 *
 * The boxes of m rows are O(m^(k/2)) for k goals, so that from four goals on the mean is over the first draws only, as
 * many as have MOST_BOXES boxes together: one at least, which is all there is to know where there is no noise. */
#include "hpo/models/noisy_ehvi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/boxes.h"
#include "hpo/models/lanes.h"
#include "hpo/trials/result.h"

enum { DRAWS = HPO_GP_DRAWS, BATCH = 16, TOGETHER = 4, GOALS_OF_ALL = 3, MOST_BOXES = 1 << 12 };
static const double LEAST_SIGMA = 1e-12, NOTHING = -1e300, NEGLIGIBLE = 20, NEGLIGIBLE_OF_MANY = 30,
                    LOG_SQRT_2PI = 0.91893853320467274178;

struct hpo_noisy_ehvi {
    size_t k, dims, used; /* goals, coordinates, draws */
    double negligible;    /* so far below their sum terms do not count for its slopes */
    hpo_gp_draws *draws[HPO_MAX_GOALS];
    size_t first[DRAWS + 1];                          /* box of each draw; multiples of HPO_LANES */
    double *low[HPO_MAX_GOALS], *high[HPO_MAX_GOALS]; /* by goal: of all boxes */
    size_t low_capacity[HPO_MAX_GOALS], high_capacity[HPO_MAX_GOALS];
    double *start;  /* of all boxes: 0, of those that fill up a group -infinity */
    double *terms;  /* TOGETHER x all boxes: the logarithm of each product */
    double *slopes; /* dims */
};

static size_t boxes_of(const hpo_noisy_ehvi *noisy) {
    return noisy->first[noisy->used];
}

/* The values of a draw that make its front. */
static size_t gather(const hpo_noisy_ehvi *noisy, size_t j, const bool *counts, double *losses) {
    const size_t rows = hpo_gp_draws_rows(noisy->draws[0]), observed = hpo_gp_draws_observed(noisy->draws[0]);
    size_t n = 0;
    for (size_t i = 0; i < (counts ? observed : rows); i++) {
        if (counts && !counts[i]) continue;
        for (size_t g = 0; g < noisy->k; g++) losses[n * noisy->k + g] = hpo_gp_draws_values(noisy->draws[g], j)[i];
        n++;
    }
    return n;
}

static void append(hpo_noisy_ehvi *noisy, size_t j, const hpo_boxes *boxes) {
    const size_t first = noisy->first[j], end = first + hpo_lanes_up(boxes->n);
    for (size_t g = 0; g < noisy->k; g++) {
        BASE_GROW(noisy->low[g], noisy->low_capacity[g], end);
        BASE_GROW(noisy->high[g], noisy->high_capacity[g], end);
        for (size_t b = 0; b < end - first; b++) {
            const bool is_box = b < boxes->n;
            noisy->low[g][first + b] = is_box ? fmax(boxes->low[b * noisy->k + g], NOTHING) : 0;
            noisy->high[g][first + b] = is_box ? boxes->high[b * noisy->k + g] : 1;
        }
    }
    noisy->first[j + 1] = end;
}

hpo_noisy_ehvi *hpo_noisy_ehvi_create(hpo_gp_draws *const *draws, size_t k, const double *reference,
                                      const bool *counts) {
    BASE_ASSERT(k >= 2 && k <= HPO_MAX_GOALS);
    hpo_noisy_ehvi *noisy = base_calloc(1, sizeof *noisy);
    noisy->k = k;
    noisy->negligible = k <= GOALS_OF_ALL ? NEGLIGIBLE : NEGLIGIBLE_OF_MANY;
    noisy->dims = hpo_gp_draws_dims(draws[0]);
    memcpy(noisy->draws, draws, k * sizeof *draws);
    const size_t rows = hpo_gp_draws_rows(draws[0]);
    double *losses = base_malloc((rows * k + 1) * sizeof *losses);
    size_t filled[DRAWS];
    hpo_boxes boxes = {0};
    for (size_t j = 0; j < DRAWS && (k <= GOALS_OF_ALL || noisy->first[j] < MOST_BOXES); j++) {
        hpo_boxes_decompose(&boxes, losses, gather(noisy, j, counts, losses), k, reference);
        append(noisy, j, &boxes);
        filled[j] = noisy->first[j] + boxes.n;
        noisy->used = j + 1;
    }
    hpo_boxes_fini(&boxes);
    free(losses);
    const size_t all = boxes_of(noisy);
    noisy->start = base_malloc(((1 + TOGETHER) * all + noisy->dims + 1) * sizeof *noisy->start);
    noisy->terms = noisy->start + all;
    noisy->slopes = noisy->terms + TOGETHER * all;
    for (size_t j = 0; j < noisy->used; j++)
        for (size_t b = noisy->first[j]; b < noisy->first[j + 1]; b++)
            noisy->start[b] = b < filled[j] ? 0 : -(double)INFINITY;
    return noisy;
}

void hpo_noisy_ehvi_destroy(hpo_noisy_ehvi *noisy) {
    if (!noisy) return;
    for (size_t g = 0; g < noisy->k; g++) {
        hpo_gp_draws_destroy(noisy->draws[g]);
        free(noisy->low[g]);
        free(noisy->high[g]);
    }
    free(noisy->start);
    free(noisy);
}

static double deviation_of(double variance) {
    return variance > LEAST_SIGMA * LEAST_SIGMA ? sqrt(variance) : LEAST_SIGMA;
}

/* means[g]: of every draw; the logarithms of all products. */
static void find_terms(const hpo_noisy_ehvi *noisy, const double *const *means, const double *sigma, double *terms) {
    memcpy(terms, noisy->start, boxes_of(noisy) * sizeof *terms);
    for (size_t j = 0; j < noisy->used; j++) {
        const size_t first = noisy->first[j], rows = noisy->first[j + 1] - first;
        for (size_t g = 0; g < noisy->k; g++)
            hpo_lanes()->log_gains(noisy->low[g] + first, noisy->high[g] + first, rows, means[g][j], sigma[g],
                                   terms + first);
    }
}

/* The logarithms of the sums of `count` rows of terms. */
static void add_terms(const hpo_noisy_ehvi *noisy, size_t count, double *sums) {
    const size_t all = boxes_of(noisy);
    const hpo_mixture mixture = {.rows = all, .base = noisy->terms, .base_stride = all};
    hpo_lanes()->mixture(&mixture, NULL, count, sums);
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_noisy_ehvi *noisy = self;
    const double log_draws = log((double)noisy->used);
    double means[HPO_MAX_GOALS][BATCH][DRAWS], variances[HPO_MAX_GOALS][BATCH], sigma[HPO_MAX_GOALS];
    for (size_t first = 0; first < count; first += BATCH) {
        const size_t batch = count - first < BATCH ? count - first : BATCH;
        for (size_t g = 0; g < noisy->k; g++)
            hpo_gp_draws_predict(noisy->draws[g], points + first * noisy->dims, batch, means[g][0], variances[g]);
        for (size_t i = 0; i < batch; i++) {
            const double *at[HPO_MAX_GOALS];
            for (size_t g = 0; g < noisy->k; g++) {
                at[g] = means[g][i];
                sigma[g] = deviation_of(variances[g][i]);
            }
            find_terms(noisy, at, sigma, noisy->terms + i % TOGETHER * boxes_of(noisy));
            const size_t ready = i % TOGETHER + 1;
            if (ready == TOGETHER || i + 1 == batch) add_terms(noisy, ready, mean + first + i + 1 - ready);
        }
        for (size_t i = 0; i < batch; i++) {
            mean[first + i] = log_draws - mean[first + i];
            variance[first + i] = 0;
        }
    }
}

/* Of log(sigma (h(z_high) - h(z_low))), by the mean and by the deviation. */
static void gain_slopes(double low, double high, double mean, double sigma, double *by_mean, double *by_sigma) {
    const double top = (high - mean) / sigma, below = (low - mean) / sigma;
    const bool has_end = low > NOTHING;
    const double log_top = hpo_log_improvement(top), log_below = has_end ? hpo_log_improvement(below) : 0;
    const double gain = log_top + (has_end ? log1p(-exp(log_below - log_top)) : 0);
    *by_mean = -exp(hpo_log_normal_cdf(top) - gain) / sigma;
    *by_sigma = exp(-top * top / 2 - LOG_SQRT_2PI - gain) / sigma;
    if (!has_end) return;
    *by_mean += exp(hpo_log_normal_cdf(below) - gain) / sigma;
    *by_sigma -= exp(-below * below / 2 - LOG_SQRT_2PI - gain) / sigma;
}

static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_noisy_ehvi *noisy = self;
    double means[HPO_MAX_GOALS][DRAWS], by_mean[HPO_MAX_GOALS][DRAWS] = {{0}}, by_sigma[HPO_MAX_GOALS] = {0};
    double sigma[HPO_MAX_GOALS], variances[HPO_MAX_GOALS], sum;
    const double *at[HPO_MAX_GOALS];
    for (size_t g = 0; g < noisy->k; g++) {
        hpo_gp_draws_at(noisy->draws[g], point, means[g], &variances[g]);
        sigma[g] = deviation_of(variances[g]);
        at[g] = means[g];
    }
    find_terms(noisy, at, sigma, noisy->terms);
    add_terms(noisy, 1, &sum);
    for (size_t j = 0; j < noisy->used; j++) {
        for (size_t b = noisy->first[j]; b < noisy->first[j + 1]; b++) {
            if (noisy->terms[b] < sum - noisy->negligible) continue;
            const double share = exp(noisy->terms[b] - sum);
            for (size_t g = 0; g < noisy->k; g++) {
                double mean_slope, sigma_slope;
                gain_slopes(noisy->low[g][b], noisy->high[g][b], means[g][j], sigma[g], &mean_slope, &sigma_slope);
                by_mean[g][j] -= share * mean_slope;
                by_sigma[g] -= share * sigma_slope;
            }
        }
    }
    *mean = log((double)noisy->used) - sum;
    *variance = 0;
    for (size_t i = 0; i < noisy->dims; i++) d_mean[i] = d_variance[i] = 0;
    for (size_t g = 0; g < noisy->k; g++) {
        const double by_variance = sigma[g] > LEAST_SIGMA ? by_sigma[g] / (2 * sigma[g]) : 0;
        hpo_gp_draws_slopes(noisy->draws[g], point, by_mean[g], by_variance, noisy->slopes);
        for (size_t i = 0; i < noisy->dims; i++) d_mean[i] += noisy->slopes[i];
    }
}

hpo_surrogate hpo_noisy_ehvi_surrogate(hpo_noisy_ehvi *noisy) {
    return (hpo_surrogate){.self = noisy, .dims = noisy->dims, .predict = predict, .gradient = gradient};
}
