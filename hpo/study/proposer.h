/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a START its configuration: a study's sampler, and what keeps a finite space from being tried twice.
 *
 * Apart from the study, because fitting a model takes long and may be done in another thread, on a history of its own.
 * Two proposers of the same study that are shown the same records propose the same bits. */
#ifndef HPO_STUDY_PROPOSER_H
#define HPO_STUDY_PROPOSER_H

#include "hpo/study/study_file.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_proposer hpo_proposer;

/* spec must outlive the proposer. */
BASE_CHECK base_status hpo_proposer_create(const hpo_study_spec *spec, hpo_proposer **out, base_err *err);
void hpo_proposer_destroy(hpo_proposer *proposer); /* accepts NULL */
/* Completes a START with config (valid until the next call) and origin, from what view shows. BASE_END: nothing is left
 * to propose, and err says why. */
BASE_CHECK base_status hpo_proposer_complete(hpo_proposer *proposer, hpo_view view, hpo_record *start, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
