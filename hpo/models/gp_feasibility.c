/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/gp_feasibility.h"

#include <stdlib.h>

#include "base/arena.h"

struct hpo_gp_feasibility {
    const hpo_space *space;
    hpo_gp_settings settings;
    hpo_gp_surrogate *process[HPO_MAX_CONSTRAINTS]; /* made when they are needed */
    hpo_surrogate excess[HPO_MAX_CONSTRAINTS];
    hpo_selection rows; /* of one after the other: a process keeps its own */
    bool *counts;
    size_t counts_capacity;
};

hpo_gp_feasibility *hpo_gp_feasibility_create(const hpo_space *space, const hpo_gp_settings *settings) {
    hpo_gp_feasibility *f = base_calloc(1, sizeof *f);
    *f = (hpo_gp_feasibility){.space = space, .settings = *settings};
    f->settings.plain = true;
    return f;
}

void hpo_gp_feasibility_destroy(hpo_gp_feasibility *f) {
    if (!f) return;
    for (size_t c = 0; c < HPO_MAX_CONSTRAINTS; c++) hpo_gp_surrogate_destroy(f->process[c]);
    hpo_selection_fini(&f->rows);
    free(f->counts);
    free(f);
}

void hpo_gp_feasibility_condition(hpo_gp_feasibility *f, hpo_view view, const hpo_dataset *data, double fidelity,
                                  hpo_gp_surrogate *loss, hpo_maximize *problem, bool *improves) {
    const size_t count = hpo_view_constraints(view).count;
    *improves = true;
    if (count == 0) return;
    for (size_t c = 0; c < count; c++) {
        if (!f->process[c]) f->process[c] = hpo_gp_surrogate_create(f->space, &f->settings);
        const hpo_dataset rows = hpo_excess_collect(&f->rows, data, c);
        f->excess[c] = hpo_gp_surrogate_condition(f->process[c], &rows, fidelity);
    }
    problem->excess = f->excess;
    problem->n_excess = count;
    BASE_GROW(f->counts, f->counts_capacity, data->n + 1);
    *improves = hpo_feasible_rows(data, f->counts) > 0;
    if (*improves) hpo_gp_surrogate_count_only(loss, f->counts);
    if (!*improves) problem->surrogate = NULL;
}
