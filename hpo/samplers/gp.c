/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bayesian optimization with a Gaussian process (J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization
 * of Machine Learning Algorithms", NeurIPS 2012).
 *
 * Random points first; then: a process fitted to the results (hpo/models/gp_surrogate.h), conditioned on what is
 * running, and the point that maximizes the acquisition. The improvement is counted from the least posterior mean at an
 * observed point, not from the least observed value, which noise makes too good. With constraints a process for each is
 * fitted to its excess, improvements are counted from feasible points, and the acquisition is multiplied by the
 * probability that all are met (hpo/models/feasibility.h). With several goals there is a process for each, and what is
 * maximized is the expected gain of hypervolume (hpo/models/gp_goals.h), or they are made one, another one for each
 * proposal (hpo/models/chebyshev.h). */
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/models/best.h"
#include "hpo/models/chebyshev.h"
#include "hpo/models/gp_feasibility.h"
#include "hpo/models/gp_goals.h"
#include "hpo/samplers/cost.h"
#include "hpo/samplers/sampler.h"

enum { ELITES = 5 };

typedef struct gp_state {
    int acquisition, several, kernel, data;
    int64_t startup, candidates;
    double kappa, prior_weight, random;
    const char *cost;
    bool prior;
    const hpo_space *space;
    hpo_sampler_env env;
    hpo_observations *observations;
    hpo_gp_surrogate *model, *cost_model;
    hpo_selection costs;
    hpo_scalarised scalarised;
    hpo_gp_goals *goals;
    hpo_gp_feasibility *feasibility;
} gp_state;

/* The first four as hpo_acquisition_kind. */
enum { NOISY = HPO_ACQUISITION_LCB + 1, THOMPSON };
static const char *const acquisitions[] = {"logei", "ei", "pi", "lcb", "nei", "thompson", NULL};
enum { SEVERAL_NEHVI, SEVERAL_PAREGO };
static const char *const several_names[] = {"nehvi", "parego", NULL};
static const char *const kernels[] = {"matern", "rbf", NULL};
enum { DATA_HIGHEST, DATA_JOINT };
static const char *const data_names[] = {"highest", "joint", NULL};

static const base_option gp_options[] = {
    {.name = "acquisition",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gp_state, acquisition),
     .fallback = "logei",
     .choices = acquisitions,
     .help =
         "what the next point maximizes: expected improvement (logei: its logarithm; nei: over values without their "
         "noise), pi: its probability, lcb: a confidence bound, thompson: a function drawn from the model"},
    {.name = "several",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gp_state, several),
     .fallback = "nehvi",
     .choices = several_names,
     .help = "with several metrics, nehvi: the expected gain of hypervolume over values without their noise (two to "
             "five metrics, up to 1000 results; six, up to 300; else parego), parego: acquisition, of a loss made of "
             "all with weights drawn for each trial"},
    {.name = "kernel",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gp_state, kernel),
     .fallback = "matern",
     .choices = kernels,
     .help = "matern: twice differentiable functions (Matern-5/2); rbf: infinitely smooth ones"},
    {.name = "data",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gp_state, data),
     .fallback = "highest",
     .choices = data_names,
     .help = "highest: results of the highest fidelity that has enough; joint: of all, with the fidelity as an input"},
    {.name = "startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(gp_state, startup),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "successful results before the first model; until then points are random"},
    {.name = "candidates",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(gp_state, candidates),
     .fallback = "1000",
     .min = 10,
     .max = 1e5,
     .help =
         "points that are compared before the best are climbed from; at most 400,000 over the results in the model"},
    {.name = "random",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(gp_state, random),
     .fallback = "0.33",
     .min = 0,
     .max = 1,
     .help = "share of random points among trials that begin below the highest fidelity"},
    {.name = "kappa",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(gp_state, kappa),
     .fallback = "2",
     .min = 0,
     .max = 100,
     .help = "lcb: deviations below the mean"},
    {.name = "cost",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(gp_state, cost),
     .fallback = "none",
     .help = HPO_COST_HELP},
    {.name = "prior",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(gp_state, prior),
     .fallback = "false",
     .help = "begin with draws from the priors, and weigh the acquisition by them (piBO)"},
    {.name = "prior_weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(gp_state, prior_weight),
     .fallback = "10",
     .min = 0,
     .max = 1e6,
     .help = "after n results the priors count to the power of prior_weight/n"},
    BASE_OPTIONS_END,
};

static base_status gp_init(void *self, const hpo_sampler_env *env, base_err *err) {
    gp_state *state = self;
    if (state->prior) BASE_TRY(hpo_sampler_check_prior(env, err));
    const bool divides = state->acquisition != HPO_ACQUISITION_LCB && state->acquisition != THOMPSON;
    BASE_TRY(hpo_cost_check(state->cost, acquisitions[state->acquisition], divides, env, err));
    if (state->data == DATA_JOINT && !(env->max_fidelity > env->min_fidelity)) state->data = DATA_HIGHEST;
    state->space = env->space;
    state->env = *env;
    state->observations = hpo_observations_create(env->space);
    hpo_gp_settings settings = {.kernel = (hpo_kernel_kind)state->kernel,
                                .fidelity = state->data == DATA_JOINT,
                                .min_fidelity = env->min_fidelity,
                                .max_fidelity = env->max_fidelity};
    state->model = hpo_gp_surrogate_create(env->space, &settings);
    state->feasibility = hpo_gp_feasibility_create(env->space, &settings);
    state->goals = hpo_gp_goals_create(env->space, &settings);
    settings.plain = true;
    if (!hpo_cost_none(state->cost)) state->cost_model = hpo_gp_surrogate_create(env->space, &settings);
    return BASE_OK;
}

