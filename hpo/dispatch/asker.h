/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proposes configurations in a thread of its own, so that whoever asks stays answerable while a model is fitted.
 *
 * The asker owns a shadow of the study: a history and a proposer that are shown the same records in the same order, and
 * so propose the same bits. One proposal at a time; what is fed meanwhile waits until it has been taken. Everything
 * here is called by one thread, its owner's. */
#ifndef HPO_DISPATCH_ASKER_H
#define HPO_DISPATCH_ASKER_H

#include "hpo/study/study.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_asker hpo_asker;

typedef struct hpo_answer {
    base_status status; /* as of hpo_proposer_complete; BASE_END: nothing is left to propose */
    base_err err;
    hpo_record start; /* as requested, and complete when the status is BASE_OK; config valid until the next request */
    double seconds;   /* that it took */
} hpo_answer;

/* spec must outlive the asker's thread. Signals stay with the threads that there are already. */
BASE_CHECK base_status hpo_asker_create(const hpo_study_spec *spec, hpo_asker **out, base_err *err);
/* The next record of the study, which was applied there just now. No START while a proposal is under way. */
void hpo_asker_feed(hpo_asker *asker, const hpo_record *record);
/* Begins to complete a START from all that has been fed, which are start->as_of records. None may be under way. */
void hpo_asker_request(hpo_asker *asker, const hpo_record *start);
bool hpo_asker_is_busy(const hpo_asker *asker); /* requested, and not taken yet */
/* The answer, if it is there; does not wait. */
bool hpo_asker_take(hpo_asker *asker, hpo_answer *answer);
int hpo_asker_fd(const hpo_asker *asker); /* readable when there is an answer to take */
/* Ends the thread; accepts NULL. A proposal cannot be broken off: when one takes longer than `patience` seconds it is
 * left alone, and the answer is false. Then the spec must stay and the process must leave with _exit. */
bool hpo_asker_end(hpo_asker *asker, double patience);

#ifdef __cplusplus
}
#endif
#endif
