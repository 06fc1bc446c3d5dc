/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stochastic gradient descent, with momentum, and with Nesterov's momentum.
 *
 *   sgd:       w -= rate g
 *   momentum:  m = mu m + g,  w -= rate m
 *   nesterov:  m = mu m + g,  w -= rate (g + mu m)
 *
 * The rate stands outside the velocity, as in PyTorch (not as in Sutskever et al., ICML 2013), so a schedule acts on
 * the whole step at once; no dampening. */
#include "engine/optim/optimizer.h"

static void prepare(const eng_optimizer_config *config, double rate, uint64_t t, eng_update *u) {
    (void)t;
    u->rate = (float)rate;
    u->beta1 = (float)config->momentum;
}

static eng_update_fn *sgd_kernel(const eng_kernels *kernels) {
    return kernels->sgd;
}

static eng_update_fn *momentum_kernel(const eng_kernels *kernels) {
    return kernels->momentum;
}

static eng_update_fn *nesterov_kernel(const eng_kernels *kernels) {
    return kernels->nesterov;
}

static const char *const no_settings[] = {NULL};
static const char *const momentum_settings[] = {"momentum", NULL};

const eng_optimizer_type eng_optimizer_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent",
    .settings = no_settings,
    .prepare = prepare,
    .kernel = sgd_kernel,
};

const eng_optimizer_type eng_optimizer_momentum = {
    .name = "momentum",
    .summary = "gradient descent with momentum",
    .defaults = {.momentum = 0.9},
    .settings = momentum_settings,
    .slots = 1,
    .slot_names = {"momentum"},
    .prepare = prepare,
    .kernel = momentum_kernel,
};

const eng_optimizer_type eng_optimizer_nesterov = {
    .name = "nesterov",
    .summary = "gradient descent with Nesterov's momentum",
    .defaults = {.momentum = 0.9},
    .settings = momentum_settings,
    .slots = 1,
    .slot_names = {"momentum"},
    .prepare = prepare,
    .kernel = nesterov_kernel,
};
