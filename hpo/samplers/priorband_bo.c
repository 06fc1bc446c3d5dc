/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand with Bayesian optimization: PriorBand's ensemble (ensemble.c) until enough has been evaluated; from then on
 * every new configuration is the random one with the highest expected improvement under a Gaussian process (N. Mallik,
 * E. Bergman, C. Hvarfner, D. Stoll, M. Janowski, M. Lindauer, L. Nardi, F. Hutter, "PriorBand: Practical
 * Hyperparameter Optimization in the Age of Deep Learning", NeurIPS 2023: the extension with models), as in the code of
 * its experiments (NePS 0.12):
 *
 * - model rung: a process on the results of one rung, the highest that has `init` of them, by default d + 2 in d
 * searched dimensions (that code takes d + 2 here whatever its initial_design_size says). No such rung: the ensemble.
 * - model joint: a process on all results with the fidelity as an input, once the trials have consumed `init` full
 * evaluations, each as much as the fidelity of its last result; by default 10, the experiments' initial_design_size. Of
 * the random configurations the 10 with the highest value at the fidelity where the trial will begin are taken, and of
 * these the one with the highest at the highest fidelity. (A later version of NePS has the two counts the wrong way
 * round, so that its second step has one configuration to choose from.)
 *
 * The maximum is taken over 1000 random configurations and not climbed to, as there: on a cheap rung the process stands
 * on noise, all trials of a bracket are drawn before any is promoted, and whoever climbs draws them from one false
 * peak.
 *
 * Deviations: only successes count towards `init`; failures are in the rows as the worst success. The improvement is
 * counted from the least posterior mean at an observed point (at the fidelity that is asked about) instead of the least
 * observed value. A rung's process is conditioned on the running trials of every fidelity whose result on that rung is
 * not known, not only on those that run there: workers below it would not see each other. Nothing that was tried or is
 * running is proposed; when no candidate is new, the ensemble is asked. With constraints the improvement is multiplied
 * by the probability that all are met (hpo/models/feasibility.h). Several goals are made one, another one for each
 * proposal (hpo/models/chebyshev.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp_feasibility.h"
#include "hpo/samplers/ensemble.h"

enum { FINALISTS = 10, FULL_EVALUATIONS = 10 };
enum { MODEL_RUNG, MODEL_JOINT };
static const char *const models[] = {"rung", "joint", NULL};
static const char *const acquisitions[] = {"logei", "ei", "pi", NULL}; /* as hpo_acquisition_kind */

typedef struct bo_state {
    hpo_ensemble_policy policy;
    int model, acquisition;
    int64_t init, candidates;
    hpo_gp_surrogate *process;
    hpo_gp_feasibility *feasibility;
    hpo_scalarised scalarised;
    hpo_surrogate posterior;              /* of the process, as it was conditioned last */
    double *configs, *values, *finalists; /* candidates of one proposal */
    bool *used;
    size_t count;
} bo_state;

static const base_option bo_options[] = {
    HPO_ENSEMBLE_OPTIONS(bo_state, policy),
    {.name = "model",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(bo_state, model),
     .fallback = "rung",
     .choices = models,
     .help =
         "rung: a process on the results of the highest fidelity with enough; joint: on all, the fidelity an input"},
    {.name = "init",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bo_state, init),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "when the model begins: successes on a rung (0: dimensions + 2); joint: full evaluations spent (0: 10)"},
    {.name = "acquisition",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(bo_state, acquisition),
     .fallback = "logei",
     .choices = acquisitions,
     .help = "what the model's next point maximizes; logei is the logarithm of ei"},
    {.name = "candidates",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bo_state, candidates),
     .fallback = "1000",
     .min = 10,
     .max = 1e5,
     .help = "random points that are compared; at most 400,000 over the results in the model"},
    BASE_OPTIONS_END,
};

static base_status bo_init(void *self, const hpo_sampler_env *env, base_err *err) {
    bo_state *s = self;
    BASE_TRY(hpo_ensemble_policy_init(&s->policy, "priorband-bo", env, err));
    if (!(env->max_fidelity > env->min_fidelity)) s->model = MODEL_RUNG;
    if (s->init == 0) s->init = s->model == MODEL_RUNG ? (int64_t)hpo_space_dims(env->space) + 2 : FULL_EVALUATIONS;
    const hpo_gp_settings settings = {.kernel = HPO_KERNEL_MATERN52,
                                      .fidelity = s->model == MODEL_JOINT,
                                      .min_fidelity = env->min_fidelity,
                                      .max_fidelity = env->max_fidelity};
    s->process = hpo_gp_surrogate_create(env->space, &settings);
    s->feasibility = hpo_gp_feasibility_create(env->space, &settings);
    const size_t width = hpo_space_count(env->space), most = (size_t)s->candidates;
    s->configs = base_calloc(most * width + 1, sizeof *s->configs);
    s->values = base_calloc(most, sizeof *s->values);
    s->used = base_calloc(most, sizeof *s->used);
    s->finalists = base_calloc(FINALISTS * width + 1, sizeof *s->finalists);
    return BASE_OK;
}

static void bo_fini(void *self) {
    bo_state *s = self;
    hpo_ensemble_policy_fini(&s->policy);
    hpo_gp_surrogate_destroy(s->process);
    hpo_gp_feasibility_destroy(s->feasibility);
    hpo_scalarised_fini(&s->scalarised);
    free(s->configs);
    free(s->values);
    free(s->used);
    free(s->finalists);
}

