/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Latin hypercube sampling: blocks of N points that fall into N different slices of every dimension.
 *
 * M. D. McKay, R. J. Beckman, W. J. Conover, "A Comparison of Three Methods for Selecting Values of Input Variables in
 * the Analysis of Output from a Computer Code", Technometrics 21 (1979), section 2: with a random permutation pi_j of
 * 0 .. N - 1 for each dimension j, point i has coordinate (pi_j(i) + v) / N, v uniform. Trial t is point t mod N of
 * block t / N; every block has permutations of its own, so a study of any length is covered.
 *
 * A coordinate is a quantile of the base measure: of N points, a choice of probability p gets p N up to two. A point
 * that is forbidden is drawn again within its cell (which keeps the slices), and in the end anywhere; where the
 * configuration was tried already (finite spaces) the study asks again, and the answer is an independent draw. */
#include "hpo/samplers/sampler.h"

#include <stdlib.h>

enum { MAX_REDRAWS = 100 };
static const uint64_t NO_BLOCK = UINT64_MAX;

typedef struct lhs_state {
    int64_t points;
    const hpo_space *space;
    uint64_t seed;
    uint64_t block;  /* whose permutations are kept */
    uint32_t *slice; /* dims x points */
} lhs_state;

static const base_option lhs_options[] = {
    {.name = "points",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(lhs_state, points),
     .fallback = "16",
     .min = 2,
     .max = 10000,
     .help = "points of a block, and slices of every dimension; best: the number of trials"},
    BASE_OPTIONS_END,
};

static base_status lhs_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    lhs_state *state = self;
    state->space = env->space;
    state->seed = env->seed;
    state->block = NO_BLOCK;
    state->slice = base_calloc(hpo_space_dims(env->space) * (size_t)state->points + 1, sizeof *state->slice);
    return BASE_OK;
}

static void lhs_fini(void *self) {
    free(((lhs_state *)self)->slice);
}

static void permute_block(lhs_state *state, uint64_t block) {
    const size_t points = (size_t)state->points;
    for (size_t dim = 0; dim < hpo_space_dims(state->space); dim++) {
        base_rng rng = base_rng_stream(state->seed, BASE_RNG_SHUFFLE, (uint32_t)block, (uint32_t)dim);
        uint32_t *slice = state->slice + dim * points;
        for (size_t i = 0; i < points; i++) slice[i] = (uint32_t)i;
        base_rng_shuffle_u32(&rng, slice, points);
    }
    state->block = block;
}

static base_status lhs_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                           base_err *err) {
    (void)view;
    lhs_state *state = self;
    const hpo_space *space = state->space;
    const size_t points = (size_t)state->points;
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    if (request->attempt == 0) {
        const uint64_t block = request->trial / points;
        if (block != state->block) permute_block(state, block);
        *origin = "lhs";
        for (int n = 0; n < MAX_REDRAWS; n++) {
            for (size_t dim = 0; dim < hpo_space_dims(space); dim++) {
                const double slice = state->slice[dim * points + request->trial % points];
                const size_t param = hpo_space_dim_param(space, dim);
                config[param] = hpo_param_quantile(hpo_space_param(space, param),
                                                   (slice + base_rng_uniform(&rng)) / (double)points);
            }
            hpo_space_activate(space, config);
            if (hpo_space_allowed(space, config)) return BASE_OK;
        }
    }
    *origin = "random";
    return hpo_space_sample(space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_lhs = {
    .name = "lhs",
    .summary = "latin hypercube: blocks of points that are even in every dimension",
    .options = lhs_options,
    .flags = HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(lhs_state),
    .init = lhs_init,
    .ask = lhs_ask,
    .fini = lhs_fini,
};
