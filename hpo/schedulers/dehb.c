/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The brackets of DEHB: N. Awad, N. Mallik, F. Hutter, "DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient
 * Hyperparameter Optimization", IJCAI 2021, algorithm 1. The first round is Hyperband. From then on nothing is
 * promoted: every stage of a bracket begins as many new configurations as Hyperband would evaluate there, which the
 * sampler of this name evolves from the stage below. A worker that a stage cannot use opens the next one. */
#include "hpo/schedulers/brackets.h"

static const base_option dehb_options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(hpo_halving, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "one trial in eta goes on, to eta times the fidelity"},
    BASE_OPTIONS_END,
};

static base_status dehb_init(void *state, const hpo_scheduler_env *env, base_err *err) {
    hpo_halving *halving = state;
    BASE_TRY(hpo_halving_init(halving, env, true, err));
    hpo_brackets_dehb(halving->brackets);
    return BASE_OK;
}

const hpo_scheduler_type hpo_scheduler_dehb = {
    .name = "dehb",
    .summary = "hyperband once, then the same stages with new trials on each instead of promotions",
    .options = dehb_options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(hpo_halving),
    .init = dehb_init,
    .next = hpo_halving_next,
    .ends = hpo_halving_ends,
    .describe = hpo_halving_describe,
    .fini = hpo_halving_fini,
};
