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
    hpo_incumbent who; /* value: as measured */
    double mean;       /* posterior mean of its metric, as the user sees it; NaN: too few results for a model */
} hpo_recommendation;

/* Of the trials that are evaluated as high as the incumbent, and feasible where it is: the one whose posterior mean of
 * a Gaussian process (hpo_gp_surrogate, fitted to these results alone) is best, ties to the lower trial. With fewer
 * than 5 of them, or where all are equal, the incumbent. One goal. A function of the view alone. False: there is no
 * incumbent. */
bool hpo_recommend(hpo_view view, hpo_recommendation *out);

#ifdef __cplusplus
}
#endif
#endif
