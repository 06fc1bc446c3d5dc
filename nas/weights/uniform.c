/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A random network of the space in every step, every one equally likely: L. Li, A. Talwalkar, "Random Search and
 * Reproducibility for Neural Architecture Search", UAI 2019, section 3.2. The operations of all others are not
 * computed, so a step costs what one network costs. There is nothing to learn besides the shared weights. */
#include "nas/edge_weights.h"

static void mean(const void *state, const double *alphas, size_t count, double *weights) {
    (void)state, (void)alphas;
    for (size_t k = 0; k < count; k++) weights[k] = 1 / (double)count;
}

static void network(const void *state, const nas_space *space, base_rng *rng, double *const *weights) {
    (void)state;
    base_arena *arena = base_arena_create();
    nas_genotype_weights(nas_genotype_random(space, rng, arena), weights);
    base_arena_destroy(arena);
}

const nas_edge_weights nas_edge_weights_uniform = {
    .name = "uniform",
    .summary = "a random network of the space in every step (random search with weight sharing)",
    .single_path = true,
    .mean = mean,
    .network = network,
};
