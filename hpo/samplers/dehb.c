/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The evolution of DEHB: N. Awad, N. Mallik, F. Hutter, "DEHB: Evolutionary Hyperband for Scalable, Robust and
 * Efficient Hyperparameter Optimization", IJCAI 2021, with what its program does where the paper leaves it open.
 *
 * Each rung of Hyperband's ladder has a population as large as its largest stage, random points at first. Result number
 * k on a rung belongs to place k modulo the population's size, and takes it if it is no worse than who is there. A
 * child (rand/1/bin) is made for the place that its result will have; while that place has had no success the trial is
 * random. Its three parents are among the best of the rung below, so many as the stage has trials; on the first stage
 * of a bracket, of its own rung. Where these are fewer than three, mutants of all populations together fill up.
 *
 * The scheduler of this name makes the rungs' trials. Everything follows from the view; nobody waits. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/samplers/population.h"
#include "hpo/schedulers/ladder.h"

enum { MAX_TRIES = 100, LEAST = 3 /* parents */, ALONE = 20 /* members without a fidelity, as de has them */ };

/* trial UINT64_MAX: the random point that the place began with. */
typedef struct place {
    uint64_t trial;
    double violation, loss;
} place;

typedef struct rung {
    place *places;
    size_t size;
    uint64_t results;
} rung;

typedef struct dehb {
    int64_t eta;
    double weight, crossover;
    const hpo_space *space;
    uint64_t seed;
    size_t dims;
    hpo_ladder ladder;
    rung rungs[HPO_LADDER_MAX_RUNGS];
    hpo_view seen;
} dehb;

static const base_option dehb_options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(dehb, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "one trial in eta goes on, to eta times the fidelity"},
    {.name = "weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(dehb, weight),
     .fallback = "0.5",
     .max = 2,
     .open_min = true,
     .help = "F, by which the difference of two members is multiplied"},
    {.name = "crossover",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(dehb, crossover),
     .fallback = "0.5",
     .max = 1,
     .help = "CR, the fraction of the parameters that a child has from the mutant; one is at least"},
    BASE_OPTIONS_END,
};

static base_status dehb_init(void *self, const hpo_sampler_env *env, base_err *err) {
    dehb *s = self;
    s->space = env->space;
    s->seed = env->seed;
    s->dims = hpo_space_dims(env->space);
    BASE_TRY(hpo_ladder_init(&s->ladder, env->min_fidelity, env->max_fidelity, env->integer_fidelity, (uint64_t)s->eta,
                             err));
    for (uint32_t b = 0; b < s->ladder.rungs; b++) {
        const hpo_bracket_plan plan = hpo_ladder_bracket(&s->ladder, b);
        for (uint32_t stage = 0; stage < plan.stages; stage++) {
            rung *r = &s->rungs[plan.first + stage];
            if (plan.size[stage] > r->size) r->size = (size_t)plan.size[stage];
        }
    }
    if (s->ladder.rungs == 1) s->rungs[0].size = ALONE;
    for (uint32_t i = 0; i < s->ladder.rungs; i++) s->rungs[i].places = base_calloc(s->rungs[i].size, sizeof(place));
    return BASE_OK;
}

static void dehb_fini(void *self) {
    dehb *s = self;
    for (uint32_t i = 0; i < HPO_LADDER_MAX_RUNGS; i++) free(s->rungs[i].places);
}

/* ---- the populations ---- */

static uint32_t rung_of(const dehb *s, double fidelity) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < s->ladder.rungs; i++)
        if (fabs(s->ladder.fidelity[i] - fidelity) < fabs(s->ladder.fidelity[best] - fidelity)) best = i;
    return best;
}

/* Feasible ones first. */
static int compare_losses(const place *a, const place *b) {
    if (a->violation != b->violation) return a->violation < b->violation ? -1 : 1;
    return a->loss < b->loss ? -1 : a->loss > b->loss;
}

