/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The (1+1) evolution strategy: the best point so far, moved by a normal whose size follows the rate of success.
 *
 * I. Rechenberg, "Evolutionsstrategie", 1973, with the step size of C. Igel, T. Suttorp, N. Hansen, "A Computational
 * Efficient Covariance Matrix Update and a (1+1)-CMA for Evolution Strategies", GECCO 2006, procedure
 * updateStepSize and table 1, with one child: the rate of success is averaged, and 2/11 is as it should be.
 *
 * Everything follows from the view, and nobody waits: a child is made of the best that is there, and the size is a fold
 * of children's results in the order in which they came. A success is a result no worse than the best until then;
 * lower fidelities than the highest seen so far say nothing. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/samplers/population.h"

enum { MAX_TRIES = 100 };
static const char CHILD[] = "child";

typedef struct one_plus_one {
    int64_t startup;
    double first_sigma;
    const hpo_space *space;
    uint64_t seed;
    double *unit; /* scratch: a point of the unit cube */
    /* the fold */
    hpo_view seen;
    double sigma, rate; /* of success */
    bool has_best;
    hpo_candidate best;
} one_plus_one;

static const base_option one_plus_one_options[] = {
    {.name = "startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(one_plus_one, startup),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "random points, the best of which is the first parent"},
    {.name = "sigma",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(one_plus_one, first_sigma),
     .fallback = "0.2",
     .max = 10,
     .open_min = true,
     .help = "first standard deviation, as a fraction of every range"},
    BASE_OPTIONS_END,
};

static base_status one_plus_one_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    one_plus_one *s = self;
    s->space = env->space;
    s->seed = env->seed;
    s->unit = base_calloc(hpo_space_dims(env->space) + 1, sizeof *s->unit);
    return BASE_OK;
}

static void one_plus_one_fini(void *self) {
    free(((one_plus_one *)self)->unit);
}

/* ---- the fold ---- */

static const double TARGET = 2.0 / 11; /* 1 / (5 + sqrt(lambda) / 2) */

static void count(one_plus_one *s, bool success) {
    const double c_p = TARGET / (2 + TARGET), d = 1 + (double)hpo_space_dims(s->space) / 2;
    s->rate = (1 - c_p) * s->rate + c_p * success;
    s->sigma *= exp((s->rate - TARGET) / (1 - TARGET) / d);
    s->sigma = fmin(fmax(s->sigma, 1e-15), 10);
}

static void add_result(one_plus_one *s, const hpo_trial *trial, const hpo_eval *eval, double level) {
    const hpo_candidate told = {hpo_member_of(trial->id, eval), level};
    const bool higher = !s->has_best || level > s->best.fidelity;
    const bool works = eval->failure == HPO_FAILURE_NONE;
    const bool better = works && (!s->has_best || !hpo_candidate_beats(&s->best, &told));
    if (s->has_best && level < s->best.fidelity && !better) return;
    if (!higher && trial->origin && strcmp(trial->origin, CHILD) == 0) count(s, better);
    if (!better) return;
    s->has_best = true;
    s->best = told;
}

static void follow(one_plus_one *s, hpo_view view) {
    if (s->seen.history != view.history || view.as_of < s->seen.as_of) {
        s->seen = (hpo_view){view.history, 0};
        s->sigma = s->first_sigma;
        s->rate = TARGET;
        s->has_best = false;
    }
    for (; s->seen.as_of < view.as_of; s->seen.as_of++) {
        hpo_trial trial;
        const hpo_eval *eval = hpo_view_settled(view, s->seen.as_of, &trial);
        if (eval) add_result(s, &trial, eval, hpo_view_level(view, eval));
    }
}

/* ---- a child ---- */

/* Another level of a choice, or of a number at least about a level away; some draws stay where they are. */
static double move_level(const one_plus_one *s, const hpo_param *param, double unit, base_rng *rng) {
    const uint64_t levels = hpo_param_levels(param);
    if (param->kind == HPO_CATEGORICAL) return base_rng_uniform(rng);
    return unit + fmax(s->sigma, 1 / (double)levels) * base_rng_normal(rng);
}

static void mutate(one_plus_one *s, const double *parent, base_rng *rng, double *config) {
    const size_t dims = hpo_space_dims(s->space);
    const uint64_t always = base_rng_below(rng, dims); /* of levels and choices */
    hpo_space_to_unit(s->space, parent, s->unit);
    for (size_t d = 0; d < dims; d++) {
        const hpo_param *param = hpo_space_param(s->space, hpo_space_dim_param(s->space, d));
        const bool stepped = hpo_param_levels(param) > 0;
        if (isnan(s->unit[d]))
            s->unit[d] = base_rng_uniform(rng);
        else if (!stepped)
            s->unit[d] += s->sigma * base_rng_normal(rng);
        else if (d == always || base_rng_uniform(rng) * (double)dims < 1)
            s->unit[d] = move_level(s, param, s->unit[d], rng);
    }
    hpo_space_from_unit(s->space, s->unit, config);
}

static bool find_child(one_plus_one *s, hpo_view view, base_rng *rng, double *config) {
    if (!s->has_best || hpo_space_dims(s->space) == 0) return false;
    for (int i = 0; i < MAX_TRIES; i++) {
        mutate(s, hpo_view_trial(view, s->best.member.trial).config, rng, config);
        if (hpo_space_allowed(s->space, config) && !hpo_view_has_config(view, config)) return true;
    }
    return false;
}

static base_status one_plus_one_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                                    const char **origin, base_err *err) {
    one_plus_one *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    follow(s, view);
    *origin = CHILD;
    if (hpo_view_trials(view) >= (uint64_t)s->startup && find_child(s, view, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_one_plus_one = {
    .name = "one-plus-one",
    .summary = "the best point moved by a normal, whose size follows the rate of success",
    .options = one_plus_one_options,
    .state_size = sizeof(one_plus_one),
    .init = one_plus_one_init,
    .ask = one_plus_one_ask,
    .fini = one_plus_one_fini,
};
