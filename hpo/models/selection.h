/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows chosen from a data set, with values of their own in the place of losses: what a model beside that of the loss is
 * fitted on, such as one of costs, or of a constraint. */
#ifndef HPO_MODELS_SELECTION_H
#define HPO_MODELS_SELECTION_H

#include "hpo/models/observations.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialize. What it holds is reused from one selection to the next. */
typedef struct hpo_selection {
    double *unit, *value, *fidelity;
    uint64_t *trial;
    size_t n, unit_capacity, value_capacity, fidelity_capacity, trial_capacity;
} hpo_selection;
void hpo_selection_fini(hpo_selection *selection);

/* Empties it, with room for all rows of the data set. */
void hpo_selection_begin(hpo_selection *selection, const hpo_dataset *data);
void hpo_selection_add(hpo_selection *selection, const hpo_dataset *data, size_t row, double value);
/* With nothing pending. Valid until the next begin. */
hpo_dataset hpo_selection_dataset(const hpo_selection *selection, const hpo_dataset *data);

#ifdef __cplusplus
}
#endif
#endif
