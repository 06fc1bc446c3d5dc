/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bayesian optimization with a random forest, after SMAC.
 *
 * F. Hutter, H. H. Hoos, K. Leyton-Brown, "Sequential Model-Based Optimization for General Algorithm Configuration",
 * LION 5 (2011); settings of SMAC3's hyperparameter facade (M. Lindauer et al., "SMAC3", JMLR 23, 2022): 10 trees on
 * log-transformed losses, expected improvement over the best predicted loss, maximized by local search from the best
 * configurations and the best of random ones; one proposal in five is random.
 *
 * Data: the results of the highest fidelity that has `startup` successful ones; until there is one, proposals are
 * random, and so are as many as that fidelity is not to be trusted (trust.h). Failed evaluations count as the worst
 * success. A running trial is a row with the loss that a forest without it predicts (the "Kriging believer" of D.
 * Ginsbourger, R. Le Riche, L. Carraro, "Kriging is well-suited to parallelize optimization", 2010, section 3.2), so
 * that trees disagree less around it. A lie that does not depend on the place, such as the median, makes a good region
 * look bad for as long as it is looked at. An inactive number is -1 (all others lie in [0,1]), an inactive choice a
 * category of its own.
 *
 * The forest follows from the data alone (its bootstrap from the number of rows), so it is kept and compared: with the
 * same rows it is the same forest. With `retrain_after` k > 1 the view of the last result whose number is a multiple of
 * k gives the rows.
 *
 * Leaves have as many rows as the error outside the bag asks for (forest_leaf.c): one without noise, more with it.
 *
 * There is no probability of improvement: a forest is flat around its best point, so that every point of that flat has
 * one half of it and no other place has more. With `cost` a second forest is fitted to log cost.
 *
 * With constraints a forest for each is fitted to its excess, the improvement is counted from feasible results, and
 * multiplied by the probability that all constraints are met (hpo/models/feasibility.h). Several goals are made one,
 * another one for each proposal (hpo/models/chebyshev.h), so that the forest is, too.
 *
 * Different: SMAC retrains after 8 proposals and does not know of running trials; its leaves are pure; it uses a
 * fidelity from its first result on; its initial design is a Sobol sequence. With `prior: true` the acquisition is
 * multiplied by prior^(prior_weight/n) (C. Hvarfner et al., "piBO", ICLR 2022, equation 6), n the number of results,
 * and random proposals are drawn from the priors. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/chebyshev.h"
#include "hpo/models/feasibility.h"
#include "hpo/models/forest_leaf.h"
#include "hpo/models/log_target.h"
#include "hpo/models/maximize.h"
#include "hpo/models/observations.h"
#include "hpo/samplers/cost.h"
#include "hpo/samplers/trust.h"

enum { ELITES = 10 };
#define MODEL           UINT32_C(0x40000000) /* sets the model's streams apart from those of random points */
#define COST            UINT32_C(0x80000000) /* and the bootstrap of the costs from that of the losses */
#define CONSTRAINT      UINT32_C(0x20000000) /* and that of the constraints, from here up, in steps of that size below */
#define CONSTRAINT_STEP UINT32_C(0x01000000)
static const double LEAST_VARIANCE = 1e-10; /* SMAC's floor: trees that agree */

typedef struct rows {
    double *features, *targets;
    size_t n, known, features_capacity, targets_capacity; /* known: those with a result, the first ones */
} rows;

/* A forest on the excess over a constraint. */
typedef struct excess_model {
    const struct rf_state *state;
    hpo_forest *forest; /* NULL: not needed yet */
} excess_model;

typedef struct rf_state {
    int64_t trees, startup, retrain_after, candidates;
    double random, prior_weight, kappa;
    int acquisition;
    const char *cost;
    bool prior;
    const hpo_space *space;
    uint64_t seed;
    double max_fidelity;
    size_t dims;
    size_t *categories; /* by dimension; 0 = number */
    hpo_observations *observations, *earlier;
    hpo_forest *forest, *spare, *cost_forest;
    rows now, fitted, cost_fitted;
    hpo_selection costs;
    hpo_scalarised scalarised;
    excess_model excess[HPO_MAX_CONSTRAINTS];
    hpo_selection excess_rows;
    bool *feasible; /* by row of the data */
    size_t feasible_capacity;
    bool improves; /* there is a feasible one */
    double best;   /* least predicted target of a feasible result */
    size_t tree;   /* Thompson sampling: the one that is asked */
    double *leaves;
    double *scratch, *configs;
    size_t scratch_capacity;
} rf_state;

