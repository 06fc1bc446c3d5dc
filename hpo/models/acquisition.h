/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a surrogate is to those who use it, and how much a point promises (acquisition functions).
 *
 * Points are coordinates of the unit cube (hpo_space_to_unit): hpo_space_dims() doubles each, row after row, NaN where
 * inactive, choices and steps at the centre of their bin. Losses are minimized; every acquisition is maximized. */
#ifndef HPO_MODELS_ACQUISITION_H
#define HPO_MODELS_ACQUISITION_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A fitted model. It must not change its answers between calls: same points, same bits. */
typedef struct hpo_surrogate {
    void *self;
    size_t dims;
    void (*predict)(void *self, const double *points, size_t count, double *mean, double *variance);
    /* One point, with the derivatives by its coordinates (dims each; 0 at inactive coordinates and at choices). NULL
     * when the model is not smooth. */
    void (*gradient)(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance);
} hpo_surrogate;

typedef enum hpo_acquisition_kind {
    HPO_ACQUISITION_LOGEI, /* logarithm of EI, exact in the far tail */
    HPO_ACQUISITION_EI,    /* expected improvement */
    HPO_ACQUISITION_PI,    /* probability of improvement */
    HPO_ACQUISITION_LCB,   /* -(mean - kappa * deviation) */
} hpo_acquisition_kind;

typedef struct hpo_acquisition {
    hpo_acquisition_kind kind;
    double best;  /* what is to be improved on, on the scale of the surrogate's mean */
    double kappa; /* LCB */
} hpo_acquisition;

/* The value at a prediction; d_mean and d_variance (both or none may be NULL) receive the derivatives. A variance below
 * 1e-24 counts as that. */
double hpo_acquisition_value(const hpo_acquisition *acquisition, double mean, double variance, double *d_mean,
                             double *d_variance);

/* Logarithm of the mean of EI over `count` >= 1 gaps (best - mean) that have one variance, and its derivatives by every
 * gap and by the variance (both or none may be NULL). Accurate in the far tail as LOGEI is. */
double hpo_log_mean_ei(const double *gap, size_t count, double variance, double *d_gap, double *d_variance);

/* Weighted by a belief and by cost. log_prior is exponent * log pi(x) (piBO: gamma_n log pi), log_cost the logarithm of
 * the predicted cost; 0 each for none. LOGEI: a + log_prior - log_cost; EI and PI: a * exp(log_prior - log_cost); LCB,
 * which has no sign: like LOGEI. */
double hpo_acquisition_weigh(const hpo_acquisition *acquisition, double value, double log_prior, double log_cost);

/* Logarithm of the probability that a normal excess is at most 0, log Phi(-mean/deviation), and its derivatives as of
 * hpo_acquisition_value. */
double hpo_log_feasible(double mean, double variance, double *d_mean, double *d_variance);

/* Standard normal: log(phi(z) + z Phi(z)) and log Phi(z), accurate to rounding for every finite z. */
double hpo_log_improvement(double z);
double hpo_log_normal_cdf(double z);

#ifdef __cplusplus
}
#endif
#endif
