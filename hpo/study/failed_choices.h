/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choices that never worked: of which every trial failed, while trials with other choices did not. */
#ifndef HPO_STUDY_FAILED_CHOICES_H
#define HPO_STUDY_FAILED_CHOICES_H

#include "base/buf.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Calls visit for each of them: "model=logreg", and how many trials had it. A choice that fewer than three trials had
 * says nothing. */
void hpo_failed_choices(hpo_view view, void (*visit)(void *self, const char *choice, uint64_t trials), void *self);

#ifdef __cplusplus
}
#endif
#endif
