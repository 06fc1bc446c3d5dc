/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The study: asks the scheduler what to spend, the sampler where to look, and turns what comes back into records.
 *
 * It owns the history and changes it only by applying records; so a study that applies the records of another one is in
 * the same state. A decision depends on the view, the spec, and on whether new configurations are still allowed. */
#include "hpo/study/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hpo/study/study_impl.h"
#include "hpo/trials/order.h"

hpo_history *hpo_study_history(const hpo_study_spec *spec) {
    hpo_history *history = hpo_history_create_for(spec->space, spec->goals, spec->n_goals, spec->fidelity.max);
    hpo_history_constrain(history, spec->constraints);
    if (hpo_study_replicates(spec)) hpo_history_average(history);
    return history;
}

base_status hpo_study_create(const hpo_study_spec *spec, hpo_study **out, base_err *err) {
    *out = NULL;
    if (spec->try_first && !spec->first.rows) {
        return base_yaml_fail(spec->try_first, err, "the file '%s' of try_first has not been read",
                              spec->try_first->text);
    }
    hpo_study *study = base_calloc(1, sizeof *study);
    *study = (hpo_study){
        .spec = spec,
        .history = hpo_study_history(spec),
        .exhausted_at = UINT64_MAX,
        .resumes = hpo_study_resumes(spec) || hpo_study_replicates(spec),
        .verify_may_start = true,
        .recommended = {.as_of = UINT64_MAX},
    };
    const hpo_scheduler_env scheduler_env = study_scheduler_env(spec);
    base_status status = hpo_proposer_create(spec, &study->proposer, err);
    if (status == BASE_OK) {
        status = hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &scheduler_env, &study->scheduler, err);
    }
    if (status != BASE_OK) {
        hpo_study_destroy(study);
        study = NULL;
    }
    *out = study;
    return status;
}

void hpo_study_destroy(hpo_study *study) {
    if (!study) return;
    hpo_scheduler_destroy(study->scheduler);
    hpo_proposer_destroy(study->proposer);
    hpo_history_destroy(study->history);
    base_buf_fini(&study->halt_reason);
    base_buf_fini(&study->exhausted_reason);
    base_buf_fini(&study->reason);
    free(study);
}

hpo_view hpo_study_view(const hpo_study *study) {
    return hpo_history_view(study->history);
}

const hpo_study_spec *hpo_study_spec_of(const hpo_study *study) {
    return study->spec;
}

bool hpo_study_recommend(hpo_study *study, hpo_recommendation *out) {
    const hpo_view view = hpo_study_view(study);
    hpo_incumbent incumbent;
    if (!hpo_view_incumbent(view, &incumbent)) return false;
    if (!study->spec->by_posterior) {
        *out = hpo_recommend_incumbent(&incumbent);
        return true;
    }
    if (study->recommended.as_of != view.as_of) (void)hpo_recommend(view, &study->recommended.what);
    study->recommended.as_of = view.as_of;
    *out = study->recommended.what;
    return true;
}

const char *hpo_study_reason(const hpo_study *study) {
    const base_buf *reason = study->reason.length > 0 ? &study->reason : &study->halt_reason;
    return reason->length > 0 ? base_buf_text(reason) : NULL;
}

double hpo_study_cost(const hpo_study *study, const hpo_trial *trial, double from, double to, bool ends) {
    const hpo_objective_type *objective = study->spec->objective;
    if (hpo_study_replicates(study->spec)) { /* one more seed, from the beginning to its end or to a step of it */
        from = 0;
        if (ends) to = 1;
    }
    if (!objective->cost) return to - from;
    const hpo_objective_env env = hpo_study_objective_env(study->spec);
    return objective->cost(&env, trial->config, from, to, ends);
}

void hpo_study_begin_run(hpo_study *study, uint64_t workers) {
    study->workers = workers;
    study->run_began = hpo_study_view(study).as_of;
}

void hpo_study_halt(hpo_study *study, const char *reason) {
    if (study->halt_reason.length > 0) return;
    base_buf_puts(&study->halt_reason, reason && *reason ? reason : "the study was halted");
}

/* Trials that failed and were not ordered to be repeated. */
static uint64_t count_failures(const hpo_study *study, hpo_view view) {
    const uint64_t failed = hpo_view_count(view, HPO_TRIAL_FAILED), repeated = study->spec->n_repeated;
    return failed > repeated ? failed - repeated : 0;
}

static bool too_many_failures(const hpo_study *study, hpo_view view) {
    return count_failures(study, view) > (uint64_t)study->spec->failure.max_failures;
}

bool hpo_study_failed(const hpo_study *study) {
    const hpo_view view = hpo_study_view(study);
    hpo_incumbent best;
    base_buf why = {0};
    const bool uncounted = study_cannot_count(study, &why);
    base_buf_fini(&why);
    return uncounted || too_many_failures(study, view) || !hpo_view_incumbent(view, &best);
}

