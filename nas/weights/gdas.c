/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One operation drawn for each edge: X. Dong, Y. Yang, "Searching for a Robust Neural Architecture in Four GPU Hours",
 * CVPR 2019, eq. 3-5. Forward h = onehot(argmax p) with p = softmax((log softmax(a) + g) / tau) and Gumbel noise g,
 * backward the gradient of p: dL/da = J_p dL/dh. Only the drawn operation is computed.
 *
 * dL/dh of the operations that are not is nowhere in the paper. In the authors' code their h_k, which is 0, is added to
 * the edge as a number, so that dL/dh_k = sum of dL/dy over the edge's output: `unselected: scalar`. With `unselected:
 * zero` it is 0. log softmax(a) is a but for a constant, which a softmax does not see. */
#include "nas/softmax.h"
#include "nas/weights/tempered.h"

typedef struct gdas {
    nas_temperature temperature;
    int unselected;
} gdas;

enum { SCALAR, ZERO };
static const char *const unselected_names[] = {"scalar", "zero", NULL};

static void draw(const void *state, double progress, const double *alphas, const double *noise, size_t count,
                 double *weights) {
    size_t best = 0;
    (void)state, (void)progress;
    for (size_t k = 0; k < count; k++) {
        if (alphas[k] + noise[k] > alphas[best] + noise[best]) best = k;
        weights[k] = 0;
    }
    weights[best] = 1;
}

static void draw_back(const void *state, double progress, const double *alphas, const double *noise,
                      const double *weights, size_t count, const double *slopes, double *out) {
    (void)weights;
    nas_tempered_back(nas_temperature_at(&((const gdas *)state)->temperature, progress), alphas, noise, count, slopes,
                      out);
}

static bool scalars(const void *state) {
    return ((const gdas *)state)->unselected == SCALAR;
}

static const base_option options[] = {
    NAS_TEMPERATURE_OPTIONS(gdas, "10", "0.1"),
    {.name = "unselected",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gdas, unselected),
     .fallback = "scalar",
     .choices = unselected_names,
     .help = "slope of the weight of what is not drawn: the sum of its edge's, as in the authors' code, or 0"},
    BASE_OPTIONS_END,
};

const nas_edge_weights nas_edge_weights_gdas = {
    .name = "gdas",
    .summary = "one operation drawn for each edge, the only one that is computed (GDAS)",
    .options = options,
    .state_size = sizeof(gdas),
    .learned = true,
    .single_path = true,
    .mean = nas_softmax_mean,
    .mean_back = nas_softmax_mean_back,
    .noise = nas_gumbel_noise,
    .draw = draw,
    .draw_back = draw_back,
    .scalars = scalars,
};
