/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NSGA-III: K. Deb, H. Jain, "An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based
 * Nondominated Sorting Approach, Part I", IEEE Trans. Evol. Comput. 18, 2014, algorithm 1, with the variation of
 * hpo/samplers/genetic.h.
 *
 * Who stays is chosen by non-dominated rank like in nsga2, but within the last rank that still finds room by niches:
 * those who lie near a reference point that few others are near to (hpo/models/reference_points.h). There are as many
 * reference points as the population has room for. Every member is a parent with the same probability.
 *
 * Feasible trials come before all others, and a higher fidelity before rank, as in nsga2. The ideal point is the best
 * of what is chosen from, not of all generations. */
#include "hpo/samplers/genetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/reference_points.h"

typedef struct nsga3 {
    hpo_genetic genetic; /* first */
    double *points;      /* for n_goals goals; NULL: not asked for yet */
    size_t n_points;
} nsga3;

/* The last level that has room, but not for all: its first member and its end, and the first that it compares with. */
typedef struct split {
    size_t begin, first, end;
} split;

static split find_split(const hpo_candidate *all, const uint32_t *level, size_t n, size_t size) {
    split s = {.first = size - 1, .end = size};
    while (s.first > 0 && level[s.first - 1] == level[size - 1]) s.first--;
    while (s.end < n && level[s.end] == level[size - 1]) s.end++;
    s.begin = s.first;
    while (s.begin > 0 && hpo_candidates_compare(&all[s.begin - 1], &all[s.first])) s.begin--;
    return s;
}

/* Moves those of the split level who stay to its front. */
static void choose_from(nsga3 *state, hpo_candidate *all, const split *s, size_t n_goals, uint64_t next) {
    const size_t n = s->end - s->begin, kept = s->first - s->begin;
    const size_t wanted = (size_t)state->genetic.population - s->first;
    double *losses = base_malloc(n * n_goals * sizeof *losses);
    size_t *chosen = base_malloc(wanted * sizeof *chosen);
    hpo_candidate *stay = base_malloc(wanted * sizeof *stay);
    base_rng rng = base_rng_stream(state->genetic.seed, BASE_RNG_SAMPLER, (uint32_t)next, UINT32_MAX);
    for (size_t i = 0; i < n; i++)
        memcpy(losses + i * n_goals, all[s->begin + i].member.losses, n_goals * sizeof *losses);
    hpo_niches_choose(losses, n, n_goals, kept, wanted, state->points, state->n_points, &rng, chosen);
    for (size_t i = 0; i < wanted; i++) stay[i] = all[s->begin + chosen[i]];
    memcpy(all + s->first, stay, wanted * sizeof *stay);
    free(losses);
    free(chosen);
    free(stay);
}

static void niches_survive(hpo_genetic *self, hpo_candidate *all, size_t n, size_t n_goals, uint64_t next) {
    nsga3 *state = (nsga3 *)self;
    const size_t size = (size_t)self->population;
    uint32_t *level = base_malloc(n * sizeof *level);
    if (!state->points) state->points = hpo_reference_points(n_goals, size, &state->n_points);
    hpo_candidates_order(all, n, n_goals, level);
    if (n > size && level[size] == level[size - 1]) {
        const split s = find_split(all, level, n, size);
        choose_from(state, all, &s, n_goals, next);
    }
    free(level);
}

static size_t anyone(size_t n, base_rng *rng) {
    return (size_t)base_rng_below(rng, n);
}

static base_status nsga3_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                             base_err *err) {
    static const hpo_genetic_rules rules = {niches_survive, anyone};
    return hpo_genetic_ask(self, &rules, view, request, config, origin, err);
}

static void nsga3_fini(void *self) {
    nsga3 *state = self;
    free(state->points);
    hpo_genetic_fini(&state->genetic);
}

const hpo_sampler_type hpo_sampler_nsga3 = {
    .name = "nsga3",
    .summary = "genetic algorithm for three metrics and more: rank, then niches around reference points",
    .options = hpo_genetic_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(nsga3),
    .init = hpo_genetic_init,
    .ask = nsga3_ask,
    .fini = nsga3_fini,
};
