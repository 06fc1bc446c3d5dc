/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random search: every configuration is an independent draw, from the base measure of the space or from the user's
 * priors (J. Bergstra, Y. Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13, 2012).
 *
 * A draw depends on (seed, trial, attempt) alone: neither the order of results nor the number of workers changes it. */
#include "hpo/samplers/sampler.h"

typedef struct random_state {
    bool prior;
    const hpo_space *space;
    uint64_t seed;
} random_state;

static const base_option random_options[] = {
    {.name = "prior",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(random_state, prior),
     .fallback = "false",
     .help = "draw from the priors of the parameters instead of uniformly"},
    BASE_OPTIONS_END,
};

static base_status random_init(void *self, const hpo_sampler_env *env, base_err *err) {
    random_state *state = self;
    state->space = env->space;
    state->seed = env->seed;
    if (state->prior) BASE_TRY(hpo_sampler_check_prior(env, err));
    return BASE_OK;
}

static base_status random_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                              const char **origin, base_err *err) {
    (void)view;
    const random_state *state = self;
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = state->prior ? "prior" : "random";
    return state->prior ? hpo_space_sample_prior(state->space, &rng, config, err)
                        : hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_random = {
    .name = "random",
    .summary = "independent draws, uniform or from the priors",
    .options = random_options,
    .flags = HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(random_state),
    .init = random_init,
    .ask = random_ask,
};
