/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hyperparameters of a Gaussian process by maximum a posteriori.
 *
 * theta: log length scale of every dimension, then log signal variance, then log noise variance; dims + 2 doubles. The
 * length scale of time has bounds in the place of a prior. */
#ifndef HPO_MODELS_GP_FIT_H
#define HPO_MODELS_GP_FIT_H

#include "hpo/models/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_gp_data {
    const hpo_embedding *embedding;
    hpo_kernel_kind kernel;
    const double *unit; /* n x embedding->dims */
    const double *y;    /* standardized */
    size_t n;
} hpo_gp_data;

/* Log densities; gradient (dims + 2, by theta) may be NULL and is added to. The prior's is that of the parameters
 * themselves, not of their logarithms. */
double hpo_gp_log_marginal(const hpo_gp_data *data, const double *theta, double *gradient);
double hpo_gp_log_prior(size_t dims, const double *theta, double *gradient);

/* Where a fit begins without knowing better: length scales at the mode of their prior. */
void hpo_gp_default(size_t dims, double *theta);
/* start NULL: from the default. A start is an optimum for fewer points; while n is small the default is tried, too, and
 * the better kept. */
void hpo_gp_fit(const hpo_gp_data *data, const double *start, double *theta);

#ifdef __cplusplus
}
#endif
#endif