/* ---- ask ---- */

static void apply_own(hpo_study *study, const hpo_record *record) {
    base_err err;
    const base_status status = hpo_history_apply(study->history, record, &err);
    BASE_ASSERT(status == BASE_OK);
}

static bool meets_target(const hpo_study_spec *spec, const hpo_eval *eval) {
    const double *values = hpo_eval_values(eval, spec->n_goals), *target = spec->budget.target;
    if (eval->fidelity < spec->fidelity.max || !hpo_eval_is_feasible(eval)) return false;
    for (size_t g = 0; g < spec->n_goals; g++)
        if (spec->goals[g].maximize ? values[g] < target[g] : values[g] > target[g]) return false; /* of NaN: neither */
    return true;
}

static void put_reached(const hpo_study_spec *spec, const hpo_incumbent *who, base_buf *why) {
    const double *values = hpo_eval_values(who->eval, spec->n_goals), *target = spec->budget.target;
    if (spec->n_goals == 1) {
        base_buf_printf(why, "the target of %.15g is reached: %s is %.15g in trial %llu", *target, spec->goals[0].name,
                        *values, (unsigned long long)who->trial);
        return;
    }
    base_buf_printf(why, "trial %llu reaches the target:", (unsigned long long)who->trial);
    for (size_t g = 0, said = 0; g < spec->n_goals; g++) {
        if (isnan(target[g])) continue;
        base_buf_printf(why, "%s %s %.15g (%.15g was asked for)", said++ > 0 ? "," : "", spec->goals[g].name, values[g],
                        target[g]);
    }
}

/* With several goals whoever meets the target is on the front, or dominated by one there that meets it as well. */
static bool target_reached(const hpo_study *study, hpo_view view, base_buf *why) {
    const hpo_study_spec *spec = study->spec;
    hpo_incumbent best;
    if (!spec->budget.has_target || !hpo_view_incumbent(view, &best)) return false;
    if (spec->n_goals == 1) {
        if (!meets_target(spec, best.eval)) return false;
        put_reached(spec, &best, why);
        return true;
    }
    size_t count, i = 0;
    hpo_incumbent *front = hpo_front_create(view, &count);
    while (i < count && !meets_target(spec, front[i].eval)) i++;
    if (i < count) put_reached(spec, &front[i], why);
    free(front);
    return i < count;
}

/* What ends everything at once, running evaluations included; the sentence is appended to why. */
static bool must_end(const hpo_study *study, hpo_view view, base_buf *why) {
    if (study->halt_reason.length > 0) {
        base_buf_puts(why, base_buf_text(&study->halt_reason));
        return true;
    }
    if (too_many_failures(study, view)) {
        base_buf_printf(why, "%llu trials failed, more than max_failures: %lld allows",
                        (unsigned long long)count_failures(study, view), (long long)study->spec->failure.max_failures);
        return true;
    }
    return study_is_hopeless(study, view, why) || target_reached(study, view, why);
}

/* What lets nothing begin any more, open promotions included. */
static bool must_stop(hpo_study *study, hpo_view view, base_buf *why) {
    const hpo_study_spec *spec = study->spec;
    if (must_end(study, view, why)) return true;
    if (spec->budget.cost > 0 && hpo_view_cost(view) >= spec->budget.cost) {
        const char *unit = hpo_study_cost_unit(spec);
        base_buf_printf(why, "the budget of %.15g %s is spent", spec->budget.cost, unit ? unit : "evaluations");
        return true;
    }
    return study_has_spent(study, why) || study_cannot_count(study, why) || study_has_stalled(study, view, why);
}

static bool trials_left(const hpo_study *study, hpo_view view) {
    const uint64_t limit = study->spec->budget.trials;
    return limit == 0 || hpo_view_trials(view) < limit;
}

/* An answer without a record. */
static hpo_ask_kind rest(hpo_study *study, hpo_view view, const base_buf *why) {
    if (hpo_view_count(view, HPO_TRIAL_RUNNING) > 0) return HPO_ASK_WAIT;
    base_buf_clear(&study->reason);
    base_buf_puts(&study->reason, base_buf_text(why));
    return HPO_ASK_DONE;
}

bool hpo_study_must_end(hpo_study *study) {
    base_buf why = {0};
    const bool ends = must_end(study, hpo_study_view(study), &why);
    if (ends) {
        base_buf_clear(&study->reason);
        base_buf_puts(&study->reason, base_buf_text(&why));
    }
    base_buf_fini(&why);
    return ends;
}

