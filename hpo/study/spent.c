/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `budget: {metric: {name: NAME, max: M}}`: what trials themselves say that they have taken, added up.
 *
 * Like the fidelity, the metric counts from a trial's beginning: an evaluation that goes on from where the trial (or
 * the one that it inherits from) was adds what is new, one that begins anew adds all of it. The newest value that an
 * evaluation has reported counts, in its result or before it was stopped or failed. The sum is made record by record,
 * in the order of the records, so that it has the same bits however a run is computed. */
#include <math.h>
#include <string.h>

#include "hpo/study/study_impl.h"

/* The metric in a result or a report; NaN: it is not there, or nothing that can be added. values: of the goals. */
static double value_in(const hpo_study *study, const hpo_metrics *metrics, const double *values) {
    const hpo_study_spec *spec = study->spec;
    const double *found = metrics ? hpo_metrics_get(metrics, spec->budget.metric) : NULL;
    for (size_t g = 0; !metrics && g < spec->n_goals; g++)
        if (strcmp(spec->goals[g].name, spec->budget.metric) == 0) found = &values[g];
    return found && isfinite(*found) && *found >= 0 ? *found : (double)NAN;
}

static double value_of_report(const hpo_study *study, const hpo_report *report) {
    return value_in(study, report->metrics, hpo_report_values(report, study->spec->n_goals));
}

/* What the last report of an attempt at a rung says that says it. */
static double last_reported(const hpo_study *study, const hpo_trial *trial, uint32_t rung, uint32_t attempt) {
    for (size_t i = trial->n_reports; i-- > 0 && trial->reports[i].rung == rung;) {
        const double value = value_of_report(study, &trial->reports[i]);
        if (trial->reports[i].attempt == attempt && !isnan(value)) return value;
    }
    return NAN;
}

static double value_of_eval(const hpo_study *study, const hpo_trial *trial, const hpo_eval *eval) {
    const double value = value_in(study, eval->metrics, hpo_eval_values(eval, study->spec->n_goals));
    return isnan(value) ? last_reported(study, trial, eval->rung, eval->attempt) : value;
}

/* What a trial had said when it, or the one that it inherits from, was at that fidelity. */
static double value_at(const hpo_study *study, const hpo_trial *trial, double fidelity) {
    for (size_t i = trial->n_evals; i-- > 0;)
        if (trial->evals[i].fidelity == fidelity) return value_of_eval(study, trial, &trial->evals[i]);
    for (size_t i = trial->n_reports; i-- > 0;)
        if (trial->reports[i].step == fidelity) return value_of_report(study, &trial->reports[i]);
    return NAN;
}

static double value_before(const hpo_study *study, hpo_view before, uint64_t id, double from) {
    const hpo_trial trial = hpo_view_trial(before, id);
    double value = from > 0 ? value_at(study, &trial, from) : 0;
    if (isnan(value) && trial.parent != UINT64_MAX) {
        const hpo_trial parent = hpo_view_trial(before, trial.parent);
        value = value_at(study, &parent, from);
    }
    return isnan(value) ? 0 : value;
}

/* With replicates every evaluation begins anew, and those that worked tell means: what the last seed has added to the
 * sum over all. */
static double added_by_seed(const hpo_study *study, const hpo_trial *trial) {
    const size_t n = trial->n_evals;
    const hpo_eval *eval = &trial->evals[n - 1];
    const double value = value_of_eval(study, trial, eval);
    if (eval->failure != HPO_FAILURE_NONE || n == 1 || isnan(value)) return value;
    return fmax((double)n * value - (double)(n - 1) * value_of_eval(study, trial, &trial->evals[n - 2]), 0);
}

/* What the record with this number adds: the end of an evaluation, or of a part of it that is stopped. As seen right
 * after it. NaN: the evaluation should have said and has not. */
static double added_at(const hpo_study *study, uint64_t event) {
    const hpo_view before = hpo_history_at(study->history, event), after = hpo_history_at(study->history, event + 1);
    const uint64_t id = hpo_view_event_trial(after, event);
    const hpo_trial trial = hpo_view_trial(after, id);
    const hpo_eval *eval = hpo_trial_eval(&trial, event);
    const hpo_report *last = trial.n_reports > 0 ? &trial.reports[trial.n_reports - 1] : NULL;
    const bool stops = last && last->event == event && trial.state == HPO_TRIAL_STOPPED;
    if (!eval && !stops) return 0;
    const bool anew = eval && hpo_study_replicates(study->spec);
    const double value = anew   ? added_by_seed(study, &trial)
                         : eval ? value_of_eval(study, &trial, eval)
                                : value_of_report(study, last);
    if (isnan(value)) return eval && eval->failure == HPO_FAILURE_NONE ? NAN : 0;
    const uint32_t notices = eval ? hpo_view_evals_told(after, id)[trial.n_evals - 1].notices : 0;
    const double from = anew || notices & HPO_NOTICE_BIT(STARTED_AGAIN) ? 0 : trial.from;
    return fmax(value - value_before(study, before, id, from), 0);
}

void study_count_spent(hpo_study *study) {
    if (!study->spec->budget.metric) return;
    const uint64_t newest = hpo_study_view(study).as_of;
    for (; study->spent.until < newest; study->spent.until++) {
        const double added = added_at(study, study->spent.until);
        study->spent.silent += isnan(added) ? 1 : 0;
        study->spent.sum += isnan(added) ? 0 : added;
    }
}

double hpo_study_spent(const hpo_study *study, uint64_t *silent) {
    if (silent) *silent = study->spent.silent;
    return study->spent.sum;
}

bool study_has_spent(const hpo_study *study, base_buf *why) {
    const hpo_budget *budget = &study->spec->budget;
    if (!budget->metric || study->spent.sum < budget->metric_max) return false;
    base_buf_printf(why, "the budget of %.15g %s is spent: trials have reported %.15g", budget->metric_max,
                    budget->metric, study->spent.sum);
    return true;
}

bool study_cannot_count(const hpo_study *study, base_buf *why) {
    hpo_budget others = study->spec->budget;
    others.metric = NULL;
    const uint64_t first = (uint64_t)study->spec->failure.first, least = 2 * study->workers;
    const uint64_t enough = first > least ? first : least;
    if (!study->spec->budget.metric || !hpo_budget_is_open(&others)) return false;
    if (first == 0 || study->spent.sum > 0 || study->spent.silent < enough) return false;
    base_buf_printf(
        why,
        "%llu evaluations have worked and none has reported %s, which the budget counts (failure: {first: 0} goes on)",
        (unsigned long long)study->spent.silent, study->spec->budget.metric);
    return true;
}
