/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs that cannot succeed: a program that never works fails in the same way from the first trial on, and a budget of
 * 1000 trials would only say so 1000 times.
 *
 * The judgement is a function of the records that were told, so that a deterministic run ends at the same one however
 * it is computed. What its user ordered to be repeated does not count. Records of earlier runs in the order of arrival
 * are left out: who starts the run again has mended something. */
#include <math.h>

#include "hpo/study/study_impl.h"

/* The last `wanted` ends, newest first, when all of them are failures of one kind: the newest, and the trial among them
 * that began first. */
static bool failed_alike(const hpo_study *study, hpo_view view, uint64_t wanted, const hpo_eval **newest,
                         uint64_t *first) {
    uint64_t found = 0;
    *newest = NULL;
    *first = UINT64_MAX;
    for (uint64_t event = view.as_of; event-- > study->run_began && found < wanted;) {
        const uint64_t id = hpo_view_event_trial(view, event);
        const hpo_trial trial = hpo_view_trial(view, id);
        const hpo_eval *eval = hpo_trial_eval(&trial, event);
        if (!eval || hpo_study_spec_repeats(study->spec, id)) continue;
        if (!*newest) *newest = eval;
        if (eval->failure == HPO_FAILURE_NONE) return false;
        if (eval->failure != (*newest)->failure || eval->code != (*newest)->code) return false;
        if (id < *first) *first = id;
        found++;
    }
    return found == wanted;
}

bool study_is_hopeless(const hpo_study *study, hpo_view view, base_buf *why) {
    hpo_incumbent best;
    const uint64_t first = (uint64_t)study->spec->failure.first, least = 2 * study->workers;
    const uint64_t wanted = first > least ? first : least;
    if (first == 0 || hpo_view_count(view, HPO_TRIAL_FAILED) < wanted || hpo_view_incumbent(view, &best)) return false;
    const hpo_eval *newest;
    uint64_t oldest;
    if (!failed_alike(study, view, wanted, &newest, &oldest)) return false;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.n_reports > 0) return false;
        if (id < oldest && trial.state == HPO_TRIAL_RUNNING) return false; /* it has lasted longer than any of them */
    }
    base_buf_printf(
        why, "%llu trials in a row failed alike and none has worked or reported (failure: {first: 0} goes on): %s",
        (unsigned long long)wanted,
        newest->reason && newest->reason[0] ? newest->reason : hpo_failure_text(newest->failure));
    return true;
}