enum { LOGEI, LCB, THOMPSON };
static const char *const acquisitions[] = {"logei", "lcb", "thompson", NULL};

static const base_option rf_options[] = {
    {.name = "trees",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(rf_state, trees),
     .fallback = "10",
     .min = 2,
     .max = 1000,
     .help = "trees of the forest"},
    {.name = "startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(rf_state, startup),
     .fallback = "10",
     .min = 2,
     .max = 1e6,
     .help = "successful results of one fidelity before a forest is fitted to them"},
    {.name = "acquisition",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(rf_state, acquisition),
     .fallback = "logei",
     .choices = acquisitions,
     .help = "what the next point maximizes: logei: expected improvement of the loss, lcb: a confidence bound of its "
             "logarithm, thompson: the prediction of one tree, drawn anew for every point"},
    {.name = "kappa",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(rf_state, kappa),
     .fallback = "2",
     .min = 0,
     .max = 100,
     .help = "lcb: deviations below the mean"},
    {.name = "cost",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(rf_state, cost),
     .fallback = "none",
     .help = HPO_COST_HELP},
    {.name = "random",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(rf_state, random),
     .fallback = "0.2",
     .max = 1,
     .help = "share of proposals that are drawn at random all the same"},
    {.name = "retrain_after",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(rf_state, retrain_after),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "new results before the forest is fitted again"},
    {.name = "candidates",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(rf_state, candidates),
     .fallback = "1000",
     .min = 1,
     .max = 1e6,
     .help = "random configurations that are compared before the best are climbed from"},
    {.name = "prior",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(rf_state, prior),
     .fallback = "false",
     .help = "draw from the priors instead of at random, and weigh the acquisition by them (piBO)"},
    {.name = "prior_weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(rf_state, prior_weight),
     .fallback = "10",
     .max = 1e6,
     .help = "after n results the priors count to the power of prior_weight/n"},
    BASE_OPTIONS_END,
};

static base_status rf_init(void *self, const hpo_sampler_env *env, base_err *err) {
    rf_state *state = self;
    state->space = env->space;
    state->seed = env->seed;
    state->max_fidelity = env->max_fidelity;
    state->dims = hpo_space_dims(env->space);
    state->categories = base_calloc(state->dims + 1, sizeof *state->categories);
    for (size_t dim = 0; dim < state->dims; dim++) {
        const hpo_param *param = hpo_space_param(env->space, hpo_space_dim_param(env->space, dim));
        if (param->kind == HPO_CATEGORICAL) state->categories[dim] = param->n_choices + 1;
    }
    state->observations = hpo_observations_create(env->space);
    state->earlier = hpo_observations_create(env->space);
    state->forest = hpo_forest_create(state->dims, state->categories, (size_t)state->trees);
    state->spare = hpo_forest_create(state->dims, state->categories, (size_t)state->trees);
    state->configs = base_calloc(ELITES * hpo_space_count(env->space), sizeof *state->configs);
    state->leaves = base_calloc((size_t)state->trees, sizeof *state->leaves);
    const bool divides = state->acquisition == LOGEI;
    BASE_TRY(hpo_cost_check(state->cost, acquisitions[state->acquisition], divides, env, err));
    if (!hpo_cost_none(state->cost)) {
        state->cost_forest = hpo_forest_create(state->dims, state->categories, (size_t)state->trees);
    }
    return state->prior ? hpo_sampler_check_prior(env, err) : BASE_OK;
}

static void rows_fini(rows *r) {
    free(r->features);
    free(r->targets);
}

static void rf_fini(void *self) {
    rf_state *state = self;
    free(state->categories);
    hpo_observations_destroy(state->observations);
    hpo_observations_destroy(state->earlier);
    hpo_forest_destroy(state->forest);
    hpo_forest_destroy(state->spare);
    hpo_forest_destroy(state->cost_forest);
    rows_fini(&state->now);
    rows_fini(&state->fitted);
    rows_fini(&state->cost_fitted);
    for (size_t c = 0; c < HPO_MAX_CONSTRAINTS; c++) hpo_forest_destroy(state->excess[c].forest);
    hpo_selection_fini(&state->excess_rows);
    free(state->feasible);
    hpo_selection_fini(&state->costs);
    hpo_scalarised_fini(&state->scalarised);
    free(state->scratch);
    free(state->leaves);
    free(state->configs);
}

