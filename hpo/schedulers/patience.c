/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patience: a trial stops when its last n reports brought nothing better than what it had before them. It looks at no
 * other trial, so it is the rule for objectives whose curves cannot be compared with each other.
 *
 * A report that is not a number is no improvement. A report at the target fidelity stops nobody. */
#include <math.h>

#include "hpo/schedulers/full.h"
#include "hpo/schedulers/stopping.h"

typedef struct patience {
    int64_t reports;
    double min_delta, warmup, fidelity;
    hpo_progresses progresses;
} patience;

static const base_option options[] = {
    {.name = "patience",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(patience, reports),
     .fallback = "10",
     .min = 1,
     .max = 1e9,
     .help = "stop after so many reports in a row without an improvement"},
    {.name = "min_delta",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(patience, min_delta),
     .fallback = "0",
     .max = -1,
     .help = "an improvement must be larger than this"},
    {.name = "warmup",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(patience, warmup),
     .fallback = "0",
     .max = -1,
     .help = "no trial is stopped before this fidelity"},
    BASE_OPTIONS_END,
};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    patience *state = self;
    state->fidelity = env->max_fidelity;
    return hpo_stopping_check_warmup(state->warmup, env, err);
}

static base_status next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_full_next(((const patience *)self)->fidelity, view, may_start, out);
    return BASE_OK;
}

static bool should_stop(void *self, hpo_view view, uint64_t id) {
    patience *state = self;
    const hpo_trial trial = hpo_view_trial(view, id);
    hpo_progress *progress = hpo_progress_of(&state->progresses, view, &trial);
    for (const hpo_report *report; (report = hpo_progress_next(progress, &trial)) != NULL;) {
        const bool improves = progress->best - report->loss > state->min_delta;
        progress->waited = improves ? 0 : progress->waited + 1;
        if (improves) progress->best = report->loss;
    }
    const double step = progress->step;
    return progress->waited >= state->reports && step >= state->warmup && step < trial.fidelity;
}

static void fini(void *self) {
    hpo_progresses_fini(&((patience *)self)->progresses);
}

const hpo_scheduler_type hpo_scheduler_patience = {
    .name = "patience",
    .summary = "full evaluations, stopped after some reports without an improvement",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS,
    .state_size = sizeof(patience),
    .init = init,
    .next = next,
    .should_stop = should_stop,
    .fini = fini,
};
