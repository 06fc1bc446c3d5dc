/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy expected improvement: over the best of values that nobody has seen without their noise. */
#ifndef HPO_MODELS_NOISY_EI_H
#define HPO_MODELS_NOISY_EI_H

#include "base/rng.h"
#include "hpo/models/gp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_noisy_ei hpo_noisy_ei;

/* counts: of which observed points the best is taken (NULL: of all, and of the running ones); used by this call alone.
 * A function of the process and of the stream *rng. The process must outlive it, conditioned as it is, and is asked
 * about as by its last hpo_gp_predictions. Never NULL. */
hpo_noisy_ei *hpo_noisy_ei_create(hpo_gp *gp, const bool *counts, base_rng *rng);
void hpo_noisy_ei_destroy(hpo_noisy_ei *noisy); /* accepts NULL */
/* Minus the logarithm of noisy EI as the mean of a model without variance, which LCB with kappa 0 hands through. */
hpo_surrogate hpo_noisy_ei_surrogate(hpo_noisy_ei *noisy);

#ifdef __cplusplus
}
#endif
#endif
