/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RMSProp: s = rho s + (1 - rho) g^2, w -= rate g / (sqrt(s) + epsilon).
 *
 * T. Tieleman, G. Hinton, "Lecture 6.5: RMSProp", COURSERA 2012; not centred, without momentum, epsilon outside the
 * root (PyTorch's defaults). */
#include "engine/optim/optimizer.h"

static void prepare(const eng_optimizer_config *config, double rate, uint64_t t, eng_update *u) {
    (void)t;
    u->rate = (float)rate;
    u->beta2 = (float)config->rho;
    u->epsilon = (float)config->epsilon;
}

static eng_update_fn *kernel(const eng_kernels *kernels) {
    return kernels->rmsprop;
}

static const char *const settings[] = {"rho", "epsilon", NULL};

const eng_optimizer_type eng_optimizer_rmsprop = {
    .name = "rmsprop",
    .summary = "rates divided by a running root mean square of the gradients",
    .defaults = {.rho = 0.99, .epsilon = 1e-8},
    .settings = settings,
    .slots = 1,
    .slot_names = {"mean-square"},
    .prepare = prepare,
    .kernel = kernel,
};
