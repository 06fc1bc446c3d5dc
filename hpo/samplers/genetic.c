/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/samplers/genetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MAX_TRIES = 100 };

const base_option hpo_genetic_options[] = {
    {.name = "population",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(hpo_genetic, population),
     .fallback = "50",
     .min = 2,
     .max = 1e6,
     .help = "trials of a generation, the first of which is drawn at random, and parents of the next"},
    {.name = "crossover",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(hpo_genetic, crossover),
     .fallback = "0.9",
     .max = 1,
     .help = "probability that a child mixes two parents; else it is one of them"},
    {.name = "swap",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(hpo_genetic, swap),
     .fallback = "0.5",
     .max = 1,
     .help = "share of the parameters that a mixed child has from its second parent"},
    {.name = "mutation",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(hpo_genetic, mutation),
     .fallback = "0",
     .max = 1,
     .help = "probability that a parameter is drawn anew; 0: one over the number of parameters"},
    BASE_OPTIONS_END,
};

base_status hpo_genetic_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    hpo_genetic *state = self;
    const size_t dims = hpo_space_dims(env->space);
    state->space = env->space;
    state->seed = env->seed;
    for (size_t i = 0; i < 2; i++) state->unit[i] = base_calloc(dims + 1, sizeof(double));
    state->child = base_calloc(dims + 1, sizeof(double));
    return BASE_OK;
}

void hpo_genetic_fini(void *self) {
    hpo_genetic *state = self;
    for (size_t i = 0; i < 2; i++) free(state->unit[i]);
    free(state->child);
}

/* ---- the population ---- */

/* That of all whole generations of the view; all: room for two populations. */
static size_t select_population(hpo_genetic *state, const hpo_genetic_rules *rules, hpo_view view, hpo_candidate *all) {
    const uint64_t size = (uint64_t)state->population, last = hpo_view_trials(view) / size * size;
    const size_t n_goals = hpo_view_n_goals(view);
    size_t n = 0;
    for (uint64_t id = 0; id < last;) {
        for (const uint64_t end = id + size; id < end; id++) n += hpo_candidate_find(view, id, &all[n]);
        if (n > 0) rules->survive(state, all, n, n_goals, id);
        n = n < size ? n : (size_t)size;
    }
    return n;
}

/* ---- a child ---- */

static void breed(hpo_genetic *state, const hpo_genetic_rules *rules, hpo_view view, const hpo_candidate *population,
                  size_t n, base_rng *rng, double *config) {
    const size_t dims = hpo_space_dims(state->space);
    const double mutation = state->mutation > 0 ? state->mutation : 1 / fmax(1, (double)dims);
    for (size_t i = 0; i < 2; i++) {
        const uint64_t parent = population[rules->parent(n, rng)].member.trial;
        hpo_space_to_unit(state->space, hpo_view_trial(view, parent).config, state->unit[i]);
    }
    const double swap = base_rng_uniform(rng) < state->crossover ? state->swap : 0;
    for (size_t d = 0; d < dims; d++) {
        const size_t from = base_rng_uniform(rng) < swap ? 1 : 0;
        const double drawn = base_rng_uniform(rng);
        double gene = state->unit[from][d];
        if (isnan(gene)) gene = state->unit[1 - from][d]; /* inactive there: the other's, if it has one */
        state->child[d] = isnan(gene) || base_rng_uniform(rng) < mutation ? drawn : gene;
    }
    hpo_space_from_unit(state->space, state->child, config);
}

static bool find_child(hpo_genetic *state, const hpo_genetic_rules *rules, hpo_view view, base_rng *rng,
                       double *config) {
    hpo_candidate *population = base_malloc(2 * (size_t)state->population * sizeof *population);
    const size_t n = select_population(state, rules, view, population);
    bool found = false;
    for (int i = 0; i < MAX_TRIES && n > 0 && !found; i++) {
        breed(state, rules, view, population, n, rng, config);
        found = hpo_space_allowed(state->space, config) && !hpo_view_has_config(view, config);
    }
    free(population);
    return found;
}

base_status hpo_genetic_ask(hpo_genetic *self, const hpo_genetic_rules *rules, hpo_view view,
                            const hpo_request *request, double *config, const char **origin, base_err *err) {
    base_rng rng = base_rng_stream(self->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "child";
    if (find_child(self, rules, view, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(self->space, &rng, config, err);
}
