/* SPDX-License-Identifier: GPL-3.0-or-later */
/* softmax((a + g) / tau) with Gumbel noise g, whose largest element is k with probability softmax(a)_k: what SNAS and
 * GDAS share. */
#ifndef NAS_WEIGHTS_TEMPERED_H
#define NAS_WEIGHTS_TEMPERED_H

#include "nas/edge_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_temperature {
    double tau_start, tau_end;
} nas_temperature;

/* tau_start in the first epoch, tau_end in the last, linear between. */
double nas_temperature_at(const nas_temperature *temperature, double progress);
/* Independent standard Gumbel numbers, -log(-log U). */
void nas_gumbel_noise(const void *state, const double *alphas, size_t count, base_rng *rng, double *noise);
void nas_tempered_softmax(double tau, const double *alphas, const double *noise, size_t count, double *weights);
/* Its gradient by the alphas is added to out, without the weights: a rule may have handed out others. */
void nas_tempered_back(double tau, const double *alphas, const double *noise, size_t count, const double *slopes,
                       double *out);

/* Two lines of the option table of a state with a field `temperature`. */
#define NAS_TEMPERATURE_OPTION(type, field, value, text)                                                               \
    {                                                                                                                  \
        .name = #field, .kind = BASE_OPTION_REAL, .offset = offsetof(type, temperature.field), .fallback = (value),    \
        .open_min = true, .max = -1, .help = (text)                                                                    \
    }
#define NAS_TEMPERATURE_OPTIONS(type, start, end)                                                                      \
    NAS_TEMPERATURE_OPTION(type, tau_start, start, "temperature in the first epoch"),                                  \
        NAS_TEMPERATURE_OPTION(type, tau_end, end, "temperature in the last epoch; linear between")

#ifdef __cplusplus
}
#endif
#endif
