/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the results of a low fidelity may be trusted, for samplers that model the highest fidelity with enough.
 *
 * A model of a low fidelity proposes what does well there. Whether that does well at the top is seen from the promoted
 * trials, which have results on both: trust is their Kendall rank correlation (M. G. Kendall, "A New Measure of Rank
 * Correlation", Biometrika 30, 1938),
 *
 *     trust = max(0, (concordant pairs - discordant pairs + PRIOR_PAIRS * prior) / (pairs + PRIOR_PAIRS)),
 *
 * where a pair of trials is compared at the modelled fidelity and at the highest one that both have reached; of several
 * goals it is the mean of theirs (a pair counts once, with the mean of its agreements). The prior
 * is the trust in the fidelity below, which is no closer to the top, and 0 for the lowest: nothing is trusted before
 * something was promoted.
 *
 * Promoted trials are the best of their rung, and among them the correlation is lower than among all (on LCBench's
 * networks at 2 of 52 epochs 0.2 instead of 0.5): every fidelity knows what is hopeless. It is not corrected for,
 * because proposals compete with the best, too.
 *
 * Trust is the fraction of proposals that follow the model; the others are random, as many as BOHB's fixed third or
 * SMAC's fifth at least. So a model that misleads costs no exploration, and Hyperband's guarantee stays. The highest
 * fidelity is always trusted. The price: of a fidelity that is right but noisy a model could make more than single
 * trials show, since it averages the noise.
 *
 * MFES-HB weighs a surrogate of each fidelity by the fraction of pairs of results at the highest fidelity that it ranks
 * correctly (Y. Li, Y. Shen, J. Jiang, J. Gao, C. Zhang, B. Cui, AAAI 2021, section "Multi-fidelity ensemble
 * surrogate"), Hyper-Tune chooses brackets by the same (Y. Li et al., VLDB 2022). That takes full evaluations, and
 * early there are none. */
#ifndef HPO_SAMPLERS_TRUST_H
#define HPO_SAMPLERS_TRUST_H

#include "hpo/models/observations.h"
#include "hpo/samplers/sampler.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From 0 to 1. observations: collected for this view. level: the fidelity that is modelled, NaN: none, which gives 1.
 */
double hpo_trust(const hpo_observations *observations, hpo_view view, double level, double max_fidelity);
/* Whether a proposal that the sampler has not made random already, as it does with a fraction of `random` of them,
 * follows the model: the fraction of all that do is min(trust, 1 - random). The same for every attempt of a trial. */
bool hpo_trust_follows(double trust, double random, uint64_t seed, const hpo_request *request);

#ifdef __cplusplus
}
#endif
#endif
