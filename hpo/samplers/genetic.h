/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genetic algorithms of generations: what nsga2 and nsga3 have in common, which is all but who stays and who breeds.
 *
 * Trials are dealt to generations by their number, `population` each; the first generation is drawn at random. Who
 * stays after a generation is chosen from it and those who stayed before, and the next generation is bred from them:
 * every parameter of a child comes from one of two parents, and some are drawn anew.
 *
 * Everything follows from the view, and nobody waits: a generation that is asked for while results of the one before
 * are missing is bred from those that are there. A trial counts with its last result; failed ones are never parents. */
#ifndef HPO_SAMPLERS_GENETIC_H
#define HPO_SAMPLERS_GENETIC_H

#include "hpo/samplers/population.h"
#include "hpo/samplers/sampler.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The state of such a sampler, filled by hpo_genetic_options; begins with it where there is more. */
typedef struct hpo_genetic {
    int64_t population;
    double crossover, swap, mutation;
    const hpo_space *space;
    uint64_t seed;
    double *unit[2], *child; /* scratch: points of the unit cube */
} hpo_genetic;

extern const base_option hpo_genetic_options[];

typedef struct hpo_genetic_rules {
    /* Puts who stays first, best first, in the first `population` of n candidates (n larger than that). next: the first
     * trial of the generation to come. */
    void (*survive)(hpo_genetic *self, hpo_candidate *all, size_t n, size_t n_goals, uint64_t next);
    /* One of n parents, best first: its place. */
    size_t (*parent)(size_t n, base_rng *rng);
} hpo_genetic_rules;

base_status hpo_genetic_init(void *self, const hpo_sampler_env *env, base_err *err);
void hpo_genetic_fini(void *self);
base_status hpo_genetic_ask(hpo_genetic *self, const hpo_genetic_rules *rules, hpo_view view,
                            const hpo_request *request, double *config, const char **origin, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
