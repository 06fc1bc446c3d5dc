/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The path from the default to the best, as the forest sees it. */
#include <math.h>
#include <string.h>

#include "hpo/report/importance_impl.h"

void hpo_importance_default(const hpo_space *space, double *unit) {
    const hpo_space *belief = hpo_space_belief(space, 0);
    for (size_t d = 0; d < hpo_space_dims(space); d++) {
        const hpo_param *p = hpo_space_param(belief, hpo_space_dim_param(space, d));
        unit[d] = p->prior.given ? hpo_param_to_unit(p, p->prior.center) : 0.5;
    }
}

static double predict(const hpo_forest *forest, const double *point) {
    double mean, ignored;
    hpo_forest_predict(forest, point, 1, &mean, &ignored);
    return mean;
}

void hpo_importance_ablate(const hpo_account *a, const hpo_forest *forest, hpo_importance *importance,
                           base_arena *arena) {
    const hpo_space *space = a->run.space;
    const size_t dims = importance->dims;
    const double sign = a->run.maximize ? -1 : 1;
    uint64_t trial;
    double value, fidelity;
    if (!hpo_account_best(a, &trial, &value, &fidelity)) return;
    double *now = BASE_NEW_ARRAY(arena, dims, double), *best = BASE_NEW_ARRAY(arena, dims, double);
    bool *done = BASE_NEW_ARRAY(arena, dims, bool);
    hpo_importance_default(space, now);
    hpo_space_to_unit(space, hpo_view_trial(a->view, trial).config, best);
    importance->path = BASE_NEW_ARRAY(arena, dims + 1, hpo_ablation_step);
    importance->path[importance->n_path++] = (hpo_ablation_step){.param = SIZE_MAX, .value = predict(forest, now)};
    for (size_t d = 0; d < dims; d++) done[d] = isnan(best[d]) || best[d] == now[d];
    for (;;) {
        size_t chosen = SIZE_MAX;
        double least = INFINITY;
        for (size_t d = 0; d < dims; d++) {
            if (done[d]) continue;
            const double before = now[d];
            now[d] = best[d];
            const double loss = sign * predict(forest, now);
            now[d] = before;
            if (loss < least) least = loss, chosen = d;
        }
        if (chosen == SIZE_MAX) return;
        done[chosen] = true;
        now[chosen] = best[chosen];
        importance->path[importance->n_path++] =
            (hpo_ablation_step){.param = hpo_space_dim_param(space, chosen), .value = sign * least};
    }
}