static void why_done(const hpo_study *study, hpo_view view, base_buf *why) {
    if (study->exhausted_at <= view.as_of) {
        base_buf_puts(why, base_buf_text(&study->exhausted_reason));
    } else if (!trials_left(study, view)) {
        base_buf_printf(why, "the budget of %llu trials is spent", (unsigned long long)study->spec->budget.trials);
    } else {
        base_buf_printf(why, "%s has finished", study->spec->scheduler->name);
    }
}

static hpo_record move_record(const hpo_study *study, hpo_view view, const hpo_decision *decision) {
    const bool promote = decision->kind == HPO_DECIDE_PROMOTE;
    return (hpo_record){
        .kind = promote ? HPO_RECORD_PROMOTE : HPO_RECORD_CLOSE,
        .trial = decision->trial,
        .bracket = decision->bracket,
        .rung = decision->rung,
        .fidelity = promote ? decision->fidelity : 0,
        .from = promote ? study_promotion_from(study, view, decision->trial) : 0,
        .as_of = view.as_of,
        .parent = UINT64_MAX,
    };
}

base_status hpo_study_next(hpo_study *study, hpo_ask_kind *kind, hpo_record *record, base_err *err) {
    const hpo_view view = hpo_study_view(study);
    base_buf why = {0};
    base_status status = BASE_OK;
    base_buf_clear(&study->reason);
    if (must_stop(study, view, &why)) {
        *kind = rest(study, view, &why);
        goto out;
    }
    hpo_decision decision;
    status = study_decide(study, view, trials_left(study, view), &decision, err);
    if (status != BASE_OK) goto out;
    switch (decision.kind) {
    case HPO_DECIDE_START:
        *kind = HPO_ASK_JOB;
        *record = study_start_record(study, view, hpo_view_trials(view), &decision);
        break;
    case HPO_DECIDE_PROMOTE:
    case HPO_DECIDE_CLOSE:
        *kind = decision.kind == HPO_DECIDE_PROMOTE ? HPO_ASK_JOB : HPO_ASK_CLOSE;
        *record = move_record(study, view, &decision);
        break;
    case HPO_DECIDE_WAIT:
    case HPO_DECIDE_DONE:
        why_done(study, view, &why);
        *kind = rest(study, view, &why);
        break;
    }
out:
    base_buf_fini(&why);
    return status;
}

base_status hpo_study_propose(hpo_study *study, hpo_record *start, base_err *err) {
    base_err why;
    const hpo_view view = hpo_history_at(study->history, start->as_of);
    const base_status status = hpo_proposer_complete(study->proposer, view, start, &why);
    if (status == BASE_END) {
        hpo_study_exhaust(study, start->as_of, why.text);
    } else if (status != BASE_OK && err) {
        *err = why;
    }
    return status;
}

void hpo_study_exhaust(hpo_study *study, uint64_t as_of, const char *reason) {
    study->exhausted_at = as_of;
    base_buf_clear(&study->exhausted_reason);
    base_buf_puts(&study->exhausted_reason, reason);
}

void hpo_study_accept(hpo_study *study, const hpo_record *record) {
    BASE_ASSERT(record->kind != HPO_RECORD_START || record->config);
    apply_own(study, record);
}

base_status hpo_study_ask(hpo_study *study, hpo_ask_kind *kind, hpo_record *record, base_err *err) {
    base_status status;
    do {
        BASE_TRY(hpo_study_next(study, kind, record, err));
        if (*kind == HPO_ASK_WAIT || *kind == HPO_ASK_DONE) return BASE_OK;
        status = record->kind == HPO_RECORD_START ? hpo_study_propose(study, record, err) : BASE_OK;
    } while (status == BASE_END);
    if (status == BASE_OK) hpo_study_accept(study, record);
    return status;
}

/* ---- jobs and what comes back ---- */

void hpo_study_job(const hpo_study *study, uint64_t trial_id, hpo_job *job) {
    const hpo_view view = hpo_study_view(study);
    const hpo_trial trial = hpo_view_trial(view, trial_id);
    *job = (hpo_job){
        .trial = trial.id,
        .rung = trial.rung,
        .config = trial.config,
        .fidelity = trial.fidelity,
        .from = trial.from,
        .seed = trial.seed,
        .parent = trial.n_evals == 0 ? trial.parent : UINT64_MAX,
        .limits = study->spec->limits,
    };
    if (job->parent != UINT64_MAX) job->parent_fidelity = trial.from;
    if (hpo_study_replicates(study->spec)) {
        job->fidelity = 1;
        job->from = 0;
        job->seed = study_replicate_seed(study->spec, trial.rung);
    }
}

