/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relaxed draws of the operations: w = softmax((a + g) / tau) with Gumbel noise g, one draw for each edge and pass, and
 * the gradient through the draw: S. Xie, H. Zheng, C. Liu, L. Lin, "SNAS: Stochastic Neural Architecture Search", ICLR
 * 2019, eq. 5-7. The paper anneals tau towards 0 without saying how; 1 to 0.33 are the numbers of confopt. */
#include "nas/softmax.h"
#include "nas/weights/tempered.h"

typedef struct gumbel {
    nas_temperature temperature;
} gumbel;

static double tau_of(const void *state, double progress) {
    return nas_temperature_at(&((const gumbel *)state)->temperature, progress);
}

static void draw(const void *state, double progress, const double *alphas, const double *noise, size_t count,
                 double *weights) {
    nas_tempered_softmax(tau_of(state, progress), alphas, noise, count, weights);
}

static void draw_back(const void *state, double progress, const double *alphas, const double *noise,
                      const double *weights, size_t count, const double *slopes, double *out) {
    (void)weights;
    nas_tempered_back(tau_of(state, progress), alphas, noise, count, slopes, out);
}

static const base_option options[] = {
    NAS_TEMPERATURE_OPTIONS(gumbel, "1", "0.33"),
    BASE_OPTIONS_END,
};

const nas_edge_weights nas_edge_weights_gumbel = {
    .name = "gumbel",
    .summary = "a softmax of the alphas with Gumbel noise, ever colder (SNAS)",
    .options = options,
    .state_size = sizeof(gumbel),
    .learned = true,
    .mean = nas_softmax_mean,
    .mean_back = nas_softmax_mean_back,
    .noise = nas_gumbel_noise,
    .draw = draw,
    .draw_back = draw_back,
};