static void gp_fini(void *self) {
    gp_state *state = self;
    hpo_gp_surrogate_destroy(state->model);
    hpo_gp_surrogate_destroy(state->cost_model);
    hpo_gp_feasibility_destroy(state->feasibility);
    hpo_gp_goals_destroy(state->goals);
    hpo_selection_fini(&state->costs);
    hpo_scalarised_fini(&state->scalarised);
    hpo_observations_destroy(state->observations);
}

/* What is predicted and how it is rated. */
static hpo_acquisition choose_acquisition(gp_state *state, bool together, base_rng *rng, hpo_surrogate *surrogate) {
    if (together) {
        *surrogate = hpo_gp_goals_noisy_ehvi(state->goals, rng);
        return (hpo_acquisition){.kind = HPO_ACQUISITION_LCB};
    }
    if (state->acquisition == NOISY || state->acquisition == THOMPSON) {
        *surrogate = state->acquisition == NOISY ? hpo_gp_surrogate_noisy_ei(state->model, rng)
                                                 : hpo_gp_surrogate_sample(state->model, rng);
        return (hpo_acquisition){.kind = HPO_ACQUISITION_LCB};
    }
    return (hpo_acquisition){.kind = (hpo_acquisition_kind)state->acquisition,
                             .best = hpo_gp_surrogate_best(state->model),
                             .kappa = state->kappa};
}

/* A model of log cost; *known false: there is none. */
static base_status fit_cost(gp_state *state, hpo_view view, const hpo_dataset *data, double level, hpo_surrogate *cost,
                            bool *known, base_err *err) {
    hpo_dataset costs = {0};
    *known = false;
    if (!state->cost_model) return BASE_OK;
    BASE_TRY(hpo_costs_collect(&state->costs, view, data, state->cost, &costs, err));
    if (costs.n == 0) return BASE_OK;
    *cost = hpo_gp_surrogate_condition(state->cost_model, &costs, level);
    *known = true;
    return BASE_OK;
}

static base_status suggest(gp_state *state, hpo_view view, const hpo_dataset *data, double level, base_rng *rng,
                           double *config, bool *found, base_err *err) {
    hpo_surrogate cost;
    bool cost_known;
    BASE_TRY(fit_cost(state, view, data, level, &cost, &cost_known, err));
    const hpo_dataset one = hpo_scalarise_drawn(&state->scalarised, view, data, rng);
    const bool together = state->several == SEVERAL_NEHVI && hpo_gp_goals_can(view, data);
    hpo_surrogate surrogate = {0};
    hpo_gp_surrogate *model = state->model;
    if (together) model = hpo_gp_goals_condition(state->goals, view, data, level);
    if (!together) surrogate = hpo_gp_surrogate_condition(model, &one, level);
    double *elites = base_malloc((ELITES * hpo_space_count(state->space) + 1) * sizeof *elites);
    hpo_maximize problem = {
        .space = state->space,
        .surrogate = &surrogate,
        .view = view,
        .elites = elites,
        .n_elites = hpo_best_configs(&one, view, ELITES, elites),
        .prior_exponent = state->prior ? state->prior_weight / (double)data->n : 0,
        .cost = cost_known ? &cost : NULL,
        .candidates = (size_t)state->candidates,
    };
    bool improves;
    hpo_gp_feasibility_condition(state->feasibility, view, data, level, model, &problem, &improves);
    problem.acquisition = improves ? choose_acquisition(state, together, rng, &surrogate)
                                   : (hpo_acquisition){.kind = HPO_ACQUISITION_LCB};
    hpo_gp_surrogate_bound(model, &problem);
    hpo_maximize_run(&problem, rng, config, found);
    free(elites);
    return BASE_OK;
}

static base_status gp_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                          base_err *err) {
    gp_state *state = self;
    base_rng rng = base_rng_stream(state->env.seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    hpo_data_query query = {.policy = HPO_DATA_HIGHEST, .needed = (size_t)state->startup, .only_successes = true};
    hpo_dataset data = hpo_observations_collect(state->observations, view, &query);
    const double level = data.level;
    const bool cheap = request->fidelity < state->env.max_fidelity;
    const bool enough = data.n > 0 && !(cheap && base_rng_uniform(&rng) < state->random);
    if (enough && state->data == DATA_JOINT) {
        query.policy = HPO_DATA_JOINT;
        data = hpo_observations_collect(state->observations, view, &query);
    }
    *origin = "model";
    bool found = false;
    if (enough) BASE_TRY(suggest(state, view, &data, level, &rng, config, &found, err));
    if (found) return BASE_OK;
    *origin = state->prior ? "prior" : "random";
    return state->prior ? hpo_space_sample_prior(state->space, &rng, config, err)
                        : hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_gp = {
    .name = "gp",
    .summary = "Bayesian optimization with a Gaussian process",
    .options = gp_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(gp_state),
    .init = gp_init,
    .ask = gp_ask,
    .fini = gp_fini,
};
