/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AdaGrad: s += g^2, w -= rate g / (sqrt(s) + epsilon).
 *
 * J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods", JMLR 12 (2011), the diagonal form; epsilon outside the
 * root and the sum started at zero, as in PyTorch. */
#include "engine/optim/optimizer.h"

static void prepare(const eng_optimizer_config *config, double rate, uint64_t t, eng_update *u) {
    (void)t;
    u->rate = (float)rate;
    u->epsilon = (float)config->epsilon;
}

static eng_update_fn *kernel(const eng_kernels *kernels) {
    return kernels->adagrad;
}

static const char *const settings[] = {"epsilon", NULL};

const eng_optimizer_type eng_optimizer_adagrad = {
    .name = "adagrad",
    .summary = "rates that shrink with the sum of squared gradients",
    .defaults = {.epsilon = 1e-10},
    .settings = settings,
    .slots = 1,
    .slot_names = {"sum"},
    .prepare = prepare,
    .kernel = kernel,
};
