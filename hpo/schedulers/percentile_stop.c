/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Percentile stopping, as Optuna's PercentilePruner: a trial stops at a step when its best value so far is strictly
 * worse than a percentile of the values that the completed trials had at that step (not of their averages). */
#include "hpo/schedulers/stopping.h"

static const base_option options[] = {
    {.name = "percentile",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(hpo_stopping, percentile),
     .fallback = "50",
     .min = 0,
     .max = 100,
     .help = "stop what is worse than this percentile of the completed trials: 25 is stricter than 50"},
    HPO_STOPPING_OPTIONS,
    BASE_OPTIONS_END,
};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    return hpo_stopping_init(self, env, HPO_CURVE_LAST, err);
}

const hpo_scheduler_type hpo_scheduler_percentile_stop = {
    .name = "percentile-stop",
    .summary = "full evaluations, stopped when not among the best share of the completed ones",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS,
    .state_size = sizeof(hpo_stopping),
    .init = init,
    .next = hpo_stopping_next,
    .should_stop = hpo_stopping_should_stop,
    .fini = hpo_stopping_fini,
};
