/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `budget: {no_improve: N}`: patience with the search as a whole. */
#include "hpo/study/study_impl.h"

/* When the best evaluation was told, with several goals the newest one of the front. */
static bool last_improvement(hpo_view view, uint64_t *event) {
    size_t count;
    const hpo_front_entry *log = hpo_view_front_log(view, &count);
    hpo_incumbent best;
    if (!hpo_view_incumbent(view, &best)) return false;
    *event = count > 0 ? log[count - 1].event : best.eval->event;
    return true;
}

/* The fidelity that an event added to its trial: a result's, failed or not, or that of the report which stopped it. As
 * seen right after it: what became of the trial later must not change it, or a run that goes on would count anew. */
static double work_at(const hpo_study *study, uint64_t event) {
    const hpo_view then = hpo_history_at(study->history, event + 1);
    const hpo_trial trial = hpo_view_trial(then, hpo_view_event_trial(then, event));
    const bool is_result = trial.n_evals > 0 && trial.evals[trial.n_evals - 1].event == event;
    const size_t before = trial.n_evals - is_result;
    const double from = study->resumes && before > 0 ? trial.evals[before - 1].fidelity : 0;
    if (is_result) return trial.evals[before].fidelity - from;
    const hpo_report *last = trial.n_reports > 0 ? &trial.reports[trial.n_reports - 1] : NULL;
    return trial.state == HPO_TRIAL_STOPPED && last && last->event == event ? last->step - from : 0;
}

bool study_has_stalled(hpo_study *study, hpo_view newest, base_buf *why) {
    const uint64_t patience = study->spec->budget.no_improve;
    uint64_t since;
    if (patience == 0 || !last_improvement(newest, &since)) return false;
    if (study->stall.since != since || study->stall.until <= since) {
        study->stall.since = since;
        study->stall.until = since + 1;
        study->stall.work = 0;
    }
    for (; study->stall.until < newest.as_of; study->stall.until++)
        study->stall.work += work_at(study, study->stall.until);
    if (study->stall.work < (double)patience * study->spec->fidelity.max * (1 - 1e-9)) return false; /* rounded sums */
    base_buf_printf(why, "%llu full evaluations%s brought nothing better (no_improve)", (unsigned long long)patience,
                    study->spec->fidelity.name ? " or as much at lower fidelities" : "");
    return true;
}
