/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A function drawn from the posterior of a Gaussian process: Thompson sampling maximizes it in place of an acquisition.
 */
#ifndef HPO_MODELS_GP_SAMPLE_H
#define HPO_MODELS_GP_SAMPLE_H

#include "base/rng.h"
#include "hpo/models/gp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_gp_sample hpo_gp_sample;

/* A function of the process and of the stream *rng. The process must outlive it, conditioned as it is, and is asked
 * about as by its last hpo_gp_predictions. Never NULL. */
hpo_gp_sample *hpo_gp_sample_draw(hpo_gp *gp, base_rng *rng);
void hpo_gp_sample_destroy(hpo_gp_sample *sample); /* accepts NULL */
/* Its values as means, without variance. */
hpo_surrogate hpo_gp_sample_surrogate(hpo_gp_sample *sample);

#ifdef __cplusplus
}
#endif
#endif
