/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Truncated normals on [0,1].
 *
 * The mean lies inside, so the lower cut is never above it and the upper one never below: each is taken as a tail of
 * its own side, and neither loses digits. */
#include "hpo/models/truncated_normal.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

static const double SQRT_1_2 = 0.70710678118654752440;

double hpo_normal_mass(double a, double b) {
    if (a > 0) return (erfc(a * SQRT_1_2) - erfc(b * SQRT_1_2)) / 2;
    if (b < 0) return (erfc(-b * SQRT_1_2) - erfc(-a * SQRT_1_2)) / 2;
    return (erf(b * SQRT_1_2) - erf(a * SQRT_1_2)) / 2;
}

/* erfc(6) is below half a unit in the last place of 1. */
static double tail(double distance) {
    return distance < 6 ? erfc(distance) / 2 : 0;
}

double hpo_truncated_normal_mass(double mean, double deviation) {
    const double scale = SQRT_1_2 / deviation;
    return 1 - tail(mean * scale) - tail((1 - mean) * scale);
}

double hpo_truncated_normal_quantile(double mean, double deviation, double v) {
    const double scale = SQRT_1_2 / deviation, lower = erfc(mean * scale) / 2, upper = erfc((1 - mean) * scale) / 2;
    const double mass = 1 - lower - upper, below = lower + v * mass;
    const double z = below < 0.5 ? gsl_cdf_ugaussian_Pinv(below) : gsl_cdf_ugaussian_Qinv(upper + (1 - v) * mass);
    const double x = mean + deviation * z;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}
