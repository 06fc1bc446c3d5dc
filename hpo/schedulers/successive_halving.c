/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Successive halving: many trials at the lowest fidelity, the best 1/eta of each rung promoted to the next (K.
 * Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016).
 *
 * The bracket is Hyperband's most aggressive one and is repeated as long as the budget lasts (brackets.c). */
#include "hpo/schedulers/brackets.h"

static base_status successive_halving_init(void *state, const hpo_scheduler_env *env, base_err *err) {
    return hpo_halving_init(state, env, false, err);
}

const hpo_scheduler_type hpo_scheduler_successive_halving = {
    .name = "successive-halving",
    .summary = "many cheap trials, the best promoted rung by rung",
    .options = hpo_halving_options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(hpo_halving),
    .init = successive_halving_init,
    .next = hpo_halving_next,
    .ends = hpo_halving_ends,
    .describe = hpo_halving_describe,
    .fini = hpo_halving_fini,
};
