/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to importance: what its files give each other. */
#ifndef HPO_REPORT_IMPORTANCE_IMPL_H
#define HPO_REPORT_IMPORTANCE_IMPL_H

#include "hpo/report/importance.h"

/* The point that stands for "nobody said": the prior's mode, else the middle; unit: dims coordinates. Of priors
 * of each metric those of the first. */
void hpo_importance_default(const hpo_space *space, double *unit);
/* Fills path. */
void hpo_importance_ablate(const hpo_account *account, const hpo_forest *forest, hpo_importance *importance,
                           base_arena *arena);

#endif
