/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Acquisition functions, for minimisation.
 *
 * EI: J. Mockus, 1978; D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optim. 13 (1998), equation 15. logEI: S. Ament
 * et al., "Unexpected Improvements to Expected Improvement", NeurIPS 2023. Its h(z) = phi(z) + z Phi(z) cancels for z
 * << 0. There both h and Phi follow from the continued fraction of Mills' ratio, (1 - Phi(x))/phi(x) = 1/(x + C), C =
 * 1/(x + 2/(x + 3/(x + ...))): h(-x) = phi(x) C/(x + C), without any difference (the paper's equation 9 uses erfcx and
 * an asymptotic form). Weighing by a prior: C. Hvarfner et al., "piBO", ICLR 2022, equation 6. */
#include "hpo/models/acquisition.h"

#include <math.h>

static const double LOG_SQRT_2PI = 0.91893853320467274178, SQRT1_2 = 0.70710678118654752440;
static const double TAIL = -3; /* from here down by the continued fraction */
static const double LEAST_SIGMA = 1e-12;

static double normal_pdf(double z) {
    return exp(-z * z / 2 - LOG_SQRT_2PI);
}

static double normal_cdf(double z) {
    return erfc(-z * SQRT1_2) / 2;
}

/* C of the continued fraction at x >= 3: 80 terms are more than doubles can tell apart. */
static double mills_rest(double x) {
    double c = x;
    for (int k = 80; k >= 2; k--) c = x + k / c;
    return 1 / c;
}

double hpo_log_improvement(double z) {
    if (z > TAIL) return log(normal_pdf(z) + z * normal_cdf(z));
    const double c = mills_rest(-z);
    return -z * z / 2 - LOG_SQRT_2PI + log(c / (c - z));
}

double hpo_log_normal_cdf(double z) {
    if (z > TAIL) return log(normal_cdf(z));
    return -z * z / 2 - LOG_SQRT_2PI - log(mills_rest(-z) - z);
}

/* Value and derivatives by mean and deviation. */
typedef struct slopes {
    double value, by_mean, by_sigma;
} slopes;

static slopes log_ei(double z, double sigma) {
    if (z > TAIL) {
        const double cdf = normal_cdf(z), pdf = normal_pdf(z), h = pdf + z * cdf;
        return (slopes){log(h) + log(sigma), -cdf / (h * sigma), pdf / (h * sigma)};
    }
    const double c = mills_rest(-z);
    return (slopes){hpo_log_improvement(z) + log(sigma), -1 / (c * sigma), (c - z) / (c * sigma)};
}

static slopes at(const hpo_acquisition *acquisition, double mean, double sigma) {
    const double z = (acquisition->best - mean) / sigma;
    switch (acquisition->kind) {
    case HPO_ACQUISITION_LOGEI: return log_ei(z, sigma);
    case HPO_ACQUISITION_EI: return (slopes){sigma * exp(hpo_log_improvement(z)), -normal_cdf(z), normal_pdf(z)};
    case HPO_ACQUISITION_PI: return (slopes){normal_cdf(z), -normal_pdf(z) / sigma, -z * normal_pdf(z) / sigma};
    case HPO_ACQUISITION_LCB: break;
    }
    return (slopes){acquisition->kappa * sigma - mean, -1, acquisition->kappa};
}

double hpo_acquisition_value(const hpo_acquisition *acquisition, double mean, double variance, double *d_mean,
                             double *d_variance) {
    const bool certain = !(variance > LEAST_SIGMA * LEAST_SIGMA);
    const double sigma = certain ? LEAST_SIGMA : sqrt(variance);
    const slopes s = at(acquisition, mean, sigma);
    if (d_mean) {
        *d_mean = s.by_mean;
        *d_variance = certain ? 0 : s.by_sigma / (2 * sigma);
    }
    return s.value;
}

double hpo_acquisition_weigh(const hpo_acquisition *acquisition, double value, double log_prior, double log_cost) {
    const double weight = log_prior - log_cost;
    if (acquisition->kind == HPO_ACQUISITION_EI || acquisition->kind == HPO_ACQUISITION_PI) return value * exp(weight);
    return value + weight;
}
