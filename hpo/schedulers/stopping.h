/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Full evaluations that end early when a report is worse than a quantile of the completed trials: what median-stop and
 * percentile-stop share. */
#ifndef HPO_SCHEDULERS_STOPPING_H
#define HPO_SCHEDULERS_STOPPING_H

#include "hpo/schedulers/curves.h"
#include "hpo/schedulers/progress.h"
#include "hpo/schedulers/scheduler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_stopping {
    double warmup, interval, percentile; /* options */
    int64_t min_trials;
    double fidelity;
    hpo_curves *curves;
    hpo_progresses progresses;
} hpo_stopping;

/* The state must begin with an hpo_stopping. */
#define HPO_STOPPING_OPTIONS                                                                                           \
    {.name = "warmup",                                                                                                 \
     .kind = BASE_OPTION_REAL,                                                                                         \
     .offset = offsetof(hpo_stopping, warmup),                                                                         \
     .fallback = "0",                                                                                                  \
     .max = -1,                                                                                                        \
     .help = "no trial is stopped before this fidelity"},                                                              \
        {.name = "interval",                                                                                           \
         .kind = BASE_OPTION_REAL,                                                                                     \
         .offset = offsetof(hpo_stopping, interval),                                                                   \
         .fallback = "0",                                                                                              \
         .max = -1,                                                                                                    \
         .help = "judge a trial only at every such step of fidelity; 0: at every report"},                             \
    {                                                                                                                  \
        .name = "min_trials", .kind = BASE_OPTION_INT, .offset = offsetof(hpo_stopping, min_trials), .fallback = "5",  \
        .min = 1, .max = 1e9, .help = "judge only when so many completed trials can be compared with"                  \
    }

BASE_CHECK base_status hpo_stopping_init(hpo_stopping *state, const hpo_scheduler_env *env, hpo_curve_kind kind,
                                         base_err *err);
base_status hpo_stopping_next(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err);
bool hpo_stopping_should_stop(void *state, hpo_view view, uint64_t trial);
void hpo_stopping_fini(void *state);

/* Whether a report at `step` is one to judge at: no repetition of what was reported up to `before`, after the warm-up,
 * below the target, and the first one at or past a multiple of the interval (0: any). */
bool hpo_stopping_is_due(double warmup, double interval, double before, double step, double target);

/* BASE_INVALID when no trial would ever be judged. */
BASE_CHECK base_status hpo_stopping_check_warmup(double warmup, const hpo_scheduler_env *env, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
