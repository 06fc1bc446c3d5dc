/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand's ensemble: how a new configuration is shared out among uniform draws, the user's beliefs and the
 * neighbourhood of the incumbent. Apart from any sampler, so that each rule can be tested by itself; the policy made of
 * these rules is what the samplers priorband and priorband-bo have in common. */
#ifndef HPO_SAMPLERS_ENSEMBLE_H
#define HPO_SAMPLERS_ENSEMBLE_H

#include "hpo/models/best.h"
#include "hpo/models/chebyshev.h"
#include "hpo/samplers/sampler.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Probability of each source; they add up to 1. */
typedef struct hpo_ensemble {
    double uniform, prior, incumbent;
} hpo_ensemble;

/* 1 / (1 + eta^rung) */
double hpo_ensemble_uniform(double eta, uint32_t rung);
/* Cost of the widest bracket of successive halving when promoted trials continue. */
double hpo_ensemble_bracket_cost(double min, double max, bool integer, double eta);
/* What the trials have consumed, each as much as the fidelity of its last result; *reached: whether one has succeeded
 * at max_fidelity. */
double hpo_ensemble_spent(hpo_observations *observations, hpo_view view, double max_fidelity, bool *reached);
/* Weighs beliefs against incumbent by the densities that both give to the best configurations (best first, the first
 * weighs most). Parameters without a prior say nothing. Of several beliefs each density is the mean. Logs of the two
 * sums. */
void hpo_ensemble_scores(const hpo_space *space, const double *const *best, size_t count, const double *incumbent,
                         double *log_prior, double *log_incumbent);
hpo_ensemble hpo_ensemble_weigh(double eta, uint32_t rung, double log_prior, double log_incumbent);
/* The ensemble for a new trial on that rung, as the view has it; *incumbent: trial with the best result on any
 * fidelity, UINT64_MAX while the incumbent is not yet in use. weights: of several goals, by whose scalarised loss
 * (chebyshev.h) results are the best; NULL with one. */
hpo_ensemble hpo_ensemble_at(hpo_observations *observations, const hpo_space *space, hpo_view view, double eta,
                             uint32_t rung, double max_fidelity, double bracket_cost, const double *weights,
                             uint64_t *incumbent);

/* Draws around a configuration: each parameter changes with probability 1/2, numbers by a normal of deviation 1/4 of
 * the range, choices to another one. False: no allowed point that differs was found. */
bool hpo_ensemble_mutate(const hpo_space *space, const double *from, base_rng *rng, double *unit, double *config);

/* ---- the policy ---- */
typedef struct hpo_ensemble_policy {
    int64_t eta;     /* option */
    bool mode_first; /* option */
    hpo_sampler_env env;
    double bracket_cost;
    hpo_observations *observations;
    double *unit;
} hpo_ensemble_policy;

/* Its lines of the option table of a state that has it as `member`. */
#define HPO_ENSEMBLE_OPTIONS(state, member)                                                                            \
    {.name = "eta",                                                                                                    \
     .kind = BASE_OPTION_INT,                                                                                          \
     .offset = offsetof(state, member) + offsetof(hpo_ensemble_policy, eta),                                           \
     .fallback = "3",                                                                                                  \
     .min = 2,                                                                                                         \
     .max = 1000,                                                                                                      \
     .help = "as the scheduler's: the uniform fraction on rung r is 1/(1 + eta^r)"},                                   \
    {                                                                                                                  \
        .name = "mode_first", .kind = BASE_OPTION_BOOL,                                                                \
        .offset = offsetof(state, member) + offsetof(hpo_ensemble_policy, mode_first), .fallback = "true",             \
        .help = "the first trial is the mode of the priors"                                                            \
    }

/* Log density of the mixture of the space's beliefs, in equal shares. */
double hpo_ensemble_log_prior(const hpo_space *space, const double *config);

/* The options have been read. A space without priors is refused in the name of `sampler`. */
BASE_CHECK base_status hpo_ensemble_policy_init(hpo_ensemble_policy *policy, const char *sampler,
                                                const hpo_sampler_env *env, base_err *err);
void hpo_ensemble_policy_fini(hpo_ensemble_policy *policy); /* also after a failed init */
/* As a sampler's ask; origins: prior mode, incumbent, prior, random. */
BASE_CHECK base_status hpo_ensemble_policy_ask(hpo_ensemble_policy *policy, hpo_view view, const hpo_request *request,
                                               double *config, const char **origin, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
