/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of trials that were stopped, and of what trials leave behind.
 *
 * A trial may have finished before it could be stopped: its program keeps its reports back, or is done in no time. In
 * the order of arrival the finished result is then used, because it is there and was paid for; so the journal says of a
 * stopped trial that it is open until its worker has answered. In the deterministic order what a trial came to is a
 * function of the virtual clock: the books stay, and the summary tells what was spent beyond them.
 *
 * A folder is tidied when nothing of its trial runs any more. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "hpo/dispatch/controller_impl.h"
#include "hpo/dispatch/leftovers.h"

/* ---- after a stop ---- */

/* Whether the evaluation went as far as it was asked to, and can be used. */
static bool has_finished(const controller *c, const hpo_trial *trial, const hpo_result *result) {
    return hpo_study_is_usable(c->study, result) && !hpo_result_ended_early(result, trial->fidelity);
}

void controller_note_late(controller *c, uint64_t id, const hpo_result *result) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), id);
    if (!has_finished(c, &trial, result)) return;
    const double step = trial.reports[trial.n_reports - 1].step;
    hpo_notices_count(&c->notices, HPO_NOTICE_LATE, id);
    c->notices.late_cost += hpo_study_cost(c->study, &trial, step, trial.fidelity, true);
}

base_status controller_settle(controller *c, uint64_t id, base_err *err) {
    if (hpo_view_trial(hpo_study_view(c->study), id).open) {
        hpo_record record;
        hpo_study_set_time(c->study, base_wall_time());
        hpo_study_settle(c->study, id, &record);
        BASE_TRY(controller_emit(c, &record, err));
    }
    controller_tidy(c, id, UINT64_MAX);
    return BASE_OK;
}

base_status controller_settle_all(controller *c, base_err *err) {
    const hpo_view view = hpo_study_view(c->study);
    if (hpo_view_count(view, HPO_TRIAL_STOPPED) == 0 || c->env->verify) return BASE_OK;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        if (hpo_view_trial(hpo_study_view(c->study), id).open) BASE_TRY(controller_settle(c, id, err));
    }
    return BASE_OK;
}

bool controller_is_stopped(controller *c, uint64_t id, uint32_t rung, uint32_t attempt) {
    if (id >= hpo_view_trials(hpo_study_view(c->study))) return false;
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), id);
    return trial.state == HPO_TRIAL_STOPPED && trial.rung == rung && controller_tries(c, id)->attempt == attempt;
}

base_status controller_take_late(controller *c, size_t worker, const hpo_message *message, base_err *err) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), message->trial);
    const hpo_result *result = &message->result;
    if (!trial.open || !has_finished(c, &trial, result)) {
        controller_note_late(c, trial.id, result);
        return controller_settle(c, trial.id, err);
    }
    hpo_notices_raise(&c->notices, HPO_NOTICE_LATE, trial.id,
                      "trial %llu had finished before it could be stopped, so its result counts: does the program "
                      "flush its reports?",
                      (unsigned long long)trial.id);
    const hpo_raw raw = {.trial = trial.id,
                         .rung = message->rung,
                         .attempt = message->attempt,
                         .worker = (uint32_t)worker,
                         .fidelity = trial.fidelity,
                         .result = *result};
    return controller_tell_result(c, &raw, err);
}

/* ---- what is left behind ---- */

static bool may_go_on(const hpo_trial *trial) {
    return trial->state == HPO_TRIAL_PAUSED || trial->state == HPO_TRIAL_RUNNING;
}

/* Whether a trial that has no result yet goes on from what this one left behind at a fidelity (at any, where that is
 * not a number). */
static bool is_awaited(const controller *c, hpo_view view, uint64_t id, double fidelity) {
    if (!(c->spec->scheduler->flags & HPO_SCHEDULER_INHERITS)) return false;
    for (uint64_t heir = id + 1; heir < hpo_view_trials(view); heir++) {
        const hpo_trial trial = hpo_view_trial(view, heir);
        const bool waits = trial.parent == id && trial.state == HPO_TRIAL_RUNNING && trial.n_evals == 0;
        if (waits && (isnan(fidelity) || trial.from == fidelity)) return true;
    }
    return false;
}

