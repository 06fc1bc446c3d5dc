/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Gaussian process per constraint, beside that of the loss (feasibility.h says what becomes of them). */
#ifndef HPO_MODELS_GP_FEASIBILITY_H
#define HPO_MODELS_GP_FEASIBILITY_H

#include "hpo/models/feasibility.h"
#include "hpo/models/gp_surrogate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_gp_feasibility hpo_gp_feasibility;

/* settings: as of the process of the loss; the processes are plain. The space must outlive it. Never NULL. */
hpo_gp_feasibility *hpo_gp_feasibility_create(const hpo_space *space, const hpo_gp_settings *settings);
void hpo_gp_feasibility_destroy(hpo_gp_feasibility *feasibility); /* accepts NULL */

/* After loss was conditioned on the same data: sets the problem's models of constraints, from which results an
 * improvement is counted, and, while nothing is feasible, that there is none to be counted. Nothing happens in a study
 * without constraints. Valid until the next call, or until loss is conditioned anew. fidelity: as of
 * hpo_gp_surrogate_condition. *improves: whether there is a feasible result. */
void hpo_gp_feasibility_condition(hpo_gp_feasibility *feasibility, hpo_view view, const hpo_dataset *data,
                                  double fidelity, hpo_gp_surrogate *loss, hpo_maximize *problem, bool *improves);

#ifdef __cplusplus
}
#endif
#endif
