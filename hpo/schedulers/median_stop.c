/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The median stopping rule: D. Golovin, B. Solnik, S. Moitra, G. Kochanski, J. Karro, D. Sculley, "Google Vizier: A
 * Service for Black-Box Optimization", KDD 2017, section 3.2.2: a trial stops at step s when its best value by then is
 * strictly worse than the median of the running averages, up to s, of the completed trials. */
#include "hpo/schedulers/stopping.h"

static const base_option options[] = {HPO_STOPPING_OPTIONS, BASE_OPTIONS_END};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    ((hpo_stopping *)self)->percentile = 50;
    return hpo_stopping_init(self, env, HPO_CURVE_MEAN, err);
}

const hpo_scheduler_type hpo_scheduler_median_stop = {
    .name = "median-stop",
    .summary = "full evaluations, stopped when worse than the median of the completed ones",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS,
    .state_size = sizeof(hpo_stopping),
    .init = init,
    .next = hpo_stopping_next,
    .should_stop = hpo_stopping_should_stop,
    .fini = hpo_stopping_fini,
};
