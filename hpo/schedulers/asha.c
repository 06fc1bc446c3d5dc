/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ASHA: asynchronous successive halving on one ladder of rungs (Li et al., MLSys 2020; see promotion.c). */
#include "hpo/schedulers/promotion.h"

typedef struct asha {
    int64_t eta, s;
    int mode;
    hpo_promotion *promotion;
} asha;

static const base_option options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(asha, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "the best one in eta of a rung goes on, to eta times the fidelity"},
    {.name = "s",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(asha, s),
     .fallback = "0",
     .min = 0,
     .max = HPO_LADDER_MAX_RUNGS - 1,
     .help = "minimum early-stopping rate: leave out the s lowest rungs"},
    {.name = "mode",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(asha, mode),
     .fallback = "promotion",
     .choices = hpo_promotion_modes,
     .help = "trials pause on a rung until promoted, or run on until a report stops them"},
    BASE_OPTIONS_END,
};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    asha *state = self;
    hpo_ladder ladder;
    BASE_TRY(hpo_ladder_init(&ladder, env->min_fidelity, env->max_fidelity, env->integer_fidelity, (uint64_t)state->eta,
                             err));
    if (state->s >= ladder.rungs) {
        return BASE_FAIL(err, BASE_INVALID, "s: %lld leaves no rung; from %g to %g with eta: %lld it is at most %u",
                         (long long)state->s, env->min_fidelity, env->max_fidelity, (long long)state->eta,
                         ladder.rungs - 1);
    }
    state->promotion = hpo_promotion_create(&ladder, (uint32_t)state->s, 1, state->mode, env->seed);
    return BASE_OK;
}

static base_status next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_promotion_next(((asha *)self)->promotion, view, may_start, out);
    return BASE_OK;
}

static bool should_stop(void *self, hpo_view view, uint64_t trial) {
    return hpo_promotion_should_stop(((asha *)self)->promotion, view, trial);
}

static void describe(const void *self, base_buf *out) {
    hpo_promotion_describe(((const asha *)self)->promotion, out);
}

static void fini(void *self) {
    hpo_promotion_destroy(((asha *)self)->promotion);
}

const hpo_scheduler_type hpo_scheduler_asha = {
    .name = "asha",
    .summary = "successive halving without waiting: who is among the best of its rung so far goes on",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS,
    .state_size = sizeof(asha),
    .init = init,
    .next = next,
    .should_stop = should_stop,
    .describe = describe,
    .fini = fini,
};
