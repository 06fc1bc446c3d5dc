/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adam and AdamW.
 *
 *   m = beta1 m + (1 - beta1) g,   s = beta2 s + (1 - beta2) g^2
 *   w -= rate / (1 - beta1^t) m / (sqrt(s / (1 - beta2^t)) + epsilon)
 *
 * D. P. Kingma, J. Ba, "Adam", ICLR 2015, algorithm 1. AdamW: I. Loshchilov, F. Hutter, "Decoupled Weight Decay
 * Regularization", ICLR 2019, algorithm 2, with the decay multiplied by the rate as PyTorch does: w *= 1 - rate lambda.
 */
#include <math.h>

#include "engine/optim/optimizer.h"

static void prepare(const eng_optimizer_config *config, double rate, uint64_t t, eng_update *u) {
    u->rate = (float)(rate / (1.0 - pow(config->beta1, (double)t)));
    u->beta1 = (float)config->beta1;
    u->beta2 = (float)config->beta2;
    u->epsilon = (float)config->epsilon;
    u->correction = (float)(1.0 / sqrt(1.0 - pow(config->beta2, (double)t)));
}

static eng_update_fn *kernel(const eng_kernels *kernels) {
    return kernels->adam;
}

static const char *const settings[] = {"beta1", "beta2", "epsilon", NULL};

const eng_optimizer_type eng_optimizer_adam = {
    .name = "adam",
    .summary = "moments of first and second order, corrected for their start",
    .defaults = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
    .settings = settings,
    .slots = 2,
    .slot_names = {"first-moment", "second-moment"},
    .prepare = prepare,
    .kernel = kernel,
};

const eng_optimizer_type eng_optimizer_adamw = {
    .name = "adamw",
    .summary = "adam with decoupled weight decay",
    .defaults = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01},
    .settings = settings,
    .slots = 2,
    .slot_names = {"first-moment", "second-moment"},
    .decoupled = true,
    .prepare = prepare,
    .kernel = kernel,
};