void hpo_study_report(hpo_study *study, uint64_t trial_id, double step, const hpo_metrics *metrics, uint32_t attempt,
                      uint32_t worker, hpo_record *record) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(study), trial_id);
    BASE_ASSERT(trial.state == HPO_TRIAL_RUNNING);
    const hpo_study_spec *spec = study->spec;
    *record = (hpo_record){
        .kind = HPO_RECORD_REPORT,
        .trial = trial_id,
        .bracket = trial.bracket,
        .rung = trial.rung,
        .fidelity = step,
        .parent = UINT64_MAX,
        .n_values = (uint32_t)spec->n_goals,
        .result = {.metrics = *metrics},
        .attempt = attempt,
        .worker = worker,
        .at = study->now,
    };
    for (size_t g = 0; g < spec->n_goals; g++) {
        const double *value = hpo_metrics_get(metrics, spec->goals[g].name);
        record->values[g] = value ? *value : (double)NAN;
    }
    apply_own(study, record);
    record->stop = hpo_scheduler_should_stop(study->scheduler, hpo_study_view(study), trial_id);
    if (record->stop) {
        record->open = !spec->deterministic && !(spec->objective->flags & HPO_OBJECTIVE_IN_RANK);
        record->result.cost = hpo_study_cost(study, &trial, trial.from, step, false);
        hpo_history_stop(study->history, record);
    }
    study_count_spent(study);
}

/* Up to the step at which it ended by itself, and from the beginning where it could not go on from what it was promoted
 * from. */
static double declared_cost(const hpo_study *study, const hpo_trial *trial, const hpo_result *result) {
    const double from = result->notices & HPO_NOTICE_BIT(STARTED_AGAIN) ? 0 : trial->from;
    const bool early = !hpo_study_replicates(study->spec) && hpo_result_ended_early(result, trial->fidelity);
    return hpo_study_cost(study, trial, from, early ? fmax(result->reached, from) : trial->fidelity, true);
}

/* What an evaluation is charged: what its result says or else what is declared; less what it was charged when it was to
 * stop. */
static double charged_cost(const hpo_study *study, const hpo_trial *trial, const hpo_result *result) {
    const bool says = hpo_study_results_say_cost(study->spec) && result->failure == HPO_FAILURE_NONE &&
                      isfinite(result->cost) && result->cost >= 0;
    const double cost = says ? result->cost : declared_cost(study, trial, result);
    if (!trial->open) return cost;
    const double step = trial->reports[trial->n_reports - 1].step;
    return fmax(cost - hpo_study_cost(study, trial, trial->from, step, false), 0);
}

void hpo_study_tell(hpo_study *study, uint64_t trial_id, const hpo_result *result, uint32_t attempt, uint32_t worker,
                    hpo_record *record) {
    BASE_ASSERT(result->failure != HPO_FAILURE_LOST && result->failure != HPO_FAILURE_INTERRUPTED);
    const hpo_study_spec *spec = study->spec;
    const hpo_trial trial = hpo_view_trial(hpo_study_view(study), trial_id);
    BASE_ASSERT(trial.state == HPO_TRIAL_RUNNING || trial.open);
    *record = (hpo_record){
        .kind = HPO_RECORD_RESULT,
        .trial = trial_id,
        .bracket = trial.bracket,
        .rung = trial.rung,
        .fidelity = trial.fidelity,
        .parent = UINT64_MAX,
        .n_values = (uint32_t)spec->n_goals,
        .final = trial.fidelity >= spec->fidelity.max,
        .result = *result,
        .attempt = attempt,
        .worker = worker,
        .at = study->now,
    };
    hpo_constraints_judge(spec->constraints, &record->result);
    const bool works = hpo_result_judge(&record->result, spec->goals, spec->n_goals, record->values);
    if (works && hpo_study_replicates(spec)) study_average(spec, &trial, &record->result, record->values);
    record->result.cost = charged_cost(study, &trial, &record->result);
    apply_own(study, record);
    study_count_spent(study);
}

void hpo_study_set_time(hpo_study *study, double at) {
    study->now = at;
}

void hpo_study_settle(hpo_study *study, uint64_t trial, hpo_record *record) {
    *record = (hpo_record){.kind = HPO_RECORD_CLOSE, .trial = trial, .parent = UINT64_MAX, .at = study->now};
    apply_own(study, record);
}

bool hpo_study_is_usable(const hpo_study *study, const hpo_result *result) {
    const hpo_study_spec *spec = study->spec;
    for (size_t g = 0; g < spec->n_goals; g++) {
        const double *value = hpo_metrics_get(&result->metrics, spec->goals[g].name);
        if (!value || !isfinite(*value)) return false;
    }
    for (size_t c = 0; c < spec->constraints.count; c++) {
        const double *value = hpo_metrics_get(&result->metrics, spec->constraints.items[c].metric);
        if (!value || !isfinite(*value)) return false;
    }
    return result->failure == HPO_FAILURE_NONE;
}

base_status hpo_study_apply(hpo_study *study, const hpo_record *record, base_err *err) {
    BASE_TRY(hpo_history_apply(study->history, record, err));
    study_count_spent(study);
    return BASE_OK;
}
