/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best next point by an acquisition function, over a mixed and conditional space.
 *
 * Candidates that fill the space, and neighbours of the best observations; the most promising are climbed: by gradients
 * in the continuous coordinates when the surrogate has them (else by shrinking normal steps), by one-exchange
 * neighbourhoods in the discrete ones. A small finite space is enumerated. The answer is activated, allowed, and no
 * configuration of the view, running ones included. */
#ifndef HPO_MODELS_MAXIMIZE_H
#define HPO_MODELS_MAXIMIZE_H

#include "base/rng.h"
#include "hpo/models/acquisition.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_maximize {
    const hpo_space *space;
    const hpo_surrogate *surrogate; /* NULL: all points promise the same, and weights decide; not with EI and PI */
    hpo_acquisition acquisition;
    hpo_view view;        /* its configurations are never proposed again, */
    bool repeats;         /* unless they may be */
    const double *elites; /* good configurations, best first: neighbours of theirs are candidates; may be NULL */
    size_t n_elites;
    double prior_exponent;     /* piBO's gamma_n; 0 = the priors are not used */
    const hpo_surrogate *cost; /* its mean is log cost: the acquisition is that per unit of cost; NULL = all the same */
    const hpo_surrogate *excess; /* of each constraint: the acquisition is multiplied by the probability that all are
                                    met (feasibility.h) */
    size_t n_excess;
    size_t candidates; /* 0 = 1000 */
    size_t starts;     /* points that are climbed; 0 = 8 */
    size_t steps;      /* limit of steps per climb; 0 = 30 */
} hpo_maximize;

/* config: hpo_space_count(space) doubles. *found false: every point that was looked at is known already or forbidden
 * (config is then untouched): draw at random instead. A function of the problem and of the stream *rng alone. */
void hpo_maximize_run(const hpo_maximize *problem, base_rng *rng, double *config, bool *found);

/* The weighted acquisition at `count` configurations (a row of hpo_space_count(space) each): what is maximized. */
void hpo_maximize_values(const hpo_maximize *problem, const double *configs, size_t count, double *values);

#ifdef __cplusplus
}
#endif
#endif
