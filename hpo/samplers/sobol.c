/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sobol's sequence: points that fill the unit cube more evenly than random ones.
 *
 * I. M. Sobol, USSR Comput. Math. Math. Phys. 7 (1967), with the direction numbers of Joe and Kuo (2008), in the order
 * of the Gray code (I. A. Antonov, V. M. Saleev, 1979), so that point i is the exclusive or of one direction number for
 * each bit of i ^ (i >> 1): any point can be had alone. By default scrambled: a random lower triangular bit matrix per
 * dimension (J. Matousek, J. Complexity 14, 1998) and a digital shift, both of 32 bits, which keep the evenness, remove
 * the point at the origin and make the estimate of a mean unbiased.
 *
 * Trial n takes the n-th point that is not forbidden. Where its configuration has been tried already (finite spaces)
 * the study asks again, and the answer comes from the second half of the sequence, so that the first half stays in
 * order. Everything follows from (trial, attempt); the cursor only saves counting the forbidden points again.
 * Deviation from the plain cube: a choice with declared probabilities is cut into bins of these widths. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>

#include "hpo/samplers/sobol_table.h"

enum { BITS = 32, MAX_ATTEMPTS = 64, MAX_FORBIDDEN = 100000 };
#define SECOND_HALF (UINT64_C(1) << 31)

typedef struct sobol_state {
    bool scramble;
    const hpo_space *space;
    uint32_t *directions; /* dims x BITS */
    uint32_t *shifts;     /* dims */
    double *unit;         /* dims */
    uint64_t next_trial;  /* the cursor: the first trial that has not been counted yet */
    uint64_t next_index;  /* and the first index that may be its */
} sobol_state;

static const base_option sobol_options[] = {
    {.name = "scramble",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(sobol_state, scramble),
     .fallback = "true",
     .help = "randomize the sequence by the study's seed; false begins at the lower corner of the space"},
    BASE_OPTIONS_END,
};

/* Direction numbers of one dimension as binary fractions: Joe and Kuo (2008), equations 2 and 3. */
static void unscrambled_directions(size_t dim, const uint16_t *numbers, uint32_t v[BITS]) {
    const uint32_t polynomial = hpo_sobol_polynomials[dim];
    unsigned degree = 0;
    while (polynomial >> (degree + 1)) degree++;
    for (unsigned k = 0; k < BITS; k++) {
        if (degree == 0) {
            v[k] = UINT32_C(1) << (BITS - 1 - k);
        } else if (k < degree) {
            v[k] = (uint32_t)numbers[k] << (BITS - 1 - k);
        } else {
            v[k] = v[k - degree] ^ (v[k - degree] >> degree);
            for (unsigned j = 1; j < degree; j++) {
                if ((polynomial >> (degree - j)) & 1) v[k] ^= v[k - j];
            }
        }
    }
}

static uint32_t parity(uint32_t x) {
    x ^= x >> 16;
    x ^= x >> 8;
    x ^= x >> 4;
    x ^= x >> 2;
    x ^= x >> 1;
    return x & 1;
}

/* Row r of the matrix gives bit r (from the highest) as a sum over bit r itself and a random choice of those above. */
static uint32_t scramble_directions(uint64_t seed, size_t dim, uint32_t v[BITS]) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_SCRAMBLE, (uint32_t)dim, 0);
    uint32_t rows[BITS];
    for (unsigned r = 0; r < BITS; r++) {
        const uint32_t bit = UINT32_C(1) << (BITS - 1 - r), above = r == 0 ? 0 : ~((bit << 1) - 1);
        rows[r] = bit | (base_rng_u32(&rng) & above);
    }
    for (unsigned k = 0; k < BITS; k++) {
        uint32_t scrambled = 0;
        for (unsigned r = 0; r < BITS; r++) scrambled |= parity(v[k] & rows[r]) << (BITS - 1 - r);
        v[k] = scrambled;
    }
    return base_rng_u32(&rng);
}

