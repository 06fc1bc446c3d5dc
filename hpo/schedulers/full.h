/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every configuration once, at the highest fidelity: `full`, and the schedulers that only stop what it starts. */
#ifndef HPO_SCHEDULERS_FULL_H
#define HPO_SCHEDULERS_FULL_H

#include "hpo/schedulers/scheduler.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As hpo_scheduler_type.next. */
void hpo_full_next(double fidelity, hpo_view view, bool may_start, hpo_decision *out);

#ifdef __cplusplus
}
#endif
#endif
