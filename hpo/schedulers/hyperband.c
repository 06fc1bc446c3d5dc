/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hyperband: brackets of successive halving that trade the number of trials against their fidelity, again and again
 * (L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar, JMLR 18, 2018, Algorithm 1).
 *
 * Sizes are those of the paper's Table 1 (ladder.c); the halving is synchronous within a bracket, and brackets overlap
 * where workers would be idle (brackets.c). The paper samples at random; here any sampler goes with it. */
#include "hpo/schedulers/brackets.h"

static base_status hyperband_init(void *state, const hpo_scheduler_env *env, base_err *err) {
    return hpo_halving_init(state, env, true, err);
}

const hpo_scheduler_type hpo_scheduler_hyperband = {
    .name = "hyperband",
    .summary = "brackets of successive halving, from many cheap trials to few expensive ones",
    .options = hpo_halving_options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(hpo_halving),
    .init = hyperband_init,
    .next = hpo_halving_next,
    .ends = hpo_halving_ends,
    .describe = hpo_halving_describe,
    .fini = hpo_halving_fini,
};