static base_status sobol_init(void *self, const hpo_sampler_env *env, base_err *err) {
    sobol_state *state = self;
    const size_t dims = hpo_space_dims(env->space);
    if (dims > HPO_SOBOL_DIMS) {
        return BASE_FAIL(err, BASE_INVALID,
                         "sobol has direction numbers for %d searched parameters, but this space has %zu: use random",
                         HPO_SOBOL_DIMS, dims);
    }
    state->space = env->space;
    state->directions = base_calloc(dims * BITS, sizeof *state->directions);
    state->shifts = base_calloc(dims, sizeof *state->shifts);
    state->unit = base_calloc(dims, sizeof *state->unit);
    const uint16_t *numbers = hpo_sobol_numbers;
    for (size_t dim = 0; dim < dims; dim++) {
        uint32_t *v = state->directions + dim * BITS;
        unscrambled_directions(dim, numbers, v);
        if (state->scramble) state->shifts[dim] = scramble_directions(env->seed, dim, v);
        for (uint32_t p = hpo_sobol_polynomials[dim]; p > 1; p >>= 1) numbers++;
    }
    return BASE_OK;
}

static void sobol_fini(void *self) {
    sobol_state *state = self;
    free(state->directions);
    free(state->shifts);
    free(state->unit);
}

/* The coordinate of the choice whose share of [0,1] holds u, for choices with declared probabilities. */
static double choice_coordinate(const hpo_param *param, double u) {
    size_t k = 0;
    double above = param->probabilities[0];
    while (k + 1 < param->n_choices && u >= above) above += param->probabilities[++k];
    while (k > 0 && param->probabilities[k] == 0) k--; /* the sum fell short of 1 by rounding */
    return ((double)k + 0.5) / (double)param->n_choices;
}

/* Whether the point is allowed. */
static bool decode_point(const sobol_state *state, uint64_t index, double *config) {
    const size_t dims = hpo_space_dims(state->space);
    const uint32_t gray = (uint32_t)(index ^ (index >> 1));
    for (size_t dim = 0; dim < dims; dim++) {
        const uint32_t *v = state->directions + dim * BITS;
        uint32_t x = state->shifts[dim];
        for (uint32_t bits = gray; bits; bits &= bits - 1) x ^= v[__builtin_ctz(bits)];
        const hpo_param *param = hpo_space_param(state->space, hpo_space_dim_param(state->space, dim));
        const double u = (double)x * 0x1p-32;
        state->unit[dim] = param->probabilities ? choice_coordinate(param, u) : u;
    }
    hpo_space_from_unit(state->space, state->unit, config);
    return hpo_space_allowed(state->space, config);
}

/* The first allowed index at or after *index; its point in config. */
static base_status next_allowed(const sobol_state *state, uint64_t *index, double *config, base_err *err) {
    for (uint32_t tries = 0; tries < MAX_FORBIDDEN && *index <= UINT32_MAX; tries++, ++*index) {
        if (decode_point(state, *index, config)) return BASE_OK;
    }
    if (*index > UINT32_MAX) return BASE_FAIL(err, BASE_END, "the 2^32 points of the Sobol sequence are used up");
    return BASE_FAIL(err, BASE_END, "%d points of the Sobol sequence in a row are forbidden", MAX_FORBIDDEN);
}

static base_status sobol_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                             base_err *err) {
    (void)view;
    sobol_state *state = self;
    *origin = "sobol";
    if (request->attempt > 0) {
        uint64_t index = SECOND_HALF + (request->trial * MAX_ATTEMPTS + request->attempt - 1) % SECOND_HALF;
        return next_allowed(state, &index, config, err);
    }
    if (request->trial < state->next_trial) state->next_trial = state->next_index = 0;
    for (;;) {
        uint64_t index = state->next_index;
        BASE_TRY(next_allowed(state, &index, config, err));
        const uint64_t trial = state->next_trial;
        if (trial == request->trial) {
            state->next_index = index;
            return BASE_OK;
        }
        state->next_trial++;
        state->next_index = index + 1;
    }
}

const hpo_sampler_type hpo_sampler_sobol = {
    .name = "sobol",
    .summary = "Sobol's low-discrepancy sequence, scrambled",
    .options = sobol_options,
    .flags = HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(sobol_state),
    .init = sobol_init,
    .ask = sobol_ask,
    .fini = sobol_fini,
};
