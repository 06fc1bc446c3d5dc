/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/chebyshev.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

static const double AUGMENTATION = 0.05;

void hpo_simplex_weights(base_rng *rng, size_t k, double *weights) {
    double sum = 0;
    for (size_t g = 0; g < k; g++) sum += weights[g] = -log1p(-base_rng_uniform(rng)); /* exponential: >= 0, finite */
    for (size_t g = 0; g < k; g++) weights[g] = sum > 0 ? weights[g] / sum : 1 / (double)k;
}

double hpo_chebyshev(const double *losses, const double *weights, size_t k) {
    double most = weights[0] * losses[0], sum = most;
    for (size_t g = 1; g < k; g++) {
        const double part = weights[g] * losses[g];
        most = fmax(most, part);
        sum += part;
    }
    return most + AUGMENTATION * sum;
}

void hpo_scalarised_fini(hpo_scalarised *scalarised) {
    free(scalarised->loss);
    *scalarised = (hpo_scalarised){0};
}

/* The least and the greatest of each goal; they stay infinite without successes. */
static void find_range(const hpo_dataset *data, size_t k, double *low, double *high) {
    for (size_t g = 0; g < k; g++) {
        low[g] = (double)INFINITY;
        high[g] = -(double)INFINITY;
    }
    for (size_t i = 0; i < data->n; i++) {
        for (size_t g = 0; g < k && isfinite(data->loss[i]); g++) {
            low[g] = fmin(low[g], data->goals[i][g]);
            high[g] = fmax(high[g], data->goals[i][g]);
        }
    }
}

hpo_dataset hpo_scalarise(hpo_scalarised *scalarised, const hpo_dataset *data, const double *weights, size_t k) {
    double low[HPO_MAX_GOALS], high[HPO_MAX_GOALS], scaled[HPO_MAX_GOALS];
    find_range(data, k, low, high);
    BASE_GROW(scalarised->loss, scalarised->capacity, data->n + 1);
    for (size_t i = 0; i < data->n; i++) {
        scalarised->loss[i] = data->loss[i];
        if (!isfinite(data->loss[i])) continue;
        /* halves: a range of finite numbers may be infinite */
        for (size_t g = 0; g < k; g++)
            scaled[g] = high[g] > low[g] ? (data->goals[i][g] / 2 - low[g] / 2) / (high[g] / 2 - low[g] / 2) : 0;
        scalarised->loss[i] = hpo_chebyshev(scaled, weights, k);
    }
    hpo_dataset one = *data;
    one.loss = scalarised->loss;
    return one;
}

hpo_dataset hpo_scalarise_drawn(hpo_scalarised *scalarised, hpo_view view, const hpo_dataset *data, base_rng *rng) {
    const size_t k = hpo_view_n_goals(view);
    double weights[HPO_MAX_GOALS];
    if (k == 1) return *data;
    hpo_simplex_weights(rng, k, weights);
    return hpo_scalarise(scalarised, data, weights, k);
}