/* ---- the rows ---- */

/* From the unit cube to what the forest can split. */
static void encode(const rf_state *state, const double *unit, size_t count, double *features) {
    for (size_t i = 0; i < count; i++, unit += state->dims, features += state->dims) {
        for (size_t dim = 0; dim < state->dims; dim++) {
            const double u = unit[dim];
            const double choices = (double)state->categories[dim] - 1;
            if (choices < 0) {
                features[dim] = isnan(u) ? -1 : u;
            } else {
                features[dim] = isnan(u) ? choices : fmin(floor(u * choices), choices - 1);
            }
        }
    }
}

/* Results, then running trials, whose targets are not known yet. */
static void make_rows(rf_state *state, const hpo_dataset *data) {
    rows *r = &state->now;
    r->known = data->n;
    r->n = data->n + data->n_pending;
    BASE_GROW(r->features, r->features_capacity, r->n * state->dims + 1);
    BASE_GROW(r->targets, r->targets_capacity, r->n);
    encode(state, data->unit, data->n, r->features);
    encode(state, data->pending_unit, data->n_pending, r->features + data->n * state->dims);
    hpo_log_targets(data->loss, data->n, r->targets);
}

static bool same_rows(const rows *a, const rows *b, size_t dims) {
    return a->n == b->n && a->known == b->known && memcmp(a->targets, b->targets, a->known * sizeof *a->targets) == 0 &&
           memcmp(a->features, b->features, a->n * dims * sizeof *a->features) == 0;
}

/* Whether state->now holds other rows than those that were fitted; it holds those then. */
static bool take_rows(rf_state *state, rows *fitted) {
    if (same_rows(&state->now, fitted, state->dims)) return false;
    const rows swap = *fitted;
    *fitted = state->now;
    state->now = swap;
    return true;
}

/* Running trials do as a forest without them says. */
static void believe(rf_state *state, size_t leaf) {
    rows *r = &state->fitted;
    const size_t running = r->n - r->known;
    BASE_GROW(state->scratch, state->scratch_capacity, running);
    hpo_forest_predict(state->forest, r->features + r->known * state->dims, running, r->targets + r->known,
                       state->scratch);
    hpo_forest_fit(state->forest, r->features, r->targets, r->n, true, leaf, state->seed, (uint32_t)r->n);
}

static void fit(rf_state *state, const hpo_dataset *data) {
    make_rows(state, data);
    if (take_rows(state, &state->fitted)) {
        const rows *r = &state->fitted;
        const size_t leaf = hpo_forest_fit_leaf(&state->forest, &state->spare, r->features, r->targets, r->known, true,
                                                state->seed, (uint32_t)r->known);
        if (r->n > r->known) believe(state, leaf);
    }
    BASE_GROW(state->scratch, state->scratch_capacity, 2 * data->n);
    double *mean = state->scratch;
    hpo_forest_predict(state->forest, state->fitted.features, data->n, mean, mean + data->n);
    BASE_GROW(state->feasible, state->feasible_capacity, data->n + 1);
    state->improves = hpo_feasible_rows(data, state->feasible) > 0;
    state->best = (double)INFINITY;
    for (size_t i = 0; i < data->n; i++)
        if (state->feasible[i] || !state->improves) state->best = fmin(state->best, mean[i]);
}

/* How many constraints there are to predict: none as long as no row says how far it is from them. */
static size_t fit_excess(rf_state *state, hpo_view view, const hpo_dataset *data) {
    const size_t count = hpo_view_constraints(view).count;
    for (size_t c = 0; c < count; c++) {
        excess_model *model = &state->excess[c];
        if (!model->forest) model->forest = hpo_forest_create(state->dims, state->categories, (size_t)state->trees);
        model->state = state;
        const hpo_dataset known = hpo_excess_collect(&state->excess_rows, data, c);
        if (known.n == 0) return 0;
        BASE_GROW(state->scratch, state->scratch_capacity, known.n * state->dims + 1);
        encode(state, known.unit, known.n, state->scratch);
        hpo_forest_fit(model->forest, state->scratch, known.loss, known.n, false, 1, state->seed,
                       (uint32_t)known.n ^ (CONSTRAINT + (uint32_t)c * CONSTRAINT_STEP));
    }
    return count;
}

