/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions as functions of a view, and their verification: the same function, asked again with the view of then. */
#include <inttypes.h>
#include <string.h>

#include "hpo/study/study_impl.h"

static uint64_t trial_seed(const hpo_study *study, uint64_t trial) {
    const bool replicates = hpo_study_replicates(study->spec);
    return replicates ? study_replicate_seed(study->spec, 0)
                      : base_rng_derive(study->spec->seed, BASE_RNG_SEED, (uint32_t)trial);
}

/* With replicates a mean goes on to the next seed. */
double study_promotion_from(const hpo_study *study, hpo_view view, uint64_t trial_id) {
    if (!study->resumes) return 0;
    const hpo_trial trial = hpo_view_trial(view, trial_id);
    return trial.n_evals > 0 ? trial.evals[trial.n_evals - 1].fidelity : 0;
}

base_status study_decide(hpo_study *study, hpo_view view, bool may_start, hpo_decision *decision, base_err *err) {
    const bool exhausted = study->exhausted_at <= view.as_of;
    return hpo_scheduler_next(study->scheduler, view, may_start && !exhausted, decision, err);
}

hpo_record study_start_record(const hpo_study *study, hpo_view view, uint64_t trial, const hpo_decision *decision) {
    return (hpo_record){
        .kind = HPO_RECORD_START,
        .trial = trial,
        .bracket = decision->bracket,
        .rung = decision->rung,
        .fidelity = decision->fidelity,
        .from = decision->inherits ? study_promotion_from(study, view, decision->parent) : 0,
        .as_of = view.as_of,
        .parent = decision->inherits ? decision->parent : UINT64_MAX,
        .seed = trial_seed(study, trial),
    };
}

/* ---- verification ---- */

/* What ask would have answered: a decision, and the whole record when it is a START. */
static base_status decide_again(hpo_study *study, hpo_view view, uint64_t trial, bool may_start, hpo_decision *decision,
                                hpo_record *start, base_err *err) {
    base_status status;
    do {
        BASE_TRY(study_decide(study, view, may_start, decision, err));
        if (decision->kind != HPO_DECIDE_START) return BASE_OK;
        *start = study_start_record(study, view, trial, decision);
        status = hpo_study_propose(study, start, err);
    } while (status == BASE_END);
    return status;
}

static hpo_decision_kind wanted_kind(hpo_record_kind kind) {
    return kind == HPO_RECORD_START     ? HPO_DECIDE_START
           : kind == HPO_RECORD_PROMOTE ? HPO_DECIDE_PROMOTE
                                        : HPO_DECIDE_CLOSE;
}

static bool same_double(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool agrees(const hpo_study *study, hpo_view view, const hpo_record *record, const hpo_decision *decision,
                   const hpo_record *start) {
    if (decision->kind != wanted_kind(record->kind)) return false;
    if (decision->kind == HPO_DECIDE_CLOSE) return decision->trial == record->trial;
    if (decision->rung != record->rung || !same_double(decision->fidelity, record->fidelity)) return false;
    if (decision->kind == HPO_DECIDE_PROMOTE) {
        return decision->trial == record->trial &&
               same_double(study_promotion_from(study, view, record->trial), record->from);
    }
    return decision->bracket == record->bracket && record->seed == start->seed && record->parent == start->parent &&
           same_double(record->from, start->from) &&
           hpo_space_equal(study->spec->space, start->config, record->config) &&
           (!record->origin || strcmp(record->origin, start->origin) == 0);
}

static void put_decision(const hpo_study *study, const hpo_decision *decision, const double *config, base_buf *out) {
    static const char *const words[] = {"starts trial", "promotes trial", "closes trial", "waits", "is done"};
    base_buf_puts(out, words[decision->kind]);
    if (decision->kind > HPO_DECIDE_CLOSE) return;
    base_buf_printf(out, " %" PRIu64, decision->trial);
    if (decision->kind == HPO_DECIDE_CLOSE) return;
    base_buf_printf(out, " (bracket %u, rung %u, fidelity %.17g)", decision->bracket, decision->rung,
                    decision->fidelity);
    if (decision->kind != HPO_DECIDE_START) return;
    if (decision->inherits) base_buf_printf(out, " from trial %" PRIu64, decision->parent);
    base_buf_puts(out, " with ");
    hpo_space_print(study->spec->space, config, out);
}

static base_status fail_difference(const hpo_study *study, const hpo_record *record, const hpo_decision *decision,
                                   const double *config, base_err *err) {
    const hpo_decision recorded = {
        .kind = wanted_kind(record->kind),
        .trial = record->trial,
        .bracket = record->bracket,
        .rung = record->rung,
        .fidelity = record->fidelity,
        .inherits = record->kind == HPO_RECORD_START && record->parent != UINT64_MAX,
        .parent = record->parent,
    };
    hpo_decision computed = *decision;
    if (computed.kind == HPO_DECIDE_START) computed.trial = record->trial;
    base_buf old = {0}, new = {0};
    put_decision(study, &recorded, record->config, &old);
    put_decision(study, &computed, config, &new);
    const base_status status = BASE_FAIL(err, BASE_CORRUPT, "the journal %s, but computed again the study %s%s",
                                         base_buf_text(&old), base_buf_text(&new),
                                         strcmp(base_buf_text(&old), base_buf_text(&new)) == 0
                                             ? " (they differ in seed, origin, start or hidden digits)"
                                             : "");
    base_buf_fini(&old);
    base_buf_fini(&new);
    return status;
}

/* The budget is no part of a study's identity and may have grown since: a decision is right if it is right with or
 * without new configurations being allowed. What explained the last record is tried first. */
base_status hpo_study_verify(hpo_study *study, const hpo_record *record, base_err *err) {
    if (record->kind == HPO_RECORD_REPORT || record->kind == HPO_RECORD_RESULT) return BASE_OK;
    hpo_view view = hpo_study_view(study);
    const bool known = record->trial < hpo_view_trials(view);
    if (record->kind == HPO_RECORD_CLOSE && known && hpo_view_trial(view, record->trial).open) return BASE_OK;
    if (record->kind != HPO_RECORD_CLOSE) {
        if (record->as_of > view.as_of) {
            return BASE_FAIL(err, BASE_CORRUPT, "trial %" PRIu64 " was asked for from a history that comes later",
                             record->trial);
        }
        view = hpo_history_at(study->history, record->as_of);
    }
    const bool starts = record->kind == HPO_RECORD_START;
    bool may_start = starts || study->verify_may_start;
    hpo_decision decision, nearest = {.kind = HPO_DECIDE_DONE};
    hpo_record start = {0};
    for (int tries = 0; tries < (starts ? 1 : 2); tries++, may_start = !may_start) {
        BASE_TRY(decide_again(study, view, record->trial, may_start, &decision, &start, err));
        if (agrees(study, view, record, &decision, &start)) {
            study->verify_may_start = may_start;
            return BASE_OK;
        }
        if (tries == 0 || decision.kind == wanted_kind(record->kind)) nearest = decision;
    }
    return fail_difference(study, record, &nearest, start.config, err);
}

base_status hpo_study_verify_stop(hpo_study *study, const hpo_record *report, base_err *err) {
    const bool stops = hpo_scheduler_should_stop(study->scheduler, hpo_study_view(study), report->trial);
    if (stops == report->stop) return BASE_OK;
    static const char *const words[] = {"lets it go on", "stops it"};
    return BASE_FAIL(err, BASE_CORRUPT,
                     "at the report of trial %" PRIu64 " at %.17g the journal %s, but computed again the study %s",
                     report->trial, report->fidelity, words[report->stop], words[stops]);
}
