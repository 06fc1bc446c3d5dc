/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gumbel noise and its softmax with a temperature: E. Jang, S. Gu, B. Poole, "Categorical Reparameterization with
 * Gumbel-Softmax", ICLR 2017, eq. 1-2. */
#include "nas/weights/tempered.h"

#include <math.h>

#include "nas/softmax.h"

double nas_temperature_at(const nas_temperature *t, double progress) {
    return t->tau_start + (t->tau_end - t->tau_start) * progress;
}

/* U is a multiple of 2^-53 that may be 0, which would be an infinite number: half of the next one stands for it. */
void nas_gumbel_noise(const void *state, const double *alphas, size_t count, base_rng *rng, double *noise) {
    (void)state, (void)alphas;
    for (size_t k = 0; k < count; k++) noise[k] = -log(-log1p(-fmax(base_rng_uniform(rng), 0x1p-54)));
}

void nas_tempered_softmax(double tau, const double *alphas, const double *noise, size_t count, double *weights) {
    for (size_t k = 0; k < count; k++) weights[k] = (alphas[k] + noise[k]) / tau;
    nas_softmax(weights, count, weights);
}

void nas_tempered_back(double tau, const double *alphas, const double *noise, size_t count, const double *slopes,
                       double *out) {
    double most = alphas[0] + noise[0], sum = 0, inner = 0;
    for (size_t k = 1; k < count; k++) most = fmax(most, alphas[k] + noise[k]);
    for (size_t k = 0; k < count; k++) {
        const double p = exp((alphas[k] + noise[k] - most) / tau);
        sum += p;
        inner += p * slopes[k];
    }
    for (size_t k = 0; k < count; k++)
        out[k] += exp((alphas[k] + noise[k] - most) / tau) / sum * (slopes[k] - inner / sum) / tau;
}
