/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand's sampler: new configurations are uniform, from the user's priors, or near the incumbent, in shares that
 * depend on the rung and on what the priors have been worth so far (ensemble.c has the rules and the reference).
 *
 * With the scheduler hyperband this is PriorBand. The first configuration is the mode of the priors itself; parameters
 * without a prior are uniform wherever the prior is asked. */
#include "hpo/samplers/sampler.h"

#include <stdlib.h>

#include "base/arena.h"
#include "hpo/samplers/ensemble.h"

typedef struct priorband_state {
    int64_t eta;
    bool mode_first;
    const hpo_space *space;
    uint64_t seed;
    double max_fidelity, bracket_cost;
    hpo_observations *observations;
    double *unit;
} priorband_state;

static const base_option priorband_options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(priorband_state, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "as the scheduler's: the uniform share on rung r is 1/(1 + eta^r)"},
    {.name = "mode_first",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(priorband_state, mode_first),
     .fallback = "true",
     .help = "the first trial is the mode of the priors"},
    BASE_OPTIONS_END,
};

static base_status priorband_init(void *self, const hpo_sampler_env *env, base_err *err) {
    priorband_state *s = self;
    s->space = env->space;
    s->seed = env->seed;
    if (!hpo_space_has_prior(env->space)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "priorband needs a parameter with a prior, e.g. learning_rate: {min: 1e-5, max: 1.0, log: "
                         "true, prior: 1e-2}");
    }
    s->max_fidelity = env->max_fidelity;
    s->bracket_cost =
        hpo_ensemble_bracket_cost(env->min_fidelity, env->max_fidelity, env->integer_fidelity, (double)s->eta);
    s->observations = hpo_observations_create(env->space);
    s->unit = base_calloc(hpo_space_dims(env->space) + 1, sizeof *s->unit);
    return BASE_OK;
}

static void priorband_fini(void *self) {
    priorband_state *s = self;
    hpo_observations_destroy(s->observations);
    free(s->unit);
}

/* A draw from the priors whose parameters with a prior are moved to their preferred values; false: it is forbidden. */
static bool move_to_mode(const hpo_space *space, double *config, double *unit) {
    hpo_space_to_unit(space, config, unit);
    for (size_t d = 0; d < hpo_space_dims(space); d++) {
        const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
        if (param->prior.given) unit[d] = hpo_param_to_unit(param, param->prior.center);
    }
    hpo_space_from_unit(space, unit, config);
    return hpo_space_allowed(space, config);
}

static base_status priorband_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                                 const char **origin, base_err *err) {
    priorband_state *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    if (s->mode_first && request->trial == 0 && request->attempt == 0) {
        *origin = "prior mode";
        BASE_TRY(hpo_space_sample_prior(s->space, &rng, config, err));
        if (move_to_mode(s->space, config, s->unit)) return BASE_OK;
    }
    uint64_t incumbent;
    const hpo_ensemble ensemble = hpo_ensemble_at(s->observations, s->space, view, (double)s->eta, request->rung,
                                                  s->max_fidelity, s->bracket_cost, &incumbent);
    const double v = base_rng_uniform(&rng);
    if (v >= ensemble.uniform + ensemble.prior && incumbent != UINT64_MAX) {
        *origin = "incumbent";
        const double *from = hpo_view_trial(view, incumbent).config;
        if (hpo_ensemble_mutate(s->space, from, &rng, s->unit, config)) return BASE_OK;
    }
    const bool prior = v >= ensemble.uniform;
    *origin = prior ? "prior" : "random";
    return prior ? hpo_space_sample_prior(s->space, &rng, config, err) : hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_priorband = {
    .name = "priorband",
    .summary = "PriorBand's mixture of uniform draws, the user's priors and the incumbent's neighbourhood",
    .options = priorband_options,
    .flags = HPO_SAMPLER_NEEDS_PRIOR,
    .state_size = sizeof(priorband_state),
    .init = priorband_init,
    .ask = priorband_ask,
    .fini = priorband_fini,
};
