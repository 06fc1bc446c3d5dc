/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ASHA: asynchronous successive halving on one ladder of rungs (Li et al., MLSys 2020; see promotion.c). */
#include "hpo/schedulers/promotion.h"

static const base_option options[] = {
    HPO_ASHA_OPTION_ETA,
    {.name = "s",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(hpo_asha, s),
     .fallback = "0",
     .min = 0,
     .max = HPO_LADDER_MAX_RUNGS - 1,
     .help = "minimum early-stopping rate: leave out the s lowest rungs"},
    HPO_ASHA_OPTION_MODE,
    BASE_OPTIONS_END,
};

base_status hpo_asha_init(hpo_asha *state, const hpo_scheduler_env *env, bool brackets, base_err *err) {
    hpo_ladder ladder;
    BASE_TRY(hpo_ladder_init(&ladder, env->min_fidelity, env->max_fidelity, env->integer_fidelity, (uint64_t)state->eta,
                             err));
    if (state->s >= ladder.rungs) {
        return BASE_FAIL(err, BASE_INVALID, "s: %lld leaves no rung; from %g to %g with eta: %lld it is at most %u",
                         (long long)state->s, env->min_fidelity, env->max_fidelity, (long long)state->eta,
                         ladder.rungs - 1);
    }
    const uint32_t first = (uint32_t)state->s;
    state->promotion =
        hpo_promotion_create(&ladder, first, brackets ? ladder.rungs - first : 1, state->mode, env->seed);
    return BASE_OK;
}

base_status hpo_asha_next(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_promotion_next(((hpo_asha *)state)->promotion, view, may_start, out);
    return BASE_OK;
}

bool hpo_asha_stops(const void *state) {
    return hpo_promotion_stops(((const hpo_asha *)state)->promotion);
}

bool hpo_asha_should_stop(void *state, hpo_view view, uint64_t trial) {
    return hpo_promotion_should_stop(((hpo_asha *)state)->promotion, view, trial);
}

void hpo_asha_describe(const void *state, base_buf *out) {
    hpo_promotion_describe(((const hpo_asha *)state)->promotion, out);
}

void hpo_asha_fini(void *state) {
    hpo_promotion_destroy(((hpo_asha *)state)->promotion);
}

static base_status init(void *state, const hpo_scheduler_env *env, base_err *err) {
    return hpo_asha_init(state, env, false, err);
}

const hpo_scheduler_type hpo_scheduler_asha = {
    .name = "asha",
    .summary = "successive halving without waiting: who is among the best of its rung so far goes on",
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
