/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joint draws of what a Gaussian process has at its observed and its running points, without noise. Each draw leaves a
 * process without noise; all of them have the same variance. */
#ifndef HPO_MODELS_GP_DRAWS_H
#define HPO_MODELS_GP_DRAWS_H

#include "base/rng.h"
#include "hpo/models/gp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_GP_DRAWS = 32 };

typedef struct hpo_gp_draws hpo_gp_draws;

/* A function of the process and of the stream *rng. The process must outlive it, conditioned as it is, and is asked
 * about as by its last hpo_gp_predictions. Never NULL. */
hpo_gp_draws *hpo_gp_draws_create(hpo_gp *gp, base_rng *rng);
void hpo_gp_draws_destroy(hpo_gp_draws *draws); /* accepts NULL */

/* Coordinates of a point; rows: the observed ones, then the running ones; how many are observed. */
size_t hpo_gp_draws_dims(const hpo_gp_draws *draws);
size_t hpo_gp_draws_rows(const hpo_gp_draws *draws);
size_t hpo_gp_draws_observed(const hpo_gp_draws *draws);
/* Draw j at each of the rows, at the fidelity that is asked about. */
const double *hpo_gp_draws_values(const hpo_gp_draws *draws, size_t j);

/* At `count` points: the mean after each draw (count x HPO_GP_DRAWS), and the variance after all of them. */
void hpo_gp_draws_predict(hpo_gp_draws *draws, const double *points, size_t count, double *means, double *variance);
/* The same at one point, of which hpo_gp_draws_slopes has then the derivatives of sum_j by_mean[j] mean_j + by_variance
 * variance, by the coordinates. */
void hpo_gp_draws_at(hpo_gp_draws *draws, const double *point, double *means, double *variance);
void hpo_gp_draws_slopes(hpo_gp_draws *draws, const double *point, const double *by_mean, double by_variance,
                         double *slopes);

#ifdef __cplusplus
}
#endif
#endif