/* A forest on log cost; *known false: no cost is known. */
static base_status fit_cost(rf_state *state, hpo_view view, const hpo_dataset *data, bool *known, base_err *err) {
    hpo_dataset costs = {0};
    *known = false;
    if (!state->cost_forest) return BASE_OK;
    BASE_TRY(hpo_costs_collect(&state->costs, view, data, state->cost, &costs, err));
    if (costs.n == 0) return BASE_OK;
    rows *r = &state->now;
    r->n = r->known = costs.n;
    BASE_GROW(r->features, r->features_capacity, r->n * state->dims + 1);
    BASE_GROW(r->targets, r->targets_capacity, r->n);
    encode(state, costs.unit, costs.n, r->features);
    memcpy(r->targets, costs.loss, costs.n * sizeof *r->targets);
    if (take_rows(state, &state->cost_fitted)) {
        const rows *fitted = &state->cost_fitted;
        hpo_forest_fit(state->cost_forest, fitted->features, fitted->targets, fitted->n, true, 1, state->seed,
                       (uint32_t)fitted->n ^ COST);
    }
    *known = true;
    return BASE_OK;
}

/* ---- which rows ---- */

static hpo_data_query query_of(const rf_state *state) {
    return (hpo_data_query){.policy = HPO_DATA_HIGHEST, .needed = (size_t)state->startup, .only_successes = true};
}

/* The event at which a trial's result at a fidelity came in. */
static uint64_t event_of(hpo_view view, uint64_t id, double fidelity) {
    const hpo_trial trial = hpo_view_trial(view, id);
    for (size_t e = 0; e < trial.n_evals; e++) {
        if (trial.evals[e].fidelity == fidelity) return trial.evals[e].event;
    }
    for (size_t i = 0; i < trial.n_reports; i++) {
        if (trial.reports[i].step == fidelity) return trial.reports[i].event;
    }
    return trial.n_reports > 0 ? trial.reports[trial.n_reports - 1].event : trial.created;
}

/* What the forest is fitted to: what is known now, or what was known when it was last due. */
static hpo_dataset training_data(rf_state *state, hpo_view view) {
    const hpo_data_query query = query_of(state);
    const hpo_dataset data = hpo_observations_collect(state->observations, view, &query);
    const size_t late = data.n % (size_t)state->retrain_after;
    if (late == 0 || data.n - late < (size_t)state->startup) return data;
    const uint64_t due = event_of(view, data.trial[data.n - late - 1], data.level);
    const hpo_dataset before = hpo_observations_collect(state->earlier, hpo_history_at(view.history, due + 1), &query);
    return before.n > 0 ? before : data;
}

/* ---- proposing ---- */

/* What the maximizer's LCB with kappa 0 hands through. */
static double minus_acquisition(const rf_state *state, double mean, double variance) {
    if (state->acquisition == LCB) return mean - state->kappa * sqrt(variance);
    return -hpo_log_target_log_ei(state->best, mean, variance);
}

/* As the mean of a model without variance. */
static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    rf_state *state = self;
    BASE_GROW(state->scratch, state->scratch_capacity, count * state->dims + 1);
    encode(state, points, count, state->scratch);
    if (state->acquisition != THOMPSON) hpo_forest_predict(state->forest, state->scratch, count, mean, variance);
    for (size_t i = 0; i < count; i++) {
        if (state->acquisition == THOMPSON) {
            hpo_forest_leaves(state->forest, state->scratch + i * state->dims, state->leaves);
            mean[i] = state->leaves[state->tree];
        } else {
            mean[i] = minus_acquisition(state, mean[i], fmax(variance[i], LEAST_VARIANCE));
        }
        variance[i] = 0;
    }
}

static void predict_cost(void *self, const double *points, size_t count, double *mean, double *variance) {
    rf_state *state = self;
    BASE_GROW(state->scratch, state->scratch_capacity, count * state->dims + 1);
    encode(state, points, count, state->scratch);
    hpo_forest_predict(state->cost_forest, state->scratch, count, mean, variance);
}

