/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The studentized range with infinite degrees of freedom: the range of k independent standard normal numbers.
 *
 *   P(range <= q) = k * integral of phi(z) (Phi(z) - Phi(z - q))^(k-1) dz
 *
 * (z: the largest of them; H. A. David, H. N. Nagaraja, "Order Statistics", Wiley 2003, section 2.3). As
 * 1 = k * integral of phi Phi^(k-1), the tail is k * integral of phi Phi^(k-1) (1 - (1 - Phi(z - q) / Phi(z))^(k-1)),
 * in which nothing cancels. The integrand is analytic and vanishes at both ends, so that the trapezoidal rule converges
 * faster than any power of its step. */
#include <math.h>

#include "base/status.h"
#include "benchmarks/stats/many_methods.h"

#define STEP 0x1p-5
#define FAR  37 /* standard deviations: phi vanishes beyond */

static double phi(double z) {
    return exp(-z * z / 2) / sqrt(2 * acos(-1));
}

static double normal_below(double z) {
    return erfc(-z / sqrt(2)) / 2;
}

static double integrand(double z, double q, double others) {
    const double all = normal_below(z), below = normal_below(z - q);
    if (!(all > 0)) return 0;
    return phi(z) * pow(all, others) * -expm1(others * log1p(-fmin(1, below / all)));
}

double bench_range_tail(double q, size_t methods) {
    BASE_ASSERT(q >= 0 && methods >= 2);
    const double others = (double)(methods - 1);
    const int steps = (int)(FAR / STEP);
    double sum = 0;
    for (int i = -steps; i <= steps; i++) sum += integrand(i * STEP, q, others);
    return fmin(1, (others + 1) * STEP * sum);
}

double bench_range_quantile(double alpha, size_t methods) {
    BASE_ASSERT(alpha > 0 && alpha < 1);
    double low = 0, high = 1;
    while (bench_range_tail(high, methods) > alpha) high *= 2;
    for (;;) { /* until no number lies between them */
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) return high;
        if (bench_range_tail(middle, methods) > alpha)
            low = middle;
        else
            high = middle;
    }
}
