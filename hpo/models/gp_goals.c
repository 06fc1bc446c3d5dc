/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/gp_goals.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/hypervolume.h"
#include "hpo/models/noisy_ehvi.h"

/* By goal: rows of which a decomposition has some 60,000 boxes at most (noisy_ehvi.c). */
enum { MOST_GOALS = 6 };
static const size_t most_rows[MOST_GOALS + 1] = {
    0, 0, HPO_GP_MAX_ROWS, HPO_GP_MAX_ROWS, HPO_GP_MAX_ROWS, HPO_GP_MAX_ROWS, 300};
static const double LARGEST = 1e150; /* its square is finite */

struct hpo_gp_goals {
    const hpo_space *space;
    hpo_gp_settings settings;
    size_t k;
    hpo_gp_surrogate *process[MOST_GOALS]; /* made when they are needed */
    double reference[HPO_MAX_GOALS];
    double *loss;
    size_t capacity;
    hpo_noisy_ehvi *noisy;
};

hpo_gp_goals *hpo_gp_goals_create(const hpo_space *space, const hpo_gp_settings *settings) {
    hpo_gp_goals *goals = base_calloc(1, sizeof *goals);
    *goals = (hpo_gp_goals){.space = space, .settings = *settings};
    goals->settings.plain = true;
    return goals;
}

static void drop_noisy(hpo_gp_goals *goals) {
    hpo_noisy_ehvi_destroy(goals->noisy);
    goals->noisy = NULL;
}

void hpo_gp_goals_destroy(hpo_gp_goals *goals) {
    if (!goals) return;
    drop_noisy(goals);
    for (size_t g = 0; g < MOST_GOALS; g++) hpo_gp_surrogate_destroy(goals->process[g]);
    free(goals->loss);
    free(goals);
}

bool hpo_gp_goals_can(hpo_view view, const hpo_dataset *data) {
    const size_t k = hpo_view_n_goals(view);
    return k >= 2 && k <= MOST_GOALS && data->n <= most_rows[k];
}

/* Beyond the reference losses gain nothing whatever they are: there they are compressed, with the same slope at it, so
 * that they do not flatten what is below. */
static double compress(double loss, double reference, double least) {
    const double width = reference - least;
    if (!(loss > reference) || !(width > 0)) return loss;
    return fmin(loss, reference + width * log1p((loss - reference) / width));
}

static void losses_of(const hpo_dataset *data, size_t g, double reference, double *loss) {
    double worst = -LARGEST, least = LARGEST;
    for (size_t i = 0; i < data->n; i++) {
        if (!isfinite(data->loss[i])) continue;
        loss[i] = fmax(fmin(data->goals[i][g], LARGEST), -LARGEST);
        worst = fmax(worst, loss[i]);
        least = fmin(least, loss[i]);
    }
    for (size_t i = 0; i < data->n; i++)
        loss[i] = compress(isfinite(data->loss[i]) ? loss[i] : worst, reference, least);
}

hpo_gp_surrogate *hpo_gp_goals_condition(hpo_gp_goals *goals, hpo_view view, const hpo_dataset *data, double fidelity) {
    BASE_ASSERT(hpo_gp_goals_can(view, data) && data->n > data->n_failed);
    drop_noisy(goals);
    goals->k = hpo_view_n_goals(view);
    (void)hpo_view_reference(view, goals->reference); /* there is a success */
    BASE_GROW(goals->loss, goals->capacity, data->n);
    hpo_dataset one = *data;
    one.loss = goals->loss;
    for (size_t g = 0; g < goals->k; g++) {
        if (!goals->process[g]) goals->process[g] = hpo_gp_surrogate_create(goals->space, &goals->settings);
        losses_of(data, g, goals->reference[g], goals->loss);
        (void)hpo_gp_surrogate_condition(goals->process[g], &one, fidelity);
    }
    return goals->process[0];
}

hpo_surrogate hpo_gp_goals_noisy_ehvi(hpo_gp_goals *goals, base_rng *rng) {
    drop_noisy(goals);
    double reference[MOST_GOALS];
    hpo_gp_draws *draws[MOST_GOALS];
    for (size_t g = 0; g < goals->k; g++) {
        reference[g] = hpo_gp_surrogate_scaled(goals->process[g], goals->reference[g]);
        draws[g] = hpo_gp_surrogate_draws(goals->process[g], rng);
    }
    goals->noisy = hpo_noisy_ehvi_create(draws, goals->k, reference, hpo_gp_surrogate_counted(goals->process[0]));
    return hpo_noisy_ehvi_surrogate(goals->noisy);
}
