/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No scheduling: every configuration is evaluated once, at the highest fidelity. What there is to compare with. */
#include "hpo/schedulers/full.h"

typedef struct full_state {
    double fidelity;
} full_state;

void hpo_full_next(double fidelity, hpo_view view, bool may_start, hpo_decision *out) {
    if (may_start) {
        *out = (hpo_decision){.kind = HPO_DECIDE_START, .fidelity = fidelity};
    } else {
        const bool waits = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
        *out = (hpo_decision){.kind = waits ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE};
    }
}

static base_status full_init(void *self, const hpo_scheduler_env *env, base_err *err) {
    (void)err;
    ((full_state *)self)->fidelity = env->max_fidelity;
    return BASE_OK;
}

static base_status full_next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_full_next(((const full_state *)self)->fidelity, view, may_start, out);
    return BASE_OK;
}

const hpo_scheduler_type hpo_scheduler_full = {
    .name = "full",
    .summary = "every configuration at the highest fidelity",
    .flags = HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(full_state),
    .init = full_init,
    .next = full_next,
};
