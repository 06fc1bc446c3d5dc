/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The logarithmic target of SMAC's hyperparameter facade, and its expected improvement.
 *
 * F. Hutter, H. H. Hoos, K. Leyton-Brown, K. Murphy, "An Experimental Investigation of Model-Based Parameter
 * Optimization: SPO and Beyond", GECCO 2009, equation 2: with v = (f* - mu)/s,
 *     E = e^f* Phi(v) - e^(s^2/2 + mu) Phi(v - s).
 * Its logarithm is wanted, because far from the best E underflows and candidates could not be compared. The exponents
 * differ by f* - mu = s v, and e^(s^2/2 - s v) = phi(v - s)/phi(v), so with Phi = phi M (M: Mills' ratio)
 *     log E = f* + log phi(v) + log(M(v) - M(v - s)),
 * which is taken as a difference of logarithms near the centre, from the asymptotic series of M in the lower tail, and
 * for small s, where the difference cancels, as s times its derivative: plain log EI on the scale of the target (the
 * relative error is about s).
 *
 * Different: the 1e-10 is relative to the best loss where that is large, since 1e6 - 1e-10 is 1e6. */
#include "hpo/models/log_target.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/acquisition.h"

static const double PERCENTILE = 0.05, SHIFT = 1e-10, LEAST_VARIANCE = 1e-20;
static const double SMALL_SIGMA = 1e-5, TAIL = 20, LOG_SQRT_2PI = 0.91893853320467274178;

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between order statistics, as NumPy's. */
static double percentile(const double *sorted, size_t n, double share) {
    const double at = share * (double)(n - 1), below = floor(at);
    const size_t k = (size_t)below;
    return k + 1 < n ? sorted[k] + (at - below) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

bool hpo_log_targets(const double *losses, size_t n, double *targets) {
    double *sorted = base_calloc(n, sizeof *sorted);
    size_t finite = 0;
    for (size_t i = 0; i < n; i++) {
        targets[i] = 0;
        if (isfinite(losses[i])) sorted[finite++] = losses[i];
    }
    if (finite > 0) {
        qsort(sorted, finite, sizeof *sorted, compare_doubles);
        /* An eighth of everything: a range of 2e308 does not overflow. */
        const double scale = fmax(-sorted[0], sorted[finite - 1]) > DBL_MAX / 8 ? 0.125 : 1;
        const double least = scale * sorted[0], most = scale * sorted[finite - 1];
        const double fifth = scale * percentile(sorted, finite, PERCENTILE);
        const double shift = SHIFT * fmax(1, fabs(least));
        const double floor_distance = fifth - least + shift; /* min - m */
        const double range = most - least + floor_distance;
        for (size_t i = 0; i < n; i++) {
            if (isfinite(losses[i])) targets[i] = log((scale * losses[i] - least + floor_distance) / range);
        }
    }
    free(sorted);
    return finite > 0;
}

/* M(-x) - M(-x - s) for x > 0 in the lower tail: M(-x) = 1/x - 1/x^3 + 3/x^5 - 15/x^7 ..., term by term without
 * cancellation: p - q = s p q for p = 1/x, q = 1/(x + s). */
static double mills_difference(double x, double s) {
    const double p = 1 / x, q = 1 / (x + s);
    const double p2 = p * p, q2 = q * q, pq = p * q;
    const double cubes = p2 + pq + q2, fifths = p2 * p2 + p2 * pq + pq * pq + pq * q2 + q2 * q2;
    const double sevenths =
        p2 * p2 * p2 + p2 * p2 * pq + p2 * pq * pq + pq * pq * pq + pq * pq * q2 + pq * q2 * q2 + q2 * q2 * q2;
    return s * pq * (1 - cubes + 3 * fifths - 15 * sevenths);
}

double hpo_log_target_log_ei(double best, double mean, double variance) {
    const double s = sqrt(variance > LEAST_VARIANCE ? variance : LEAST_VARIANCE), v = (best - mean) / s;
    if (s < SMALL_SIGMA && v < 1) return best + log(s) + hpo_log_improvement(v);
    if (v < -TAIL) return best - v * v / 2 - LOG_SQRT_2PI + log(mills_difference(-v, s));
    const double log_cdf = hpo_log_normal_cdf(v);
    const double difference = s * s / 2 - s * v + hpo_log_normal_cdf(v - s) - log_cdf;
    return best + log_cdf + log(-expm1(difference));
}
