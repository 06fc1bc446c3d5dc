/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a model is fitted on: the results that a view holds, as points of the unit cube with their losses, and the
 * points that are still being evaluated.
 *
 * A result is a finished evaluation, or the last report of a trial that a stopping rule ended. At a step at which such
 * a rule has ended a trial, HIGHEST and AT also have the reports of all others. Failed evaluations are
 * in, with a loss of +infinity: each model decides what it makes of them. Which of the results a model sees, when they
 * come from several fidelities, is a policy that its sampler states.
 *
 * Everything follows from the view; what is kept between calls only saves reading it again from its beginning. */
#ifndef HPO_MODELS_OBSERVATIONS_H
#define HPO_MODELS_OBSERVATIONS_H

#include "hpo/trials/order.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_data_policy {
    HPO_DATA_HIGHEST, /* the results of the highest fidelity that has at least `needed`; none when no fidelity has */
    HPO_DATA_AT,      /* the results of one fidelity (one rung) */
    HPO_DATA_JOINT,   /* every result of every fidelity: a trial has a row for each fidelity it was evaluated at */
    HPO_DATA_LAST,    /* every trial once, with its last result */
} hpo_data_policy;

typedef struct hpo_data_query {
    hpo_data_policy policy;
    size_t needed;       /* HIGHEST */
    bool only_successes; /* HIGHEST: failed results do not count towards `needed` (they are in the rows all the same) */
    double fidelity;     /* AT */
} hpo_data_query;

/* A history that averages has one level: whatever the policy, rows are those of LAST, and pending are the running
 * trials without any; `level` is NaN. Rows in the order of their events (LAST: of each trial's first result). Points
 * are row-major, NaN where inactive. */
typedef struct hpo_dataset {
    size_t dims; /* hpo_space_dims */
    size_t n;
    const double *unit; /* n x dims */
    const double *loss; /* n; minimized; +infinity = failed */
    const double *fidelity;
    const double *const *goals;  /* n; the losses of all goals of each row, the history's; NULL with one goal */
    const double *const *excess; /* n; of each row as in hpo_eval; NULL: unknown, or nothing is constrained */
    const uint64_t *trial;
    size_t n_failed;
    double level; /* HIGHEST, AT: the fidelity of all rows; NaN when there are none */
    /* Running trials, by id. HIGHEST and AT: without those that have a row already, because they are beyond that
     * fidelity now. */
    size_t n_pending;
    const double *pending_unit; /* n_pending x dims */
    const double *pending_fidelity;
    const uint64_t *pending_trial;
    const bool *pending_known; /* a promoted trial: it has a result at a lower fidelity already */
    /* The point of every trial, whatever the policy. */
    size_t n_trials;
    const double *trial_unit; /* n_trials x dims, by trial id */
} hpo_dataset;

/* How a row stands among others by `loss` (one goal, or one made of several: chebyshev.h). */
static inline hpo_member hpo_dataset_member(const hpo_dataset *data, size_t row) {
    const double *excess = data->excess ? data->excess[row] : NULL;
    const hpo_member member = {data->trial[row], data->loss[row], NULL, excess ? excess[0] : 0};
    return member;
}

typedef struct hpo_observations hpo_observations;

/* The space must outlive it. Never NULL. */
hpo_observations *hpo_observations_create(const hpo_space *space);
void hpo_observations_destroy(hpo_observations *observations); /* accepts NULL */
/* Throws away what was kept: never changes an answer. */
void hpo_observations_forget(hpo_observations *observations);
/* The arrays are valid until the next call. As the view grows, a call costs O(trials that may still change + new
 * results); a view that is no continuation of the last one is read anew. */
hpo_dataset hpo_observations_collect(hpo_observations *observations, hpo_view view, const hpo_data_query *query);

/* Trials with a result at a fidelity that went on and have one of a higher fidelity as well, by the event of the first
 * of these. */
typedef struct hpo_promotions {
    double fidelity;
    const uint64_t *trials;
    size_t count;
} hpo_promotions;
/* Of the view that was collected last: how many fidelities have results; their promotions, place 0 is the highest. */
size_t hpo_observations_levels(const hpo_observations *observations);
hpo_promotions hpo_observations_promotions(const hpo_observations *observations, size_t place);

#ifdef __cplusplus
}
#endif
#endif
