/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grid search: every combination of a few values per parameter, each once.
 *
 * Choices and short ranges of integers contribute all their values, longer ranges and continua `points` values equally
 * spaced in the unit cube (so evenly on the parameter's scale, end points included). Combinations that differ only in
 * inactive parameters are one: the one whose inactive digits are zero. Forbidden ones are skipped.
 *
 * The order is a pseudo-random permutation by default, so that a run that ends early has looked everywhere; without
 * `shuffle` the last parameter varies fastest. The permutation is a Feistel network over the index with cycle walking
 * (J. Black, P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002): it needs no memory, whatever the size.
 * Trial n takes the n-th combination that counts; the cursor only saves counting again. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>

enum { FEISTEL_ROUNDS = 6 };
#define MAX_SIZE 0x1p62

typedef struct grid_axis {
    size_t param;
    const double *values; /* distinct, increasing */
    uint64_t count;
} grid_axis;

typedef struct grid_state {
    int64_t points;
    bool shuffle;
    const hpo_space *space;
    base_arena *arena;
    grid_axis *axes; /* hpo_space_dims */
    uint64_t size;
    unsigned half_bits; /* of the Feistel network */
    uint32_t key[2];
    uint64_t next_trial, next_position; /* the cursor */
} grid_state;

static const base_option grid_options[] = {
    {.name = "points",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(grid_state, points),
     .fallback = "5",
     .min = 1,
     .max = 1e6,
     .help = "values of each numeric parameter"},
    {.name = "shuffle",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(grid_state, shuffle),
     .fallback = "true",
     .help = "visit the grid in a random order (fixed by the seed)"},
    BASE_OPTIONS_END,
};

/* Value k of `count`: of all levels when there are no more than that, else equally spaced in the unit cube. */
static double axis_value(const hpo_param *param, uint64_t levels, uint64_t k, uint64_t count) {
    if (param->kind != HPO_INT && param->kind != HPO_FLOAT) return (double)k;
    if (levels == count) {
        return hpo_param_from_unit(param, hpo_param_to_unit(param, param->min + (double)k * param->step));
    }
    return hpo_param_from_unit(param, count == 1 ? 0.5 : (double)k / (double)(count - 1));
}

static grid_axis make_axis(const grid_state *state, size_t param_index) {
    const hpo_param *param = hpo_space_param(state->space, param_index);
    const bool number = param->kind == HPO_INT || param->kind == HPO_FLOAT;
    const uint64_t levels = hpo_param_levels(param), points = (uint64_t)state->points;
    const uint64_t count = number && (levels == 0 || levels > points) ? points : levels;
    double *values = BASE_NEW_ARRAY(state->arena, count, double);
    uint64_t kept = 0;
    for (uint64_t k = 0; k < count; k++) {
        const double value = axis_value(param, levels, k, count);
        if (kept == 0 || value > values[kept - 1]) values[kept++] = value;
    }
    return (grid_axis){.param = param_index, .values = values, .count = kept};
}

static base_status grid_init(void *self, const hpo_sampler_env *env, base_err *err) {
    grid_state *state = self;
    const size_t dims = hpo_space_dims(env->space);
    state->space = env->space;
    state->arena = base_arena_create();
    state->axes = BASE_NEW_ARRAY(state->arena, dims, grid_axis);
    double size = 1;
    for (size_t dim = 0; dim < dims; dim++) {
        state->axes[dim] = make_axis(state, hpo_space_dim_param(env->space, dim));
        size *= (double)state->axes[dim].count;
    }
    if (size > MAX_SIZE) {
        return BASE_FAIL(err, BASE_INVALID,
                         "this grid has %.3g points, more than anybody can count: give fewer `points`, search fewer "
                         "parameters, or use sobol or random",
                         size);
    }
    state->size = 1;
    for (size_t dim = 0; dim < dims; dim++) state->size *= state->axes[dim].count;
    while (state->half_bits < 32 && (state->size - 1) >> (2 * state->half_bits)) state->half_bits++;
    const uint64_t key = base_rng_derive(env->seed, BASE_RNG_SHUFFLE, 0);
    state->key[0] = (uint32_t)key;
    state->key[1] = (uint32_t)(key >> 32);
    return BASE_OK;
}

static void grid_fini(void *self) {
    base_arena_destroy(((grid_state *)self)->arena);
}

/* A permutation of 0 .. 4^half_bits - 1, walked until it falls into 0 .. size - 1. */
static uint64_t permute(const grid_state *state, uint64_t position) {
    const uint64_t mask = (UINT64_C(1) << state->half_bits) - 1;
    uint64_t x = position;
    do {
        uint64_t left = x >> state->half_bits, right = x & mask;
        for (uint32_t round = 0; round < FEISTEL_ROUNDS; round++) {
            const uint32_t counter[4] = {(uint32_t)right, round, 0, 0};
            uint32_t block[4];
            base_philox4x32(counter, state->key, block);
            const uint64_t next = left ^ (block[0] & mask);
            left = right;
            right = next;
        }
        x = (left << state->half_bits) | right;
    } while (x >= state->size);
    return x;
}

/* Whether the combination counts: it is allowed, and the first of those that it equals. */
static bool decode_point(const grid_state *state, uint64_t index, double *config) {
    const size_t dims = hpo_space_dims(state->space);
    uint64_t rest = index;
    for (size_t dim = dims; dim-- > 0;) {
        const grid_axis *axis = &state->axes[dim];
        config[axis->param] = axis->values[rest % axis->count];
        rest /= axis->count;
    }
    hpo_space_activate(state->space, config);
    rest = index;
    for (size_t dim = dims; dim-- > 0;) {
        const grid_axis *axis = &state->axes[dim];
        if (isnan(config[axis->param]) && rest % axis->count != 0) return false;
        rest /= axis->count;
    }
    return hpo_space_allowed(state->space, config);
}

static base_status grid_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                            base_err *err) {
    (void)view;
    grid_state *state = self;
    *origin = "grid";
    const uint64_t wanted = request->trial + request->attempt;
    if (wanted < state->next_trial) state->next_trial = state->next_position = 0;
    for (; state->next_position < state->size; state->next_position++) {
        const uint64_t position = state->next_position;
        if (!decode_point(state, state->shuffle ? permute(state, position) : position, config)) continue;
        if (state->next_trial == wanted) return BASE_OK;
        state->next_trial++;
    }
    if (state->next_trial == 0) {
        return BASE_FAIL(err, BASE_END,
                         "all %llu points of the grid are forbidden: give it more points, or take another sampler",
                         (unsigned long long)state->size);
    }
    return BASE_FAIL(err, BASE_END, "all %llu points of the grid were tried", (unsigned long long)state->next_trial);
}

const hpo_sampler_type hpo_sampler_grid = {
    .name = "grid",
    .summary = "every combination of a few values per parameter, each once",
    .options = grid_options,
    .flags = HPO_SAMPLER_FINITE | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(grid_state),
    .init = grid_init,
    .ask = grid_ask,
    .fini = grid_fini,
};