/* What keeps the trial from going on is deleted; of one that may go on, only what lies behind it. */
static void tidy(controller *c, const hpo_trial *trial, bool is_best) {
    const hpo_objective_type *objective = c->spec->objective;
    char folder[4096];
    const int n = snprintf(folder, sizeof folder, "%s/trials/%llu", c->env->run_dir, (unsigned long long)trial->id);
    if (n < 0 || (size_t)n >= sizeof folder) return;
    const hpo_view view = hpo_study_view(c->study);
    const bool over = !may_go_on(trial) && !is_awaited(c, view, trial->id, (double)NAN);
    if (!objective->forget) {
        const bool keeps = c->spec->keep == HPO_KEEP_ALL || (c->spec->keep == HPO_KEEP_BEST && is_best);
        if (over && !keeps) c->notices.deleted += hpo_leftovers_delete(folder);
        return;
    }
    if (hpo_study_replicates(c->spec) && !over) { /* the next seed begins anew */
        (void)objective->forget(folder, INFINITY);
        return;
    }
    if (over && !is_best) {
        c->notices.deleted += objective->forget(folder, INFINITY);
        return;
    }
    for (size_t i = 0; i + 1 < trial->n_evals && !hpo_study_replicates(c->spec); i++) {
        const double fidelity = trial->evals[i].fidelity;
        const bool behind = fidelity > 0 && fidelity < trial->evals[trial->n_evals - 1].fidelity;
        if (behind && !is_awaited(c, view, trial->id, fidelity)) {
            (void)objective->forget(folder, fidelity);
        }
    }
}

/* ---- several metrics: what is kept as the best is the front ---- */

static bool is_on_front(hpo_view view, uint64_t id) {
    size_t count;
    const hpo_front_entry *log = hpo_view_front_log(view, &count);
    while (count > 0 && (log[count - 1].trial != id || log[count - 1].left != UINT64_MAX)) count--;
    return count > 0;
}

/* Those that the newest record has pushed off it. */
static void tidy_left(controller *c, hpo_view view) {
    size_t count;
    const hpo_front_entry *log = hpo_view_front_log(view, &count);
    for (size_t i = 0; i < count; i++) {
        if (log[i].left + 1 != view.as_of || is_on_front(view, log[i].trial)) continue;
        const hpo_trial old = hpo_view_trial(view, log[i].trial);
        if (!may_go_on(&old)) tidy(c, &old, false);
    }
}

/* One metric: whether the run may still recommend the trial, at its end or now. */
static bool is_wanted(const controller *c, hpo_view view, uint64_t id, uint64_t best) {
    return id == best || (c->spec->by_posterior && hpo_recommend_could(view, id));
}

/* With the first result of a trial that inherits, what its parent kept for it may go. */
static void tidy_parent(controller *c, hpo_view view, const hpo_trial *heir, uint64_t best) {
    if (heir->parent == UINT64_MAX || heir->n_evals > 1) return;
    const hpo_trial parent = hpo_view_trial(view, heir->parent);
    if (parent.n_evals > 0)
        tidy(c, &parent, is_wanted(c, view, parent.id, best) || (c->spec->n_goals > 1 && is_on_front(view, parent.id)));
}

static bool can_tidy(const controller *c) {
    const bool leaves = c->spec->objective->forget || c->spec->keep != HPO_KEEP_ALL;
    return leaves && c->env->run_dir && !c->env->verify;
}

void controller_tidy_end(controller *c) {
    const hpo_view view = hpo_study_view(c->study);
    hpo_recommendation best;
    if (!c->spec->by_posterior || !can_tidy(c) || !hpo_study_recommend(c->study, &best)) return;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (id != best.who.trial && hpo_recommend_could(view, id)) tidy(c, &trial, false);
    }
}

void controller_tidy(controller *c, uint64_t id, uint64_t best_before) {
    if (!can_tidy(c)) return;
    const hpo_view view = hpo_study_view(c->study);
    hpo_incumbent best = {.trial = UINT64_MAX};
    if (!hpo_view_incumbent(view, &best)) best.trial = UINT64_MAX;
    const hpo_trial trial = hpo_view_trial(view, id);
    if (c->spec->n_goals > 1) {
        tidy(c, &trial, is_on_front(view, id));
        tidy_parent(c, view, &trial, UINT64_MAX);
        tidy_left(c, view);
        return;
    }
    tidy(c, &trial, is_wanted(c, view, id, best.trial));
    tidy_parent(c, view, &trial, best.trial);
    if (best_before == UINT64_MAX || best_before == id || best_before == best.trial) return;
    const hpo_trial old = hpo_view_trial(view, best_before); /* no longer the incumbent */
    if (!may_go_on(&old)) tidy(c, &old, is_wanted(c, view, old.id, best.trial));
}
