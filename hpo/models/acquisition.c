/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Acquisition functions, for minimization.
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
static const double FAR = -10, NEGLIGIBLE = 45;
static const double LEAST_SIGMA = 1e-12;

static double normal_pdf(double z) {
    return exp(-z * z / 2 - LOG_SQRT_2PI);
}

static double normal_cdf(double z) {
    return erfc(-z * SQRT1_2) / 2;
}

/* C of the continued fraction at x >= 3. Further terms would not change a bit. */
static double mills_rest(double x) {
    const int terms = x < 3.2 ? 80 : 4 + (int)(240 / x);
    double c = x;
    for (int k = terms; k >= 2; k--) c = x + k / c;
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

/* The mean of h(z), and in d_gap and *d_sigma its derivatives times sigma. h loses some eps z^2 of itself, which is
 * little above FAR. */
static double mean_improvement(const double *gap, size_t count, double sigma, double *d_gap, double *d_sigma) {
    double sum = 0, slope = 0;
    for (size_t j = 0; j < count; j++) {
        const double z = gap[j] / sigma, pdf = normal_pdf(z), cdf = normal_cdf(z);
        sum += pdf + z * cdf;
        slope += pdf;
        if (d_gap) d_gap[j] = cdf / (double)count;
    }
    if (d_gap) *d_sigma = slope / (double)count;
    return sum / (double)count;
}

/* In logarithms relative to the largest one; what is NEGLIGIBLE beside it is not computed. */
static double log_mean_tail(const double *gap, size_t count, double sigma, double most, double *d_gap,
                            double *d_sigma) {
    const double top = hpo_log_improvement(most);
    double sum = 0, slope = 0;
    for (size_t j = 0; j < count; j++) {
        const double z = gap[j] / sigma;
        if (d_gap) d_gap[j] = 0;
        if ((z - most) * (z + most) / 2 > NEGLIGIBLE) continue;
        const slopes s = log_ei(z, 1);
        const double share = exp(s.value - top);
        sum += share;
        slope += share * s.by_sigma;
        if (d_gap) d_gap[j] = -share * s.by_mean;
    }
    for (size_t j = 0; j < count && d_gap; j++) d_gap[j] /= sum;
    if (d_gap) *d_sigma = slope / sum;
    return top + log(sum / (double)count);
}

double hpo_log_mean_ei(const double *gap, size_t count, double variance, double *d_gap, double *d_variance) {
    const bool certain = !(variance > LEAST_SIGMA * LEAST_SIGMA);
    const double sigma = certain ? LEAST_SIGMA : sqrt(variance);
    double most = gap[0], value, d_sigma = 0;
    for (size_t j = 1; j < count; j++) most = fmax(most, gap[j]);
    if (most / sigma > FAR) {
        const double mean = mean_improvement(gap, count, sigma, d_gap, &d_sigma);
        for (size_t j = 0; j < count && d_gap; j++) d_gap[j] /= mean;
        d_sigma /= mean;
        value = log(mean);
    } else {
        value = log_mean_tail(gap, count, sigma, most / sigma, d_gap, &d_sigma);
    }
    for (size_t j = 0; j < count && d_gap; j++) d_gap[j] /= sigma;
    if (d_gap) *d_variance = certain ? 0 : d_sigma / (2 * sigma * sigma);
    return value + log(sigma);
}

double hpo_log_feasible(double mean, double variance, double *d_mean, double *d_variance) {
    const bool certain = !(variance > LEAST_SIGMA * LEAST_SIGMA);
    const double sigma = certain ? LEAST_SIGMA : sqrt(variance), z = -mean / sigma;
    const double value = hpo_log_normal_cdf(z);
    if (d_mean) {
        const double hazard = exp(-z * z / 2 - LOG_SQRT_2PI - value); /* phi(z) / Phi(z) */
        *d_mean = -hazard / sigma;
        *d_variance = certain ? 0 : -hazard * z / (2 * sigma * sigma);
    }
    return value;
}

double hpo_acquisition_weigh(const hpo_acquisition *acquisition, double value, double log_prior, double log_cost) {
    const double weight = log_prior - log_cost;
    if (acquisition->kind == HPO_ACQUISITION_EI || acquisition->kind == HPO_ACQUISITION_PI) return value * exp(weight);
    return value + weight;
}
