/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/selection.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void hpo_selection_fini(hpo_selection *selection) {
    free(selection->unit);
    free(selection->value);
    free(selection->fidelity);
    free(selection->trial);
    *selection = (hpo_selection){0};
}

void hpo_selection_begin(hpo_selection *selection, const hpo_dataset *data) {
    BASE_GROW(selection->unit, selection->unit_capacity, data->n * data->dims + 1);
    BASE_GROW(selection->value, selection->value_capacity, data->n + 1);
    BASE_GROW(selection->fidelity, selection->fidelity_capacity, data->n + 1);
    BASE_GROW(selection->trial, selection->trial_capacity, data->n + 1);
    selection->n = 0;
}

void hpo_selection_add(hpo_selection *selection, const hpo_dataset *data, size_t row, double value) {
    const size_t n = selection->n++, dims = data->dims;
    if (dims > 0) memcpy(selection->unit + n * dims, data->unit + row * dims, dims * sizeof *selection->unit);
    selection->value[n] = value;
    selection->fidelity[n] = data->fidelity[row];
    selection->trial[n] = data->trial[row];
}

hpo_dataset hpo_selection_dataset(const hpo_selection *selection, const hpo_dataset *data) {
    return (hpo_dataset){.dims = data->dims,
                         .n = selection->n,
                         .unit = selection->unit,
                         .loss = selection->value,
                         .fidelity = selection->fidelity,
                         .trial = selection->trial,
                         .level = data->level};
}
