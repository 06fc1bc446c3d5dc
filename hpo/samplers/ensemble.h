/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand's ensemble: how a new configuration is shared out among uniform draws, the user's beliefs and the
 * neighbourhood of the incumbent. Apart from any sampler, so that each rule can be tested by itself. */
#ifndef HPO_SAMPLERS_ENSEMBLE_H
#define HPO_SAMPLERS_ENSEMBLE_H

#include "hpo/models/best.h"

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
/* Weighs beliefs against incumbent by the densities that both give to the best configurations (best first, the first
 * weighs most). Parameters without a prior say nothing. Logs of the two sums. */
void hpo_ensemble_scores(const hpo_space *space, const double *const *best, size_t count, const double *incumbent,
                         double *log_prior, double *log_incumbent);
hpo_ensemble hpo_ensemble_weigh(double eta, uint32_t rung, double log_prior, double log_incumbent);
/* The ensemble for a new trial on that rung, as the view has it; *incumbent: trial with the best result on any
 * fidelity, UINT64_MAX while the incumbent is not yet in use. */
hpo_ensemble hpo_ensemble_at(hpo_observations *observations, const hpo_space *space, hpo_view view, double eta,
                             uint32_t rung, double max_fidelity, double bracket_cost, uint64_t *incumbent);

/* Draws around a configuration: each parameter changes with probability 1/2, numbers by a normal of deviation 1/4 of
 * the range, choices to another one. False: no allowed point that differs was found. */
bool hpo_ensemble_mutate(const hpo_space *space, const double *from, base_rng *rng, double *unit, double *config);

#ifdef __cplusplus
}
#endif
#endif
