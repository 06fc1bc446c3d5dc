/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standardization that survives heavy tails.
 *
 * A search for the minimum needs the shape of the good half; a few losses of 1e6 would make a standard deviation that
 * flattens it. With the median m and s = m - (lower quartile), y <= m + s is left alone and above it y becomes
 * m + s (1 + ln(1 + (y - m - s)/s)), which continues with the same slope: the idea of the output warping of Google
 * Vizier's GP bandit (X. Song et al., arXiv:2408.11527, section 4.1), but analytic, and the good half is not touched.
 * Losses are scaled by their range before and after, so that nothing near the largest double overflows. */
#include "hpo/models/transform.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median and its distance to the lower quartile; when they are equal, to the best, then to the worst. */
static double spread(double *sorted, size_t n, double *median) {
    qsort(sorted, n, sizeof *sorted, by_value);
    *median = sorted[n / 2];
    const double quartile = *median - sorted[n / 4], best = *median - sorted[0];
    return quartile > 0 ? quartile : best > 0 ? best : sorted[n - 1] - *median;
}

static void compress(double *y, size_t n) {
    double *sorted = base_malloc(n * sizeof *sorted), median;
    for (size_t i = 0; i < n; i++) sorted[i] = y[i];
    const double s = spread(sorted, n, &median);
    free(sorted);
    if (!(s > 0)) return;
    for (size_t i = 0; i < n; i++) {
        const double excess = (y[i] - median) / s - 1;
        if (excess > 0) y[i] = median + s * (1 + log1p(excess));
    }
}

/* To [0, 1]: neither differences nor their squares can overflow or vanish afterwards. False: all are equal. */
static bool scale(double *y, size_t n) {
    double low = y[0], high = y[0];
    for (size_t i = 1; i < n; i++) {
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    const double half = high / 2 - low / 2;
    for (size_t i = 0; i < n; i++) y[i] = half > 0 ? (y[i] / 2 - low / 2) / half : 0;
    return half > 0;
}

static void standardize(double *y, size_t n) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++) square += (y[i] - mean) * (y[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++) y[i] = (y[i] - mean) / sqrt(square);
}

void hpo_transform_losses(const double *loss, size_t n, double *y) {
    double worst = (double)-INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(loss[i])) worst = fmax(worst, loss[i]);
    }
    for (size_t i = 0; i < n; i++) y[i] = isfinite(loss[i]) ? loss[i] : isfinite(worst) ? worst : 0;
    if (n == 0 || !scale(y, n)) return;
    compress(y, n);
    scale(y, n); /* again: one loss of 1e300 leaves 1e-300 for the others */
    standardize(y, n);
}