static void add_result(dehb *s, const hpo_trial *trial, const hpo_eval *eval) {
    rung *r = &s->rungs[rung_of(s, eval->fidelity)];
    place *of = &r->places[r->results++ % r->size];
    const place told = {trial->id, hpo_eval_violation(eval), eval->loss};
    if (eval->failure == HPO_FAILURE_NONE && compare_losses(&told, of) <= 0) *of = told;
}

static void follow(dehb *s, hpo_view view) {
    if (s->seen.history != view.history || view.as_of < s->seen.as_of) {
        s->seen = (hpo_view){view.history, 0};
        for (uint32_t i = 0; i < s->ladder.rungs; i++) {
            s->rungs[i].results = 0;
            for (size_t k = 0; k < s->rungs[i].size; k++)
                s->rungs[i].places[k] = (place){UINT64_MAX, INFINITY, INFINITY};
        }
    }
    for (; s->seen.as_of < view.as_of; s->seen.as_of++) {
        hpo_trial trial;
        const hpo_eval *eval = hpo_view_settled(view, s->seen.as_of, &trial);
        if (eval) add_result(s, &trial, eval);
    }
}

static void place_point(const dehb *s, hpo_view view, uint32_t r, size_t k, double *unit) {
    const place *of = &s->rungs[r].places[k];
    if (of->trial == UINT64_MAX) {
        base_rng rng =
            base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)k * HPO_LADDER_MAX_RUNGS + r, HPO_CANDIDATE_FIRST);
        for (size_t d = 0; d < s->dims; d++) unit[d] = base_rng_uniform(&rng);
    } else {
        const hpo_trial trial = hpo_view_trial(view, of->trial);
        hpo_candidate_place(s->space, s->seed, &trial, unit);
    }
}

/* Evaluations on the rung that are under way. O(n). */
static uint64_t running_on(const dehb *s, hpo_view view, uint32_t r) {
    uint64_t count = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view) && hpo_view_count(view, HPO_TRIAL_RUNNING) > 0; id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        count += trial.state == HPO_TRIAL_RUNNING && rung_of(s, trial.fidelity) == r;
    }
    return count;
}

/* ---- a child ---- */

/* Points, one after the other. */
typedef struct pool {
    double *points;
    size_t count;
} pool;

/* a + F (b - c) of three different points that are not the target, random ones where there are too few. */
static void mutate(const dehb *s, const pool *from, const double *target, base_rng *rng, double *mutant) {
    const size_t dims = s->dims, bytes = dims * sizeof(double);
    double *random = base_malloc((LEAST * dims + 1) * sizeof *random);
    const double **parents = base_malloc((from->count + LEAST) * sizeof *parents);
    size_t n = 0;
    bool left_out = false; /* the target, once */
    for (size_t i = 0; i < from->count; i++) {
        const double *point = from->points + i * dims;
        const bool is_target = !left_out && from->count > 1 && memcmp(point, target, bytes) == 0;
        left_out = left_out || is_target;
        if (!is_target) parents[n++] = point;
    }
    for (size_t k = 0; n < LEAST; k++) {
        for (size_t d = 0; d < dims; d++) random[k * dims + d] = base_rng_uniform(rng);
        parents[n++] = random + k * dims;
    }
    for (size_t k = 0; k < LEAST; k++) {
        const size_t other = k + (size_t)base_rng_below(rng, n - k);
        const double *swap = parents[k];
        parents[k] = parents[other];
        parents[other] = swap;
    }
    for (size_t d = 0; d < dims; d++) mutant[d] = parents[0][d] + s->weight * (parents[1][d] - parents[2][d]);
    free(parents);
    free(random);
}

