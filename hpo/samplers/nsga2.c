/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NSGA-II: K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
 * IEEE Trans. Evol. Comput. 6, 2002, with the variation that Optuna's sampler of that name has by default: uniform
 * crossover, and a mutation that draws a parameter anew.
 *
 * Trials are dealt to generations by their number, `population` each; the first generation is drawn at random. The
 * population after a generation is the best of it and of the population before (by rank, then crowding distance,
 * hpo_spread_crowding), and the next generation is bred from it: two parents, each the winner of a binary tournament.
 *
 * Everything follows from the view, and nobody waits: a generation that is asked for while results of the one before
 * are missing is bred from those that are there. A trial counts with its last result; with a scheduler that evaluates
 * at several fidelities a higher one comes before rank, because what was promoted was better at all lower ones. Failed
 * evaluations are never parents. With one metric this is a genetic algorithm with elitism.
 *
 * Constraints (Deb et al., section VI) would order infeasible trials behind feasible ones, by how much they violate: in
 * hpo_candidates_order, as fidelities are. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/samplers/population.h"

enum { MAX_TRIES = 100 };

typedef struct nsga2 {
    int64_t population;
    double crossover, swap, mutation;
    const hpo_space *space;
    uint64_t seed;
    double *unit[2], *child; /* scratch: points of the unit cube */
} nsga2;

static const base_option nsga2_options[] = {
    {.name = "population",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(nsga2, population),
     .fallback = "50",
     .min = 2,
     .max = 1e6,
     .help = "trials of a generation, the first of which is drawn at random, and parents of the next"},
    {.name = "crossover",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(nsga2, crossover),
     .fallback = "0.9",
     .max = 1,
     .help = "probability that a child mixes two parents; else it is one of them"},
    {.name = "swap",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(nsga2, swap),
     .fallback = "0.5",
     .max = 1,
     .help = "share of the parameters that a mixed child has from its second parent"},
    {.name = "mutation",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(nsga2, mutation),
     .fallback = "0",
     .max = 1,
     .help = "probability that a parameter is drawn anew; 0: one over the number of parameters"},
    BASE_OPTIONS_END,
};

static base_status nsga2_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    nsga2 *state = self;
    const size_t dims = hpo_space_dims(env->space);
    state->space = env->space;
    state->seed = env->seed;
    for (size_t i = 0; i < 2; i++) state->unit[i] = base_calloc(dims + 1, sizeof(double));
    state->child = base_calloc(dims + 1, sizeof(double));
    return BASE_OK;
}

static void nsga2_fini(void *self) {
    nsga2 *state = self;
    for (size_t i = 0; i < 2; i++) free(state->unit[i]);
    free(state->child);
}

/* ---- the population ---- */

/* That of all whole generations of the view, best first; all: room for two populations. */
static size_t select_population(const nsga2 *state, hpo_view view, hpo_candidate *all) {
    const uint64_t size = (uint64_t)state->population, last = hpo_view_trials(view) / size * size;
    size_t n_goals, n = 0;
    (void)hpo_view_goals(view, &n_goals);
    for (uint64_t id = 0; id < last;) {
        for (const uint64_t end = id + size; id < end; id++) n += hpo_candidate_find(view, id, &all[n]);
        hpo_candidates_order(all, n, n_goals);
        n = n < size ? n : (size_t)size;
    }
    return n;
}

/* ---- a child ---- */

/* The better of two. */
static uint64_t tournament(const hpo_candidate *population, size_t n, base_rng *rng) {
    const uint64_t a = base_rng_below(rng, n), b = base_rng_below(rng, n);
    return population[a < b ? a : b].member.trial;
}

static void breed(nsga2 *state, hpo_view view, const hpo_candidate *population, size_t n, base_rng *rng,
                  double *config) {
    const size_t dims = hpo_space_dims(state->space);
    const double mutation = state->mutation > 0 ? state->mutation : 1 / fmax(1, (double)dims);
    for (size_t i = 0; i < 2; i++)
        hpo_space_to_unit(state->space, hpo_view_trial(view, tournament(population, n, rng)).config, state->unit[i]);
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

static bool find_child(nsga2 *state, hpo_view view, base_rng *rng, double *config) {
    hpo_candidate *population = base_malloc(2 * (size_t)state->population * sizeof *population);
    const size_t n = select_population(state, view, population);
    bool found = false;
    for (int i = 0; i < MAX_TRIES && n > 0 && !found; i++) {
        breed(state, view, population, n, rng, config);
        found = hpo_space_allowed(state->space, config) && !hpo_view_has_config(view, config);
    }
    free(population);
    return found;
}

static base_status nsga2_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                             base_err *err) {
    nsga2 *state = self;
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "child";
    if (find_child(state, view, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_nsga2 = {
    .name = "nsga2",
    .summary = "genetic algorithm for several metrics: rank, then crowding distance",
    .options = nsga2_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(nsga2),
    .init = nsga2_init,
    .ask = nsga2_ask,
    .fini = nsga2_fini,
};
