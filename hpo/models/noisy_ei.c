/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy EI (B. Letham, B. Karrer, G. Ottoni, E. Bakshy, "Constrained Bayesian Optimization with Noisy Experiments",
 * Bayesian Analysis 14(2), 2019): the mean of EI over draws f_j of the noiseless values at the observed and the running
 * points (gp_draws.c), each with best_j = min f_j. EI and its mean are taken in logarithms (S. Ament et al., NeurIPS
 * 2023): far from every best the mean still has a slope. */
#include "hpo/models/noisy_ei.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/gp_draws.h"

enum { DRAWS = HPO_GP_DRAWS, BATCH = 64 };

struct hpo_noisy_ei {
    hpo_gp_draws *draws;
    double best[DRAWS];
};

static double least(const hpo_gp_draws *draws, const bool *counts, const double *values) {
    const size_t rows = hpo_gp_draws_rows(draws), counted = counts ? hpo_gp_draws_observed(draws) : rows;
    double best = rows > 0 ? (double)INFINITY : 0;
    for (size_t i = 0; i < counted; i++)
        if (!counts || counts[i]) best = fmin(best, values[i]);
    return best;
}

hpo_noisy_ei *hpo_noisy_ei_create(hpo_gp *gp, const bool *counts, base_rng *rng) {
    hpo_noisy_ei *noisy = base_calloc(1, sizeof *noisy);
    noisy->draws = hpo_gp_draws_create(gp, rng);
    for (size_t j = 0; j < DRAWS; j++)
        noisy->best[j] = least(noisy->draws, counts, hpo_gp_draws_values(noisy->draws, j));
    return noisy;
}

void hpo_noisy_ei_destroy(hpo_noisy_ei *noisy) {
    if (!noisy) return;
    hpo_gp_draws_destroy(noisy->draws);
    free(noisy);
}

static void gaps_of(const hpo_noisy_ei *noisy, double *means) {
    for (size_t j = 0; j < DRAWS; j++) means[j] = noisy->best[j] - means[j];
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    hpo_noisy_ei *noisy = self;
    const size_t dims = hpo_gp_draws_dims(noisy->draws);
    double gaps[BATCH][DRAWS];
    for (size_t first = 0; first < count; first += BATCH) {
        const size_t batch = count - first < BATCH ? count - first : BATCH;
        hpo_gp_draws_predict(noisy->draws, points + first * dims, batch, gaps[0], variance + first);
        for (size_t i = 0; i < batch; i++) {
            gaps_of(noisy, gaps[i]);
            mean[first + i] = -hpo_log_mean_ei(gaps[i], DRAWS, variance[first + i], NULL, NULL);
            variance[first + i] = 0;
        }
    }
}

static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    hpo_noisy_ei *noisy = self;
    double gaps[DRAWS], by_gap[DRAWS], by_variance, left;
    hpo_gp_draws_at(noisy->draws, point, gaps, &left);
    gaps_of(noisy, gaps);
    *mean = -hpo_log_mean_ei(gaps, DRAWS, left, by_gap, &by_variance);
    *variance = 0;
    hpo_gp_draws_slopes(noisy->draws, point, by_gap, -by_variance, d_mean);
    for (size_t i = 0; i < hpo_gp_draws_dims(noisy->draws); i++) d_variance[i] = 0;
}

hpo_surrogate hpo_noisy_ei_surrogate(hpo_noisy_ei *noisy) {
    return (hpo_surrogate){
        .self = noisy, .dims = hpo_gp_draws_dims(noisy->draws), .predict = predict, .gradient = gradient};
}