static void predict_excess(void *self, const double *points, size_t count, double *mean, double *variance) {
    const excess_model *model = self;
    const rf_state *state = model->state;
    double *features = base_malloc((count * state->dims + 1) * sizeof *features);
    encode(state, points, count, features);
    hpo_forest_predict(model->forest, features, count, mean, variance);
    for (size_t i = 0; i < count; i++) variance[i] = fmax(variance[i], LEAST_VARIANCE);
    free(features);
}

/* The best results, best first; their configurations in state->configs. */
static size_t find_elites(rf_state *state, hpo_view view, const hpo_dataset *data) {
    size_t best[ELITES], count = 0;
    for (size_t i = 0; i < data->n; i++) {
        size_t at = count;
        const hpo_member own = hpo_dataset_member(data, i);
        for (; at > 0; at--) {
            const hpo_member before = hpo_dataset_member(data, best[at - 1]);
            if (!hpo_member_better(&own, &before)) break;
        }
        if (at == ELITES) continue;
        if (count < ELITES) count++;
        memmove(best + at + 1, best + at, (count - 1 - at) * sizeof *best);
        best[at] = i;
    }
    const size_t width = hpo_space_count(state->space);
    for (size_t k = 0; k < count; k++) {
        memcpy(state->configs + k * width, hpo_view_trial(view, data->trial[best[k]]).config,
               width * sizeof *state->configs);
    }
    return count;
}

static bool propose(rf_state *state, hpo_view view, const hpo_dataset *data, bool cost_known, base_rng *rng,
                    double *config) {
    const hpo_surrogate surrogate = {.self = state, .dims = state->dims, .predict = predict};
    const hpo_surrogate cost = {.self = state, .dims = state->dims, .predict = predict_cost};
    if (state->acquisition == THOMPSON) state->tree = (size_t)base_rng_below(rng, (uint64_t)state->trees);
    hpo_surrogate excess[HPO_MAX_CONSTRAINTS];
    const size_t constraints = fit_excess(state, view, data);
    for (size_t c = 0; c < constraints; c++)
        excess[c] = (hpo_surrogate){.self = &state->excess[c], .dims = state->dims, .predict = predict_excess};
    const hpo_maximize problem = {
        .space = state->space,
        .surrogate = state->improves ? &surrogate : NULL,
        .acquisition = {.kind = HPO_ACQUISITION_LCB, .kappa = 0},
        .view = view,
        .elites = state->configs,
        .n_elites = find_elites(state, view, data),
        .prior_exponent = state->prior ? state->prior_weight / (double)data->n : 0,
        .cost = cost_known ? &cost : NULL,
        .excess = excess,
        .n_excess = constraints,
        .candidates = (size_t)state->candidates,
    };
    bool found;
    hpo_maximize_run(&problem, rng, config, &found);
    return found;
}

static base_status rf_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                          base_err *err) {
    rf_state *state = self;
    const uint32_t trial = (uint32_t)request->trial;
    base_rng model = base_rng_stream(state->seed, BASE_RNG_SAMPLER, trial, request->attempt ^ MODEL);
    if (base_rng_uniform(&model) >= state->random) {
        hpo_dataset data = training_data(state, view);
        const double trust = hpo_trust(state->observations, view, data.level, state->max_fidelity);
        if (data.n > 0 && hpo_trust_follows(trust, state->random, state->seed, request)) {
            *origin = "model";
            bool cost_known;
            data = hpo_scalarise_drawn(&state->scalarised, view, &data, &model);
            BASE_TRY(fit_cost(state, view, &data, &cost_known, err));
            fit(state, &data);
            if (propose(state, view, &data, cost_known, &model, config)) return BASE_OK;
        }
    }
    base_rng rng = base_rng_stream(state->seed, BASE_RNG_SAMPLER, trial, request->attempt); /* as random search */
    *origin = state->prior ? "prior" : "random";
    return state->prior ? hpo_space_sample_prior(state->space, &rng, config, err)
                        : hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_rf = {
    .name = "rf",
    .summary = "Bayesian optimization with a random forest (SMAC)",
    .options = rf_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(rf_state),
    .init = rf_init,
    .ask = rf_ask,
    .fini = rf_fini,
};
