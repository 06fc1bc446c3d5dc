/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/samplers/population.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/rng.h"

bool hpo_candidate_find(hpo_view view, uint64_t id, hpo_candidate *out) {
    const hpo_trial trial = hpo_view_trial(view, id);
    if (trial.n_evals == 0) return false;
    const hpo_eval *last = &trial.evals[trial.n_evals - 1];
    *out = (hpo_candidate){hpo_member_of(id, last), last->fidelity};
    return last->failure == HPO_FAILURE_NONE;
}

static bool is_feasible(const hpo_candidate *c) {
    return c->member.violation == 0;
}

bool hpo_candidates_compare(const hpo_candidate *a, const hpo_candidate *b) {
    return a->fidelity == b->fidelity && is_feasible(a) == is_feasible(b);
}

bool hpo_candidate_beats(const hpo_candidate *a, const hpo_candidate *b) {
    if (is_feasible(a) != is_feasible(b)) return is_feasible(a);
    if (a->fidelity != b->fidelity) return a->fidelity > b->fidelity;
    if (a->member.violation != b->member.violation) return a->member.violation < b->member.violation;
    return a->member.loss < b->member.loss;
}

static int compare_levels(const void *a, const void *b) {
    const hpo_candidate *x = a, *y = b;
    if (is_feasible(x) != is_feasible(y)) return is_feasible(x) ? -1 : 1;
    if (x->fidelity != y->fidelity) return x->fidelity > y->fidelity ? -1 : 1;
    return x->member.trial < y->member.trial ? -1 : x->member.trial > y->member.trial;
}

void hpo_candidates_order(hpo_candidate *all, size_t n, size_t n_goals, uint32_t *level) {
    hpo_member *members = base_malloc((n + 1) * sizeof *members);
    uint32_t *ranks = base_malloc((n + 1) * sizeof *ranks), levels = 0;
    if (n > 1) qsort(all, n, sizeof *all, compare_levels);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && hpo_candidates_compare(&all[first], &all[end]); end++)
            members[end - first] = all[end].member;
        hpo_order_members(members, end - first, n_goals, hpo_spread_crowding, ranks);
        for (size_t i = first; i < end; i++) {
            if (i > 0 && (i == first || ranks[i - first] != ranks[i - first - 1])) levels++;
            if (level) level[i] = levels;
            all[i].member = members[i - first];
        }
    }
    free(members);
    free(ranks);
}

void hpo_candidate_place(const hpo_space *space, uint64_t seed, const hpo_trial *trial, double *unit) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_SAMPLER, (uint32_t)trial->id, HPO_CANDIDATE_PLACE);
    hpo_space_to_unit(space, trial->config, unit);
    for (size_t d = 0; d < hpo_space_dims(space); d++) {
        const size_t index = hpo_space_dim_param(space, d);
        const hpo_param *param = hpo_space_param(space, index);
        const double value = trial->config[index], u = base_rng_uniform(&rng);
        double low, high;
        if (isnan(value)) {
            unit[d] = u;
        } else if (hpo_param_levels(param) > 0) {
            hpo_param_bin(param, value, &low, &high);
            unit[d] = low + u * (high - low);
        }
    }
}
