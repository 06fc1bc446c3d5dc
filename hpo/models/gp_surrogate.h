/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Gaussian process fitted to results: losses transformed, hyperparameters found, conditioned on what is known and on
 * what is running.
 *
 * It is what stands between a data set and hpo_maximize_run; each sampler that has one decides which results it sees
 * (the rows of one rung, or all of them with the fidelity as an input). Every answer follows from the data alone; what
 * is kept between calls (fits, factors) only saves computing it again. */
#ifndef HPO_MODELS_GP_SURROGATE_H
#define HPO_MODELS_GP_SURROGATE_H

#include "hpo/models/gp_draws.h"
#include "hpo/models/kernel.h"
#include "hpo/models/maximize.h"
#include "hpo/models/observations.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Past so many rows a subset stands for them, which depends on the losses. */
enum { HPO_GP_MAX_ROWS = 1000 };

typedef struct hpo_gp_surrogate hpo_gp_surrogate;

typedef struct hpo_gp_settings {
    hpo_kernel_kind kernel;
    bool once;  /* for data that does not grow: fitted to all rows, from starts of little and of much noise */
    bool plain; /* losses are standardized only, and predictions are on their scale: for what is no loss */
    /* For rows of several fidelities: one more input, scaled logarithmically when min_fidelity > 0. Then min < max. */
    bool fidelity;
    double min_fidelity, max_fidelity;
} hpo_gp_settings;

/* The space must outlive it. Never NULL. */
hpo_gp_surrogate *hpo_gp_surrogate_create(const hpo_space *space, const hpo_gp_settings *settings);
void hpo_gp_surrogate_destroy(hpo_gp_surrogate *surrogate); /* accepts NULL */

/* The posterior given the rows and the running trials of a data set; without rows it is the prior. Failed evaluations
 * count as the worst success. fidelity: at which one points are asked about, when it is an input. Unless plain,
 * losses are on a scale of the process's own (hpo_transform_losses). What is returned is valid until the next call. */
hpo_surrogate hpo_gp_surrogate_condition(hpo_gp_surrogate *surrogate, const hpo_dataset *data, double fidelity);
/* Of which rows of the data set that was conditioned on the best is taken by those below (by row; NULL: of all, as it
 * is again after the next condition): those that are feasible, say. Where none of them is in the model, all count. */
void hpo_gp_surrogate_count_only(hpo_gp_surrogate *surrogate, const bool *rows);
/* The least posterior mean at an observed point, at the fidelity that is asked about: what an improvement is counted
 * from, since noise makes the least observed value too good. The prior's mean without rows. */
double hpo_gp_surrogate_best(hpo_gp_surrogate *surrogate);
/* What some acquisitions are made of, each a function of the posterior and of the stream *rng, and a model without
 * variance that HPO_ACQUISITION_LCB with kappa 0 hands through: a function drawn from the posterior (gp_sample.h), and
 * minus the logarithm of noisy EI (noisy_ei.h). Valid until the next call of these or of condition. */
hpo_surrogate hpo_gp_surrogate_sample(hpo_gp_surrogate *surrogate, base_rng *rng); /* not of a plain one */
hpo_surrogate hpo_gp_surrogate_noisy_ei(hpo_gp_surrogate *surrogate, base_rng *rng);
/* What an acquisition of several processes is made of, on the process's own scale: draws, to be destroyed before the
 * next call of condition; a loss (of a plain process); which rows count, as of hpo_gp_surrogate_count_only. */
hpo_gp_draws *hpo_gp_surrogate_draws(hpo_gp_surrogate *surrogate, base_rng *rng);
double hpo_gp_surrogate_scaled(const hpo_gp_surrogate *surrogate, double loss);
const bool *hpo_gp_surrogate_counted(const hpo_gp_surrogate *surrogate);
/* Bounds the work of a maximization by the number of rows that every prediction costs: candidates and steps are
 * lowered, starts are set. */
void hpo_gp_surrogate_bound(const hpo_gp_surrogate *surrogate, hpo_maximize *problem);

#ifdef __cplusplus
}
#endif
#endif
