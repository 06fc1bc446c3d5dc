/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NSGA-II: K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
 * IEEE Trans. Evol. Comput. 6, 2002, with the variation that Optuna's sampler of that name has by default: uniform
 * crossover, and a mutation that draws a parameter anew (hpo/samplers/genetic.h).
 *
 * Who stays is the best of a generation and of those before (by rank, then crowding distance, hpo_spread_crowding); a
 * parent is the winner of a binary tournament. With a scheduler that evaluates at several fidelities a higher one comes
 * before rank, because what was promoted was better at all lower ones. With one metric this is a genetic algorithm with
 * elitism.
 *
 * Constraints (Deb et al., section VI): infeasible trials are behind feasible ones, by how much they violate, in the
 * order of members; and feasible ones of a lower fidelity are before infeasible ones of a higher. */
#include "hpo/samplers/genetic.h"

static void best_survive(hpo_genetic *self, hpo_candidate *all, size_t n, size_t n_goals, uint64_t next) {
    (void)self;
    (void)next;
    hpo_candidates_order(all, n, n_goals, NULL);
}

/* The better of two. */
static size_t tournament(size_t n, base_rng *rng) {
    const uint64_t a = base_rng_below(rng, n), b = base_rng_below(rng, n);
    return (size_t)(a < b ? a : b);
}

static base_status nsga2_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                             base_err *err) {
    static const hpo_genetic_rules rules = {best_survive, tournament};
    return hpo_genetic_ask(self, &rules, view, request, config, origin, err);
}

const hpo_sampler_type hpo_sampler_nsga2 = {
    .name = "nsga2",
    .summary = "genetic algorithm for several metrics: rank, then crowding distance",
    .options = hpo_genetic_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(hpo_genetic),
    .init = hpo_genetic_init,
    .ask = nsga2_ask,
    .fini = hpo_genetic_fini,
};
