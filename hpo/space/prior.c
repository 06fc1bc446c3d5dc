/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing one value from the base measure or from the user's belief, and the density of the belief.
 *
 * A belief about a number is a normal N(c, s^2) on the unit coordinate, truncated to [0,1]:
 *   p(u) = phi((u - c)/s) / (s (Phi((1 - c)/s) - Phi(-c/s))),   c = to_unit(center), s = deviation
 * as in PriorBand (Mallik et al., NeurIPS 2023), where the deviation is a fraction of the range. Unlike there, a
 * stepped parameter's density is the mean of p over the level's bin, so that density times bin width is exactly the
 * probability of drawing the level. A belief about choices gives weight w to the preferred one and 1 to each other.
 *
 * Since c lies in [0,1], the lower truncation point is never above the mean: Phi of it is taken as a lower tail and
 * 1 - Phi of the upper one as an upper tail, so neither loses digits. */
#include "hpo/space/space_impl.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

static const double LN_SQRT_2PI = 0.91893853320467274178;

/* Tails that truncation cuts off, and the mass that is left. */
typedef struct truncation {
    double center, deviation, lower, upper, mass;
} truncation;

static truncation truncation_of(const hpo_param *param) {
    truncation t = {.center = hpo_param_to_unit(param, param->prior.center), .deviation = param->prior.deviation};
    t.lower = gsl_cdf_ugaussian_P(-t.center / t.deviation);
    t.upper = gsl_cdf_ugaussian_Q((1 - t.center) / t.deviation);
    t.mass = 1 - t.lower - t.upper;
    return t;
}

static double draw_truncated_normal(const truncation *t, double v) {
    double below = t->lower + v * t->mass;
    double z = below < 0.5 ? gsl_cdf_ugaussian_Pinv(below) : gsl_cdf_ugaussian_Qinv(t->upper + (1 - v) * t->mass);
    return t->center + t->deviation * z;
}

static double draw_weighted(const double *weights, size_t count, double v) {
    double sum = 0;
    size_t last = 0;
    for (size_t k = 0; k < count; k++) {
        if (weights[k] <= 0) continue; /* else v beyond a sum that rounds below 1 would draw what is never drawn */
        sum += weights[k];
        last = k;
        if (v < sum) break;
    }
    return (double)last;
}

double hpo_param_quantile(const hpo_param *param, double v) {
    return param->probabilities ? draw_weighted(param->probabilities, param->n_choices, v)
                                : hpo_param_from_unit(param, v);
}

double hpo_param_draw(const hpo_param *param, base_rng *rng) {
    return hpo_param_quantile(param, base_rng_uniform(rng));
}

double hpo_param_prior_share(const hpo_param *param, double unit) {
    const truncation t = truncation_of(param);
    const double share = (gsl_cdf_ugaussian_P((unit - t.center) / t.deviation) - t.lower) / t.mass;
    return fmin(fmax(share, 0), 1);
}

double hpo_param_prior_unit(const hpo_param *param, double share) {
    const truncation t = truncation_of(param);
    return draw_truncated_normal(&t, share);
}

double hpo_param_draw_prior(const hpo_param *param, base_rng *rng) {
    const hpo_prior *prior = &param->prior;
    if (!prior->given) return hpo_param_draw(param, rng);
    double v = base_rng_uniform(rng);
    if (hpo_param_is_number(param)) {
        truncation t = truncation_of(param);
        return hpo_param_from_unit(param, draw_truncated_normal(&t, v));
    }
    /* The preferred choice owns [0, w), the others one unit each, in their order. */
    double total = prior->weight + (double)param->n_choices - 1;
    double x = v * total - prior->weight;
    if (x < 0) return prior->center;
    double k = fmin(floor(x), (double)param->n_choices - 2);
    return k < prior->center ? k : k + 1;
}

static double log_density_at(const truncation *t, double unit) {
    double z = (unit - t->center) / t->deviation;
    return -z * z / 2 - LN_SQRT_2PI - log(t->deviation) - log(t->mass);
}

static double log_density_of_bin(const truncation *t, double low, double high) {
    double a = (low - t->center) / t->deviation, b = (high - t->center) / t->deviation;
    /* A difference of nearly equal numbers has no digits left; the midpoint rule is exact to (b - a)^2 / 24 there. */
    if (b - a < 1e-5) return log_density_at(t, (low + high) / 2);
    double mass =
        a > 0 ? gsl_cdf_ugaussian_Q(a) - gsl_cdf_ugaussian_Q(b) : gsl_cdf_ugaussian_P(b) - gsl_cdf_ugaussian_P(a);
    return log(mass / (high - low)) - log(t->mass);
}

double hpo_param_log_prior(const hpo_param *param, double value) {
    const hpo_prior *prior = &param->prior;
    if (!prior->given || isnan(value)) return 0;
    if (!hpo_param_is_number(param)) {
        double n = (double)param->n_choices, weight = value == prior->center ? prior->weight : 1;
        return log(n * weight / (prior->weight + n - 1));
    }
    truncation t = truncation_of(param);
    if (param->step <= 0) return log_density_at(&t, hpo_param_to_unit(param, value));
    double low, high;
    hpo_param_bin(param, value, &low, &high);
    return log_density_of_bin(&t, low, high);
}

double hpo_space_log_prior(const hpo_space *space, const double *config) {
    double sum = 0;
    for (size_t i = 0; i < space->count; i++) sum += hpo_param_log_prior(&space->params[i], config[i]);
    return sum;
}
