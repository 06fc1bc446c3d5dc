/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What study.c (records) and decide.c (decisions) share. */
#ifndef HPO_STUDY_STUDY_IMPL_H
#define HPO_STUDY_STUDY_IMPL_H

#include "hpo/study/proposer.h"
#include "hpo/study/study.h"
#include "hpo/study/study_keys.h"

struct hpo_study {
    const hpo_study_spec *spec;
    hpo_history *history;
    hpo_proposer *proposer;
    hpo_scheduler *scheduler;
    uint64_t exhausted_at; /* from this event on the sampler has nothing left; UINT64_MAX: not known to be so */
    uint64_t workers;      /* that tell results */
    uint64_t run_began;    /* records of earlier runs */
    bool resumes;          /* a promoted trial goes on from where it was */
    bool verify_may_start; /* what explained the last verified record */
    double now;            /* as the caller says; 0 = unknown */
    struct {
        uint64_t since, until; /* events: the last improvement, and up to where work was added up */
        double work;           /* fidelity that was evaluated between them */
    } stall;
    struct {
        uint64_t until;  /* events that are counted */
        double sum;      /* of the metric that the budget counts */
        uint64_t silent; /* evaluations that worked and have not reported it */
    } spent;
    struct {
        uint64_t as_of; /* UINT64_MAX: of nothing yet */
        hpo_recommendation what;
    } recommended; /* by posterior mean */
    base_buf halt_reason, exhausted_reason, reason;
};

/* ---- hopeless.c ---- */
/* Nothing has succeeded or reported, and the last trials failed alike; why is appended. */
bool study_is_hopeless(const hpo_study *study, hpo_view view, base_buf *why);

/* ---- stall.c ---- */
/* budget.no_improve: as much was evaluated since the best value (or the front) last got better; why is appended. */
bool study_has_stalled(hpo_study *study, hpo_view newest, base_buf *why);

/* ---- spent.c ---- */
/* budget.metric: counts the records that are new. */
void study_count_spent(hpo_study *study);
/* The budget is spent; why is appended. */
bool study_has_spent(const hpo_study *study, base_buf *why);
/* Nothing else limits the study, and so far no evaluation has said what is to be counted; why is appended. */
bool study_cannot_count(const hpo_study *study, base_buf *why);

/* ---- decide.c ---- */
/* What the scheduler wants, as seen through view; without new configurations once the sampler has nothing left. */
BASE_CHECK base_status study_decide(hpo_study *study, hpo_view view, bool may_start, hpo_decision *decision,
                                    base_err *err);
/* The START that a decision asks for, still without its configuration. */
hpo_record study_start_record(const hpo_study *study, hpo_view view, uint64_t trial, const hpo_decision *decision);
/* The fidelity that a promoted trial goes on from: 0 when the objective has to begin anew. */
double study_promotion_from(const hpo_study *study, hpo_view view, uint64_t trial);

#endif
