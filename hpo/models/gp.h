/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Gaussian process with zero mean, conditioned on observations and on points that are still running. */
#ifndef HPO_MODELS_GP_H
#define HPO_MODELS_GP_H

#include "hpo/models/acquisition.h"
#include "hpo/models/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_gp hpo_gp;

/* The embedding must outlive it. */
hpo_gp *hpo_gp_create(const hpo_embedding *embedding, hpo_kernel_kind kernel);
void hpo_gp_destroy(hpo_gp *gp);

typedef struct hpo_gp_points {
    const double *unit; /* n x embedding->dims */
    const double *y;    /* standardized losses */
    size_t n;
    size_t block;          /* that many are factorised at once, the rest is appended row by row; at most n */
    const double *pending; /* n_pending x dims: their losses are believed to be the posterior mean */
    size_t n_pending;
} hpo_gp_points;

/* theta as in gp_fit.h. What was factorised before is used again where it is the same: the answer never depends on it.
 */
void hpo_gp_condition(hpo_gp *gp, const double *theta, const hpo_gp_points *points);
/* Posterior mean at observed point i, without its noise. */
double hpo_gp_fitted(const hpo_gp *gp, size_t i);
/* Points are the first `dims` coordinates; the others (a fidelity) are held at tail. */
hpo_surrogate hpo_gp_predictions(hpo_gp *gp, size_t dims, const double *tail);

#ifdef __cplusplus
}
#endif
#endif
