/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which evaluation to recommend where values are noisy: not the luckiest one, but the one whose posterior mean is best.
 */
#ifndef HPO_MODELS_RECOMMEND_H
#define HPO_MODELS_RECOMMEND_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_recommendation {
    hpo_incumbent who;  /* value: as measured */
    double mean;        /* posterior mean of its metric, as the user sees it; NaN: it is the incumbent */
    const char *reason; /* why it is no more than that, as a clause: "fewer than 5 ..."; NULL: the model decided, or
                         * nobody asked it */
} hpo_recommendation;

/* Past so many candidates the best of them by value are recommended of; see also HPO_GP_MAX_ROWS. */
enum { HPO_RECOMMEND_OF = 1000 };

/* Whether a trial could be the recommended one, now or after further records: its newest evaluation is a full one,
 * worked and is feasible. */
bool hpo_recommend_could(hpo_view view, uint64_t trial);

/* The incumbent, which must be there, as what is recommended. */
hpo_recommendation hpo_recommend_incumbent(const hpo_incumbent *incumbent);

/* Of the trials that hpo_recommend_could: the one whose posterior mean of a Gaussian process (hpo_gp_surrogate, fitted
 * to their newest evaluations alone) is best, ties to the lower trial. The incumbent, with a reason, where there are
 * fewer than 5 of them, where all values are equal, where nothing is searched, and as long as none is feasible. One
 * goal. A function of the view alone; cubic in HPO_GP_MAX_ROWS at most. False: there is no incumbent. */
bool hpo_recommend(hpo_view view, hpo_recommendation *out);

#ifdef __cplusplus
}
#endif
#endif
