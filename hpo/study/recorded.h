/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run as its journal alone tells it: the study from the identity in the head, the trials from the records. Nothing is
 * locked or written, and a run may go on meanwhile. */
#ifndef HPO_STUDY_RECORDED_H
#define HPO_STUDY_RECORDED_H

#include "hpo/objective.h"
#include "hpo/trials/history.h"
#include "hpo/trials/journal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_recorded {
    const char *file;       /* the journal */
    hpo_journal_begun head; /* its texts, as all that are here, are the arena's */
    const char *metric;     /* this and the next: of the first goal */
    bool maximize;
    const hpo_goal *goals;
    size_t n_goals;
    hpo_constraints constraints;
    hpo_fidelity fidelity;           /* name NULL: every evaluation is a full one, at 1 */
    const char *parameters;          /* {parameters: ..., forbid: ...} */
    const char *objective;           /* "train, {settings: ...}"; this and the next: NULL when unknown */
    const char *sampler, *scheduler; /* "tpe, {...}" */
    hpo_space *space;                /* owned; it knows the goals (hpo_space_set_metrics) */
    hpo_history *history;            /* owned */
} hpo_recorded;

/* Reads the journal at path, a file or a run's folder. visit: gets every entry after it was applied; may be NULL.
 * BASE_NOTFOUND, BASE_CORRUPT as hpo_journal_read; then nothing is to be freed. */
BASE_CHECK base_status hpo_recorded_read(const char *path, base_arena *arena,
                                         void (*visit)(void *self, const hpo_entry *entry), void *self,
                                         hpo_recorded *out, base_err *err);
void hpo_recorded_fini(hpo_recorded *recorded);

#ifdef __cplusplus
}
#endif
#endif
