/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Differential evolution, rand/1/bin: R. Storn, K. Price, "Differential Evolution - A Simple and Efficient Heuristic
 * for Global Optimization over Continuous Spaces", J. Global Optim. 11, 1997; for mixed spaces as N. Awad, N. Mallik,
 * F. Hutter, "Differential Evolution for Neural Architecture Search", 2020: evolution takes place in the unit cube, and
 * levels are what its points stand for.
 *
 * Trial t belongs to place t modulo `population`. The member of a place is its best trial, ties to the younger one:
 * what is left when every trial that is no worse takes the place of the last. A trial is made for its own place, from
 * that place's member and three others.
 *
 * Everything follows from the view, and nobody waits. Where on a level a trial lies its configuration does not tell: a
 * place in the level's bin is drawn for each trial, as is the coordinate of an inactive parameter. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/samplers/population.h"

enum { MAX_TRIES = 100 };

typedef struct de {
    int64_t population;
    double weight, crossover;
    const hpo_space *space;
    uint64_t seed;
    double *unit[4], *child; /* scratch: points of the unit cube */
} de;

static const base_option de_options[] = {
    {.name = "population",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(de, population),
     .fallback = "20",
     .min = 4,
     .max = 1e6,
     .help = "members, for each of which a trial is drawn at random first"},
    {.name = "weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(de, weight),
     .fallback = "0.5",
     .max = 2,
     .open_min = true,
     .help = "F, by which the difference of two members is multiplied"},
    {.name = "crossover",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(de, crossover),
     .fallback = "0.5",
     .max = 1,
     .help = "CR, the fraction of the parameters that a child has from the mutant; one is always"},
    BASE_OPTIONS_END,
};

static base_status de_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    de *s = self;
    const size_t dims = hpo_space_dims(env->space);
    s->space = env->space;
    s->seed = env->seed;
    for (size_t i = 0; i < 4; i++) s->unit[i] = base_calloc(dims + 1, sizeof(double));
    s->child = base_calloc(dims + 1, sizeof(double));
    return BASE_OK;
}

static void de_fini(void *self) {
    de *s = self;
    for (size_t i = 0; i < 4; i++) free(s->unit[i]);
    free(s->child);
}

/* The best trial of a place (hpo_candidate_beats), ties to the younger. False: none has succeeded. O(n /
 * population). */
static bool find_member(const de *s, hpo_view view, uint64_t place, uint64_t *member) {
    hpo_candidate best, other;
    bool found = false;
    for (uint64_t id = place; id < hpo_view_trials(view); id += (uint64_t)s->population) {
        if (!hpo_candidate_find(view, id, &other)) continue;
        if (!found || !hpo_candidate_beats(&best, &other)) best = other;
        found = true;
    }
    if (found) *member = best.member.trial;
    return found;
}

/* Into unit[0 ... 2]: three members, none of them of this place or of the same one. */
static bool pick_parents(de *s, hpo_view view, uint64_t place, base_rng *rng) {
    uint64_t picked[4] = {place}, member;
    for (size_t n = 1, tries = 0; n < 4; tries++) {
        if (tries > 10 * (size_t)s->population) return false;
        picked[n] = base_rng_below(rng, (uint64_t)s->population);
        bool is_new = true;
        for (size_t i = 0; i < n; i++) is_new = is_new && picked[i] != picked[n];
        if (!is_new || !find_member(s, view, picked[n], &member)) continue;
        const hpo_trial trial = hpo_view_trial(view, member);
        hpo_candidate_place(s->space, s->seed, &trial, s->unit[n - 1]);
        n++;
    }
    return true;
}

/* v = a + F (b - c), where it leaves the cube drawn anew; then the binomial crossover with the target, unit[3]. */
static void breed(de *s, base_rng *rng, double *config) {
    const size_t dims = hpo_space_dims(s->space);
    const uint64_t always = base_rng_below(rng, dims);
    for (size_t d = 0; d < dims; d++) {
        double mutant = s->unit[0][d] + s->weight * (s->unit[1][d] - s->unit[2][d]);
        const double anew = base_rng_uniform(rng);
        if (!(mutant >= 0 && mutant <= 1)) mutant = anew;
        const bool crosses = base_rng_uniform(rng) < s->crossover || d == always;
        s->child[d] = crosses ? mutant : s->unit[3][d];
    }
    hpo_space_from_unit(s->space, s->child, config);
}

static bool find_child(de *s, hpo_view view, base_rng *rng, double *config) {
    const uint64_t place = hpo_view_trials(view) % (uint64_t)s->population;
    uint64_t target;
    if (hpo_space_dims(s->space) == 0 || !find_member(s, view, place, &target)) return false;
    const hpo_trial trial = hpo_view_trial(view, target);
    hpo_candidate_place(s->space, s->seed, &trial, s->unit[3]);
    for (int i = 0; i < MAX_TRIES; i++) {
        if (!pick_parents(s, view, place, rng)) return false;
        breed(s, rng, config);
        if (hpo_space_allowed(s->space, config) && !hpo_view_has_config(view, config)) return true;
    }
    return false;
}

static base_status de_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                          base_err *err) {
    de *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "child";
    if (hpo_view_trials(view) >= (uint64_t)s->population && find_child(s, view, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_de = {
    .name = "de",
    .summary = "differential evolution: a member plus the difference of two others",
    .options = de_options,
    .state_size = sizeof(de),
    .init = de_init,
    .ask = de_ask,
    .fini = de_fini,
};
