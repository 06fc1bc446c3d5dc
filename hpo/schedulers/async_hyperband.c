/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asynchronous Hyperband: ASHA in several brackets, which begin on higher and higher rungs (Li et al., MLSys 2020;
 * Klein et al., 2020, App. A; see promotion.c). */
#include "hpo/schedulers/promotion.h"

typedef struct async_hyperband {
    int64_t eta;
    int mode;
    hpo_promotion *promotion;
} async_hyperband;

static const base_option options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(async_hyperband, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "the best one in eta of a rung goes on, to eta times the fidelity"},
    {.name = "mode",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(async_hyperband, mode),
     .fallback = "promotion",
     .choices = hpo_promotion_modes,
     .help = "trials pause on a rung until promoted, or run on until a report stops them"},
    BASE_OPTIONS_END,
};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    async_hyperband *state = self;
    hpo_ladder ladder;
    BASE_TRY(hpo_ladder_init(&ladder, env->min_fidelity, env->max_fidelity, env->integer_fidelity, (uint64_t)state->eta,
                             err));
    state->promotion = hpo_promotion_create(&ladder, 0, ladder.rungs, state->mode, env->seed);
    return BASE_OK;
}

static base_status next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_promotion_next(((async_hyperband *)self)->promotion, view, may_start, out);
    return BASE_OK;
}

static bool should_stop(void *self, hpo_view view, uint64_t trial) {
    return hpo_promotion_should_stop(((async_hyperband *)self)->promotion, view, trial);
}

static void describe(const void *self, base_buf *out) {
    hpo_promotion_describe(((const async_hyperband *)self)->promotion, out);
}

static void fini(void *self) {
    hpo_promotion_destroy(((async_hyperband *)self)->promotion);
}

const hpo_scheduler_type hpo_scheduler_async_hyperband = {
    .name = "async-hyperband",
    .summary = "ASHA in brackets that begin on different rungs, drawn as often as Hyperband uses them",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS,
    .state_size = sizeof(async_hyperband),
    .init = init,
    .next = next,
    .should_stop = should_stop,
    .describe = describe,
    .fini = fini,
};
