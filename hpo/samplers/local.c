/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local search with restarts: the baseline that every model must beat.
 *
 * First-improvement hill climbing in the one-exchange neighbourhood (C. White, S. Nolen, Y. Savani, "Exploring the Loss
 * Landscape in Neural Architecture Search", UAI 2021, algorithm 1; the neighbourhood of numbers is SMAC's). A climb
 * begins with `startup` random points; from then on the neighbours of its best point are tried in a random order, and a
 * better result moves the centre at once. When every neighbour was tried, a new climb begins.
 *
 * Everything follows from the view. The trials of the current climb are those since the last one of origin "start" that
 * came after one of origin "local" (or since trial 0). The centre is the best of them at the highest fidelity that any
 * of them has a result of; its neighbourhood is a function of (seed, the centre's id), finite also for continuous
 * parameters: `draws` values each. The proposal is the first neighbour that no trial has; running trials count as
 * tried, so W workers try W neighbours at once, and none waits: if all that is left is running, the next climb begins.
 */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/models/neighbours.h"
#include "hpo/trials/order.h"

enum { MAX_STARTS = 64 };
#define NEIGHBOURHOOD UINT32_C(0xfffffffe) /* what = ... of the stream; an attempt never gets there */

typedef struct local_state {
    int64_t startup, draws;
    double deviation;
    const hpo_space *space;
    uint64_t seed;
    hpo_exchanges exchanges; /* scratch */
} local_state;

static const base_option local_options[] = {
    {.name = "startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(local_state, startup),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "random points that a climb begins with; it goes on from the best of them"},
    {.name = "draws",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(local_state, draws),
     .fallback = "4",
     .min = 1,
     .max = 1000,
     .help = "neighbours of a number that are drawn at random"},
    {.name = "deviation",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(local_state, deviation),
     .fallback = "0.2",
     .max = 1,
     .open_min = true,
     .help = "standard deviation of these draws, as a fraction of the range"},
    BASE_OPTIONS_END,
};

static base_status local_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    local_state *state = self;
    state->space = env->space;
    state->seed = env->seed;
    return BASE_OK;
}

static void local_fini(void *self) {
    hpo_exchanges_fini(&((local_state *)self)->exchanges);
}

static bool is_step(const hpo_trial *trial) {
    return trial->origin && strcmp(trial->origin, "local") == 0;
}

/* Feasible before infeasible, then the higher fidelity, then the order of results. */
static bool comes_before(const hpo_eval *a, uint64_t trial_a, const hpo_eval *b, uint64_t trial_b) {
    const hpo_member x = hpo_member_of(trial_a, a), y = hpo_member_of(trial_b, b);
    if ((x.violation == 0) != (y.violation == 0)) return x.violation == 0;
    return a->fidelity != b->fidelity ? a->fidelity > b->fidelity : hpo_member_better(&x, &y);
}

/* The trial that the current climb moves around; its starts are counted. False: none has a result yet. */
static bool find_centre(hpo_view view, uint64_t *starts, hpo_trial *centre) {
    const hpo_eval *best = NULL;
    uint64_t owner = 0; /* of the best */
    *starts = 0;
    for (uint64_t id = hpo_view_trials(view); id-- > 0;) {
        const hpo_trial trial = hpo_view_trial(view, id);
        const bool step = is_step(&trial);
        if (step && *starts > 0) break;
        if (!step) ++*starts;
        for (size_t e = 0; e < trial.n_evals; e++) {
            const hpo_eval *eval = &trial.evals[e];
            if (!isfinite(eval->loss) || (best && !comes_before(eval, id, best, owner))) continue;
            best = eval;
            owner = id;
            *centre = trial;
        }
    }
    return best;
}

/* The neighbour number `skip` of those that nobody has tried. */
static bool propose_neighbour(local_state *state, hpo_view view, const hpo_trial *centre, uint32_t skip,
                              double *config) {
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)centre->id, NEIGHBOURHOOD);
    hpo_exchanges_list(&state->exchanges, state->space, centre->config, (size_t)state->draws, state->deviation, &rng);
    for (size_t i = 0; i < state->exchanges.count; i++) {
        if (!hpo_exchange_apply(state->space, centre->config, state->exchanges.items[i], &rng, config)) continue;
        if (hpo_view_has_config(view, config)) continue;
        if (skip-- == 0) return true;
    }
    return false;
}

static base_status local_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                             base_err *err) {
    local_state *state = self;
    uint64_t starts;
    hpo_trial centre;
    *origin = "local";
    if (find_centre(view, &starts, &centre) && starts >= (uint64_t)state->startup &&
        propose_neighbour(state, view, &centre, request->attempt, config)) {
        return BASE_OK;
    }
    *origin = "start";
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    for (int n = 0; n < MAX_STARTS; n++) {
        BASE_TRY(hpo_space_sample(state->space, &rng, config, err));
        if (!hpo_view_has_config(view, config)) break;
    }
    return BASE_OK;
}

const hpo_sampler_type hpo_sampler_local = {
    .name = "local",
    .summary = "local search: neighbours of the best point, with restarts",
    .options = local_options,
    .state_size = sizeof(local_state),
    .init = local_init,
    .ask = local_ask,
    .fini = local_fini,
};
