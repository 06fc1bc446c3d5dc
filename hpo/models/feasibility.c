/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/feasibility.h"

#include <math.h>

double hpo_bilog(double excess) {
    return copysign(log1p(fabs(excess)), excess);
}

hpo_dataset hpo_excess_collect(hpo_selection *selection, const hpo_dataset *data, size_t constraint) {
    hpo_selection_begin(selection, data);
    for (size_t i = 0; i < data->n; i++) {
        if (!isfinite(data->loss[i]) || !data->excess[i]) continue;
        hpo_selection_add(selection, data, i, hpo_bilog(data->excess[i][1 + constraint]));
    }
    return hpo_selection_dataset(selection, data);
}

size_t hpo_feasible_rows(const hpo_dataset *data, bool *counts) {
    size_t feasible = 0;
    for (size_t i = 0; i < data->n; i++) {
        const bool is = isfinite(data->loss[i]) && hpo_dataset_member(data, i).violation == 0;
        if (counts) counts[i] = is;
        feasible += is;
    }
    return feasible;
}
