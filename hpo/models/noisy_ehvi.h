/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy expected hypervolume improvement: what a point is expected to add to what a front dominates, when nobody has
 * seen the front without its noise. */
#ifndef HPO_MODELS_NOISY_EHVI_H
#define HPO_MODELS_NOISY_EHVI_H

#include "hpo/models/gp_draws.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_noisy_ehvi hpo_noisy_ehvi;

/* draws: of k >= 2 processes that are conditioned on the same rows, one for each goal; they are taken over. reference:
 * k values on the scales of the processes. counts: which observed rows make the front (NULL: all, and the running
 * ones); used by this call alone. Never NULL. */
hpo_noisy_ehvi *hpo_noisy_ehvi_create(hpo_gp_draws *const *draws, size_t k, const double *reference,
                                      const bool *counts);
void hpo_noisy_ehvi_destroy(hpo_noisy_ehvi *noisy); /* accepts NULL */
/* Minus the logarithm of noisy EHVI as the mean of a model without variance, which LCB with kappa 0 hands through. */
hpo_surrogate hpo_noisy_ehvi_surrogate(hpo_noisy_ehvi *noisy);

#ifdef __cplusplus
}
#endif
#endif
