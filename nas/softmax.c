/* SPDX-License-Identifier: GPL-3.0-or-later */
/* y_k = exp(x_k) / sum_j exp(x_j), made safe by the largest x; dx_k = y_k (dy_k - <y, dy>). */
#include "nas/softmax.h"

#include <math.h>

void nas_softmax(const double *x, size_t count, double *y) {
    double most = x[0], sum = 0;
    for (size_t k = 1; k < count; k++) most = fmax(most, x[k]);
    for (size_t k = 0; k < count; k++) sum += y[k] = exp(x[k] - most);
    for (size_t k = 0; k < count; k++) y[k] /= sum;
}

void nas_softmax_back(const double *y, size_t count, double scale, const double *slopes, double *out) {
    double inner = 0;
    for (size_t k = 0; k < count; k++) inner += y[k] * slopes[k];
    for (size_t k = 0; k < count; k++) out[k] += scale * y[k] * (slopes[k] - inner);
}

void nas_softmax_mean(const void *state, const double *alphas, size_t count, double *weights) {
    (void)state;
    nas_softmax(alphas, count, weights);
}

void nas_softmax_mean_back(const void *state, const double *alphas, const double *weights, size_t count,
                           const double *slopes, double *out) {
    (void)state, (void)alphas;
    nas_softmax_back(weights, count, 1, slopes, out);
}
