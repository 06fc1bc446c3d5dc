/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running trial is stopped at a report when the best that it has reported so far is strictly worse than the quantile
 * of what completed trials had at that step. Trials that were stopped, that failed, that are infeasible or that still
 * run are not compared with. A report at the target fidelity stops nobody: nothing would be saved. */
#include "hpo/schedulers/stopping.h"

#include <math.h>

#include "hpo/schedulers/full.h"

base_status hpo_stopping_check_warmup(double warmup, const hpo_scheduler_env *env, base_err *err) {
    if (warmup == 0 || warmup < env->max_fidelity) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "warmup: %g stops nothing; it must be below the highest fidelity, which is %g",
                     warmup, env->max_fidelity);
}

base_status hpo_stopping_init(hpo_stopping *state, const hpo_scheduler_env *env, hpo_curve_kind kind, base_err *err) {
    BASE_TRY(hpo_stopping_check_warmup(state->warmup, env, err));
    state->fidelity = env->max_fidelity;
    state->curves = hpo_curves_create(kind, state->percentile / 100);
    return BASE_OK;
}

base_status hpo_stopping_next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_full_next(((const hpo_stopping *)self)->fidelity, view, may_start, out);
    return BASE_OK;
}

bool hpo_stopping_is_due(double warmup, double interval, double before, double step, double target) {
    if (!(step > before) || step < warmup || step >= target) return false;
    if (interval == 0) return true;
    return floor(step / interval) > floor(fmax(before, 0) / interval);
}

bool hpo_stopping_should_stop(void *self, hpo_view view, uint64_t id) {
    hpo_stopping *state = self;
    const hpo_trial trial = hpo_view_trial(view, id);
    if (trial.n_reports == 0) return false;
    hpo_progress *progress = hpo_progress_of(&state->progresses, view, &trial);
    for (const hpo_report *report; (report = hpo_progress_next(progress, &trial)) != NULL;)
        progress->best = fmin(progress->best, report->loss);
    const double last = trial.reports[trial.n_reports - 1].step;
    double bar;
    if (!hpo_stopping_is_due(state->warmup, state->interval, progress->before, last, trial.fidelity)) return false;
    return hpo_curves_quantile(state->curves, view, last, (uint64_t)state->min_trials, &bar) && progress->best > bar;
}

void hpo_stopping_fini(void *self) {
    hpo_curves_destroy(((hpo_stopping *)self)->curves);
    hpo_progresses_fini(&((hpo_stopping *)self)->progresses);
}