static int compare_places(const void *a, const void *b) {
    const place *const *x = a, *const *y = b;
    const int order = compare_losses(*x, *y);
    return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

/* The best `count` of a rung. */
static pool best_of(const dehb *s, hpo_view view, uint32_t r, size_t count) {
    const rung *from = &s->rungs[r];
    const place **order = base_malloc((from->size + 1) * sizeof *order);
    for (size_t k = 0; k < from->size; k++) order[k] = &from->places[k];
    qsort(order, from->size, sizeof *order, compare_places);
    const size_t n = count < from->size ? count : from->size;
    pool best = {base_malloc(((n + LEAST + 1) * s->dims + 1) * sizeof(double)), n};
    for (size_t k = 0; k < n; k++)
        place_point(s, view, r, (size_t)(order[k] - from->places), best.points + k * s->dims);
    free(order);
    return best;
}

static void fill_up(const dehb *s, hpo_view view, const double *target, base_rng *rng, pool *parents) {
    size_t total = 0;
    for (uint32_t r = 0; r < s->ladder.rungs; r++) total += s->rungs[r].size;
    pool all = {base_malloc((total * s->dims + 1) * sizeof(double)), 0};
    for (uint32_t r = 0; r < s->ladder.rungs; r++)
        for (size_t k = 0; k < s->rungs[r].size; k++) place_point(s, view, r, k, all.points + all.count++ * s->dims);
    while (parents->count < LEAST + 1) mutate(s, &all, target, rng, parents->points + parents->count++ * s->dims);
    free(all.points);
}

static void cross(const dehb *s, const double *target, base_rng *rng, double *mutant) {
    bool crossed = false;
    const uint64_t otherwise = base_rng_below(rng, s->dims);
    const double kept = mutant[otherwise];
    for (size_t d = 0; d < s->dims; d++) {
        const bool crosses = base_rng_uniform(rng) < s->crossover;
        if (!crosses) mutant[d] = target[d];
        crossed = crossed || crosses;
    }
    if (!crossed) mutant[otherwise] = kept;
    for (size_t d = 0; d < s->dims; d++) {
        const double anew = base_rng_uniform(rng);
        if (!(mutant[d] >= 0 && mutant[d] <= 1)) mutant[d] = anew;
    }
}

static bool find_child(dehb *s, hpo_view view, const hpo_request *request, base_rng *rng, double *config) {
    uint32_t stage;
    const uint32_t r = rung_of(s, request->fidelity);
    const size_t of = (size_t)((s->rungs[r].results + running_on(s, view, r)) % s->rungs[r].size);
    if (s->rungs[r].places[of].trial == UINT64_MAX) return false;
    const hpo_bracket_plan plan = hpo_ladder_dehb(&s->ladder, request->bracket, &stage);
    const bool is_stage = s->ladder.rungs > 1 && plan.first + stage == r; /* or another scheduler's */
    pool parents =
        best_of(s, view, is_stage && stage > 0 ? r - 1 : r, is_stage ? (size_t)plan.size[stage] : s->rungs[r].size);
    double *target = base_malloc((2 * s->dims + 1) * sizeof *target), *child = target + s->dims;
    place_point(s, view, r, of, target);
    if (parents.count < LEAST) fill_up(s, view, target, rng, &parents);
    bool found = false;
    for (int i = 0; i < MAX_TRIES && !found; i++) {
        mutate(s, &parents, target, rng, child);
        cross(s, target, rng, child);
        hpo_space_from_unit(s->space, child, config);
        found = hpo_space_allowed(s->space, config) && !hpo_view_has_config(view, config);
    }
    free(target);
    free(parents.points);
    return found;
}

static base_status dehb_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                            base_err *err) {
    dehb *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    follow(s, view);
    *origin = "child";
    if (s->dims > 0 && find_child(s, view, request, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_dehb = {
    .name = "dehb",
    .summary = "differential evolution on every rung, with parents from the rung below",
    .options = dehb_options,
    .state_size = sizeof(dehb),
    .init = dehb_init,
    .ask = dehb_ask,
    .fini = dehb_fini,
};
