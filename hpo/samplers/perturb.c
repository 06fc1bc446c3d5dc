/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The explore step of population-based training: M. Jaderberg et al., "Population Based Training of Neural Networks",
 * 2017, section 4.1.2: the configuration of the parent, where every parameter is either drawn anew or perturbed.
 *
 * With probability `resample` a parameter is drawn from its range. Else a number is multiplied by 1 + factor or by
 * 1 - factor, each as often, and stays within its range; one that has steps moves by one of them at least, and an
 * ordered choice by one; another choice, which has no neighbours, stays. What becomes active only now is drawn.
 * A trial without a parent is drawn at random. */
#include <math.h>
#include <stdlib.h>

#include "hpo/samplers/sampler.h"

enum { MAX_TRIES = 100 };

typedef struct perturb_state {
    double resample, factor;
    const hpo_space *space;
    uint64_t seed;
} perturb_state;

static const base_option perturb_options[] = {
    {.name = "resample",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(perturb_state, resample),
     .fallback = "0.25",
     .min = 0,
     .max = 1,
     .help = "probability that a parameter of a child is drawn anew"},
    {.name = "factor",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(perturb_state, factor),
     .fallback = "0.2",
     .max = 1,
     .open_min = true,
     .open_max = true,
     .help = "else a number is multiplied by 1 + factor or 1 - factor"},
    BASE_OPTIONS_END,
};

static base_status perturb_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    perturb_state *s = self;
    s->space = env->space;
    s->seed = env->seed;
    return BASE_OK;
}

/* The nearest value that a number can have, within its range. */
static double snap(const hpo_param *param, double value) {
    const double within = fmin(fmax(value, param->min), param->max);
    return param->step > 0 ? hpo_param_from_unit(param, hpo_param_to_unit(param, within)) : within;
}

static double move(const perturb_state *s, const hpo_param *param, double value, base_rng *rng) {
    const bool up = base_rng_uniform(rng) < 0.5;
    const double sign = up ? 1 : -1;
    switch (param->kind) {
    case HPO_ORDINAL: return fmin(fmax(value + sign, 0), (double)(param->n_choices - 1));
    case HPO_CATEGORICAL:
    case HPO_CONSTANT: return value;
    default: break;
    }
    const double moved = snap(param, value * (1 + sign * s->factor));
    const bool stays = param->step > 0 && moved == value && value != 0;
    return stays ? snap(param, value + (value > 0 ? sign : -sign) * param->step) : moved;
}

static void explore(const perturb_state *s, const double *parent, base_rng *rng, double *config) {
    for (size_t i = 0; i < hpo_space_count(s->space); i++) {
        const hpo_param *param = hpo_space_param(s->space, i);
        const bool anew = base_rng_uniform(rng) < s->resample || isnan(parent[i]);
        const double drawn = hpo_param_quantile(param, base_rng_uniform(rng)), moved = move(s, param, parent[i], rng);
        config[i] = anew ? drawn : moved;
    }
    hpo_space_activate(s->space, config);
}

static base_status perturb_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                               const char **origin, base_err *err) {
    const perturb_state *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "random";
    if (!request->inherits) return hpo_space_sample(s->space, &rng, config, err);
    const double *parent = hpo_view_trial(view, request->parent).config;
    *origin = "perturbed";
    for (int i = 0; i < MAX_TRIES; i++) {
        explore(s, parent, &rng, config);
        if (hpo_space_allowed(s->space, config)) return BASE_OK;
    }
    *origin = "parent"; /* nearly all around it is forbidden */
    for (size_t i = 0; i < hpo_space_count(s->space); i++) config[i] = parent[i];
    return BASE_OK;
}

const hpo_sampler_type hpo_sampler_perturb = {
    .name = "perturb",
    .summary = "what a trial inherits is perturbed or drawn anew; all others are drawn at random",
    .options = perturb_options,
    .flags = HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(perturb_state),
    .init = perturb_init,
    .ask = perturb_ask,
};
