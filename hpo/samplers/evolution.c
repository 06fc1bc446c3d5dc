/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regularized (aging) evolution: E. Real, A. Aggarwal, Y. Huang, Q. V. Le, "Regularized Evolution for Image Classifier
 * Architecture Search", AAAI 2019, algorithm 1.
 *
 * The first `population` trials are drawn at random. From then on the population is the `population` youngest trials
 * that have a result: whoever is older has died, however good. The best of `tournament` members, drawn with
 * replacement, is copied with one parameter changed: to one of its neighbours, as local search has them
 * (hpo/models/neighbours.h).
 *
 * Everything follows from the view, and nobody waits. Age goes by the number of a trial, so that which results come
 * first decides who is in the population, but not who dies first. Failed trials are never members. */
#include "hpo/samplers/sampler.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/neighbours.h"
#include "hpo/samplers/population.h"

enum { MAX_TRIES = 100 };

typedef struct evolution {
    int64_t population, tournament;
    double deviation;
    bool duplicates;
    const hpo_space *space;
    uint64_t seed;
    hpo_exchanges exchanges; /* scratch, as the next: by parameter, how many exchanges it has */
    uint32_t *counts;
} evolution;

static const base_option evolution_options[] = {
    {.name = "population",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(evolution, population),
     .fallback = "20",
     .min = 1,
     .max = 1e6,
     .help = "members; so many trials are drawn at random first, and so many are born while one lives"},
    {.name = "tournament",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(evolution, tournament),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "members that are drawn, the best of which is the parent"},
    {.name = "deviation",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(evolution, deviation),
     .fallback = "0.2",
     .max = 1,
     .open_min = true,
     .help = "standard deviation by which a number is changed, as a fraction of its range"},
    {.name = "duplicates",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(evolution, duplicates),
     .fallback = "false",
     .help = "whether a child may be what was tried before, as in the paper; in a finite space the study must say "
             "repeats: true, too"},
    BASE_OPTIONS_END,
};

static base_status evolution_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    evolution *state = self;
    state->space = env->space;
    state->seed = env->seed;
    state->counts = base_calloc(hpo_space_count(env->space) + 1, sizeof *state->counts);
    return BASE_OK;
}

static void evolution_fini(void *self) {
    evolution *state = self;
    hpo_exchanges_fini(&state->exchanges);
    free(state->counts);
}

/* The youngest with a result, best first; all: room for a population. */
static size_t select_population(const evolution *state, hpo_view view, hpo_candidate *all) {
    const size_t n_goals = hpo_view_n_goals(view);
    size_t n = 0;
    for (uint64_t id = hpo_view_trials(view); id-- > 0 && n < (size_t)state->population;)
        n += hpo_candidate_find(view, id, &all[n]);
    hpo_candidates_order(all, n, n_goals, NULL);
    return n;
}

/* The best of several; members lie best first. */
static uint64_t tournament(const evolution *state, const hpo_candidate *population, size_t n, base_rng *rng) {
    uint64_t best = n - 1;
    for (int64_t i = 0; i < state->tournament; i++) {
        const uint64_t drawn = base_rng_below(rng, n);
        if (drawn < best) best = drawn;
    }
    return population[best].member.trial;
}

/* The parent with one of its active parameters changed, each being as likely. False: it has none, or the child is
 * forbidden. */
static bool mutate(evolution *state, const double *parent, base_rng *rng, double *child) {
    hpo_exchanges *list = &state->exchanges;
    hpo_exchanges_list(list, state->space, parent, 1, state->deviation, rng);
    uint32_t variable = 0;
    memset(state->counts, 0, hpo_space_count(state->space) * sizeof *state->counts);
    for (size_t i = 0; i < list->count; i++) variable += state->counts[list->items[i].param]++ == 0;
    if (variable == 0) return false;
    uint64_t which = base_rng_below(rng, variable);
    size_t param = 0;
    while (state->counts[param] == 0 || which-- > 0) param++;
    size_t i = 0; /* the list is in a random order */
    while (list->items[i].param != param) i++;
    return hpo_exchange_apply(state->space, parent, list->items[i], rng, child);
}

static bool find_child(evolution *state, hpo_view view, base_rng *rng, double *config) {
    hpo_candidate *population = base_malloc((size_t)state->population * sizeof *population);
    const size_t n = select_population(state, view, population);
    bool found = false;
    for (int i = 0; i < MAX_TRIES && n > 0 && !found; i++) {
        const hpo_trial parent = hpo_view_trial(view, tournament(state, population, n, rng));
        found = mutate(state, parent.config, rng, config) && (state->duplicates || !hpo_view_has_config(view, config));
    }
    free(population);
    return found;
}

static base_status evolution_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                                 const char **origin, base_err *err) {
    evolution *state = self;
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "child";
    if (hpo_view_trials(view) >= (uint64_t)state->population && find_child(state, view, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_evolution = {
    .name = "evolution",
    .summary = "aging evolution: one mutation of the best of a few, the oldest die",
    .options = evolution_options,
    .flags = HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(evolution),
    .init = evolution_init,
    .ask = evolution_ask,
    .fini = evolution_fini,
};
