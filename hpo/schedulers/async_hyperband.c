/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asynchronous Hyperband: ASHA in several brackets, which begin on higher and higher rungs (Li et al., MLSys 2020;
 * Klein et al., 2020, App. A; see promotion.c). */
#include "hpo/schedulers/promotion.h"

static const base_option options[] = {HPO_ASHA_OPTION_ETA, HPO_ASHA_OPTION_MODE, BASE_OPTIONS_END};

static base_status init(void *state, const hpo_scheduler_env *env, base_err *err) {
    return hpo_asha_init(state, env, true, err);
}

const hpo_scheduler_type hpo_scheduler_async_hyperband = {
    .name = "async-hyperband",
    .summary = "ASHA in brackets that begin on different rungs, drawn as often as Hyperband uses them",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS |
             HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(hpo_asha),
    .init = init,
    .next = hpo_asha_next,
    .should_stop = hpo_asha_should_stop,
    .stops = hpo_asha_stops,
    .describe = hpo_asha_describe,
    .fini = hpo_asha_fini,
};
