/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every operation for itself: w_k = sigma(a_k), so that operations do not compete, and a penalty that drives each
 * weight to 0 or 1: X. Chu, T. Zhou, B. Zhang, J. Li, "Fair DARTS: Eliminating Unfair Advantages in Differentiable
 * Architecture Search", ECCV 2020, eq. 5-7:
 *
 *     L2: -c mean (sigma(a) - 0.5)^2        L1: -c mean |sigma(a) - 0.5|        over all alphas, c = 10.
 *
 * As in the authors' code the alphas' step alone has the penalty. */
#include <math.h>

#include "nas/edge_weights.h"

typedef struct sigmoid {
    int regularizer;
    double regularizer_weight;
} sigmoid;

enum { NOTHING, L1, L2 };
static const char *const regularizers[] = {"none", "l1", "l2", NULL};

static double sigma(double x) {
    return 1 / (1 + exp(-x));
}

static void mean(const void *state, const double *alphas, size_t count, double *weights) {
    (void)state;
    for (size_t k = 0; k < count; k++) weights[k] = sigma(alphas[k]);
}

static void mean_back(const void *state, const double *alphas, const double *weights, size_t count,
                      const double *slopes, double *out) {
    (void)state, (void)alphas;
    for (size_t k = 0; k < count; k++) out[k] += weights[k] * (1 - weights[k]) * slopes[k];
}

/* What a weight adds to the mean, and the derivative of that by it. At 0.5, where |.| has none, it is 0. */
static double distance(int regularizer, double weight, double *slope) {
    const double off = weight - .5;
    *slope = regularizer == L2 ? 2 * off : (double)((off > 0) - (off < 0));
    return regularizer == L2 ? off * off : fabs(off);
}

static double penalty(const void *state, const nas_space *space, const double *const *alphas, double *const *gradient) {
    const sigmoid *s = state;
    const double each = -s->regularizer_weight / (double)nas_space_weights(space);
    double sum = 0, slope;
    if (s->regularizer == NOTHING) return 0;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t k = 0; k < space->cells[t].weights; k++) {
            const double weight = sigma(alphas[t][k]);
            sum += each * distance(s->regularizer, weight, &slope);
            gradient[t][k] += each * slope * weight * (1 - weight);
        }
    return sum;
}

static const base_option options[] = {
    {.name = "regularizer",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(sigmoid, regularizer),
     .fallback = "l2",
     .choices = regularizers,
     .help = "what drives the weights away from 0.5"},
    {.name = "regularizer_weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(sigmoid, regularizer_weight),
     .fallback = "10",
     .min = 0,
     .max = (double)INFINITY,
     .help = "its factor"},
    BASE_OPTIONS_END,
};

const nas_edge_weights nas_edge_weights_sigmoid = {
    .name = "sigmoid",
    .summary = "every operation for itself, weighted by a sigmoid of its alpha (FairDARTS)",
    .options = options,
    .state_size = sizeof(sigmoid),
    .learned = true,
    .independent = true,
    .mean = mean,
    .mean_back = mean_back,
    .penalty = penalty,
};
