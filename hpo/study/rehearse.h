/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study rehearsed: how much its budget lets it do, and how the work spreads over its workers, as far as the scheduler
 * alone decides. For a display's guess at the time that is left. */
#ifndef HPO_STUDY_REHEARSE_H
#define HPO_STUDY_REHEARSE_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Moments, in the order of time; the last one is the end. Caller-placed; {0} is empty. */
typedef struct hpo_rehearsal {
    size_t count, capacity;
    struct hpo_rehearsed {
        double trials; /* that have begun */
        double cost;   /* charged up to here, in units of fidelity, what runs counted as far as it has come */
        double time;   /* in the same units: what a worker does in one takes one */
    } * moment;
} hpo_rehearsal;

/* Every evaluation takes what is declared as its cost, losses are random. A study whose trials are stopped at reports,
 * or which has neither a budget of trials nor one of cost, gives an empty one: nobody can tell before.
 * Of more than 20,000 trials so many are rehearsed, and the rest goes on at the same pace. */
BASE_CHECK base_status hpo_study_rehearse(const hpo_study_spec *spec, size_t workers, hpo_rehearsal *out,
                                          base_err *err);
void hpo_rehearsal_fini(hpo_rehearsal *rehearsal);
double hpo_rehearsal_end(const hpo_rehearsal *rehearsal); /* the time of the end; 0 when it is empty */
/* When so much was charged, or so many trials had begun, in between linearly; the end when it is more than all. */
double hpo_rehearsal_time(const hpo_rehearsal *rehearsal, double cost);
double hpo_rehearsal_time_of_trials(const hpo_rehearsal *rehearsal, double trials);

#ifdef __cplusplus
}
#endif
#endif