/* ---- the rows; false: it is too early for a model ---- */

static bool rows_of_rung(bo_state *s, hpo_view view, hpo_dataset *data) {
    const hpo_data_query query = {.policy = HPO_DATA_HIGHEST, .needed = (size_t)s->init, .only_successes = true};
    *data = hpo_observations_collect(s->policy.observations, view, &query);
    return data->n > 0;
}

static bool rows_of_all(bo_state *s, hpo_view view, hpo_dataset *data) {
    bool reached;
    const double full = s->policy.env.max_fidelity, enough = (double)s->init * full * (1 - 1e-12);
    if (hpo_ensemble_spent(s->policy.observations, view, full, &reached) < enough) return false;
    const hpo_data_query query = {.policy = HPO_DATA_JOINT};
    *data = hpo_observations_collect(s->policy.observations, view, &query);
    return data->n > data->n_failed; /* there is a loss to improve on */
}

/* ---- the candidates ---- */

/* What they are valued by: the process, asked about a fidelity. */
static hpo_maximize condition(bo_state *s, hpo_view view, const hpo_dataset *data, double fidelity) {
    s->posterior = hpo_gp_surrogate_condition(s->process, data, fidelity);
    hpo_maximize problem = {
        .space = s->policy.env.space,
        .surrogate = &s->posterior,
        .acquisition = {.kind = HPO_ACQUISITION_LCB},
        .view = view,
        .candidates = (size_t)s->candidates,
    };
    bool improves;
    hpo_gp_feasibility_condition(s->feasibility, view, data, fidelity, s->process, &problem, &improves);
    if (improves) {
        problem.acquisition =
            (hpo_acquisition){.kind = (hpo_acquisition_kind)s->acquisition, .best = hpo_gp_surrogate_best(s->process)};
    }
    hpo_gp_surrogate_bound(s->process, &problem);
    return problem;
}

static void draw_candidates(bo_state *s, hpo_view view, size_t draws, base_rng *rng) {
    const hpo_space *space = s->policy.env.space;
    base_err err;
    s->count = 0;
    for (size_t i = 0; i < draws; i++) {
        double *config = s->configs + s->count * hpo_space_count(space);
        if (hpo_space_sample(space, rng, config, &err) != BASE_OK) break;
        if (!hpo_view_has_config(view, config)) s->count++;
    }
    memset(s->used, 0, s->count * sizeof *s->used);
}

/* The candidate with the highest value that is not used, of equal ones the first; SIZE_MAX: all are. */
static size_t best_candidate(const bo_state *s) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->used[i] && (best == SIZE_MAX || s->values[i] > s->values[best])) best = i;
    }
    return best;
}

/* Leaves the candidates with the highest values, best first, each once: finite spaces draw some often. */
static void keep_finalists(bo_state *s) {
    const hpo_space *space = s->policy.env.space;
    const size_t width = hpo_space_count(space);
    size_t kept = 0, best;
    while (kept < FINALISTS && (best = best_candidate(s)) != SIZE_MAX) {
        const double *config = s->configs + best * width;
        s->used[best] = true;
        bool twice = false;
        for (size_t k = 0; k < kept && !twice; k++) twice = hpo_space_equal(space, s->finalists + k * width, config);
        if (!twice) memcpy(s->finalists + kept++ * width, config, width * sizeof *config);
    }
    memcpy(s->configs, s->finalists, kept * width * sizeof *s->configs);
    memset(s->used, 0, kept * sizeof *s->used);
    s->count = kept;
}

static bool propose(bo_state *s, hpo_view view, const hpo_request *request, base_rng *rng, double *config) {
    const bool joint = s->model == MODEL_JOINT;
    hpo_dataset data;
    if (!(joint ? rows_of_all(s, view, &data) : rows_of_rung(s, view, &data))) return false;
    data = hpo_scalarise_drawn(&s->scalarised, view, &data, rng);
    hpo_maximize problem = condition(s, view, &data, joint ? request->fidelity : data.level);
    draw_candidates(s, view, problem.candidates, rng);
    if (s->count == 0) return false;
    hpo_maximize_values(&problem, s->configs, s->count, s->values);
    if (joint) {
        keep_finalists(s);
        problem = condition(s, view, &data, s->policy.env.max_fidelity);
        hpo_maximize_values(&problem, s->configs, s->count, s->values);
    }
    const size_t width = hpo_space_count(s->policy.env.space);
    memcpy(config, s->configs + best_candidate(s) * width, width * sizeof *config);
    return true;
}

static base_status bo_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                          base_err *err) {
    bo_state *s = self;
    base_rng rng = base_rng_stream(s->policy.env.seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "model";
    if (propose(s, view, request, &rng, config)) return BASE_OK;
    return hpo_ensemble_policy_ask(&s->policy, view, request, config, origin, err);
}

const hpo_sampler_type hpo_sampler_priorband_bo = {
    .name = "priorband-bo",
    .summary = "PriorBand's mixture first, later the expected improvement of a Gaussian process",
    .options = bo_options,
    .flags = HPO_SAMPLER_NEEDS_PRIOR | HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(bo_state),
    .init = bo_init,
    .ask = bo_ask,
    .fini = bo_fini,
};
