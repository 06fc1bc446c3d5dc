/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What study.c (records) and decide.c (decisions) share. */
#ifndef HPO_STUDY_STUDY_IMPL_H
#define HPO_STUDY_STUDY_IMPL_H

#include "hpo/study/study.h"
#include "hpo/study/study_keys.h"

struct hpo_study {
    const hpo_study_spec *spec;
    hpo_history *history;
    hpo_sampler *sampler;
    hpo_scheduler *scheduler;
    double *config;        /* of the START that is being made */
    uint64_t exhausted_at; /* from this event on the sampler has nothing left; UINT64_MAX: not known to be so */
    bool verify_may_start; /* what explained the last verified record */
    base_buf halt_reason, exhausted_reason, reason;
};

/* ---- decide.c ---- */
/* What the scheduler wants, as seen through view, and for START a configuration of trial `trial` in study->config. When
 * the sampler has nothing left, what the scheduler wants without new configurations. */
BASE_CHECK base_status study_decide(hpo_study *study, hpo_view view, uint64_t trial, bool may_start,
                                    hpo_decision *decision, const char **origin, base_err *err);
uint64_t study_trial_seed(const hpo_study *study, uint64_t trial);
/* The fidelity that a promoted trial goes on from: 0 when the objective has to begin anew. */
double study_promotion_from(const hpo_study *study, hpo_view view, uint64_t trial);

#endif
