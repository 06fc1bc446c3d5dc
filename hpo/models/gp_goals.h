/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Gaussian process per goal, and how much a point is expected to add to the hypervolume of all (noisy_ehvi.h). */
#ifndef HPO_MODELS_GP_GOALS_H
#define HPO_MODELS_GP_GOALS_H

#include "hpo/models/gp_surrogate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_gp_goals hpo_gp_goals;

/* settings: as of the process of one loss; the processes are plain. The space must outlive it. Never NULL. */
hpo_gp_goals *hpo_gp_goals_create(const hpo_space *space, const hpo_gp_settings *settings);
void hpo_gp_goals_destroy(hpo_gp_goals *goals); /* accepts NULL */

/* Whether it is for this data set: of two to six goals, and not so large that a subset would stand for it, with six
 * not of more than 300 rows. */
bool hpo_gp_goals_can(hpo_view view, const hpo_dataset *data);
/* Each process given its goal's losses in the rows of a data set with successes, and what is running. Failed rows have
 * the worst loss of a success in every goal; losses
 * beyond the study's reference point (hypervolume.h), which gain nothing, are compressed logarithmically. fidelity: as
 * of hpo_gp_surrogate_condition. Returns the process of the first goal, which says for all of them which rows count
 * (hpo_gp_surrogate_count_only). */
hpo_gp_surrogate *hpo_gp_goals_condition(hpo_gp_goals *goals, hpo_view view, const hpo_dataset *data, double fidelity);
/* Minus the logarithm of noisy EHVI up to that reference point, as a model without variance: a
 * function of the processes and of the stream *rng. Valid until the next call of this or of condition. */
hpo_surrogate hpo_gp_goals_noisy_ehvi(hpo_gp_goals *goals, base_rng *rng);

#ifdef __cplusplus
}
#endif
#endif
