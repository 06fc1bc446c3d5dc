/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand's sampler: new configurations are uniform, from the user's priors, or near the incumbent, in shares that
 * depend on the rung and on what the priors have been worth so far (ensemble.c has the rules and the reference). With
 * the scheduler hyperband this is PriorBand. */
#include "hpo/samplers/ensemble.h"

typedef struct priorband_state {
    hpo_ensemble_policy policy;
} priorband_state;

static const base_option priorband_options[] = {
    HPO_ENSEMBLE_OPTIONS(priorband_state, policy),
    BASE_OPTIONS_END,
};

static base_status priorband_init(void *self, const hpo_sampler_env *env, base_err *err) {
    priorband_state *s = self;
    return hpo_ensemble_policy_init(&s->policy, "priorband", env, err);
}

static void priorband_fini(void *self) {
    priorband_state *s = self;
    hpo_ensemble_policy_fini(&s->policy);
}

static base_status priorband_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                                 const char **origin, base_err *err) {
    priorband_state *s = self;
    return hpo_ensemble_policy_ask(&s->policy, view, request, config, origin, err);
}

const hpo_sampler_type hpo_sampler_priorband = {
    .name = "priorband",
    .summary = "PriorBand's mixture of uniform draws, the user's priors and the incumbent's neighbourhood",
    .options = priorband_options,
    .flags = HPO_SAMPLER_NEEDS_PRIOR | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(priorband_state),
    .init = priorband_init,
    .ask = priorband_ask,
    .fini = priorband_fini,
};
