/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bayesian optimisation with a Gaussian process (J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization
 * of Machine Learning Algorithms", NeurIPS 2012).
 *
 * Random points first; then: transform the losses, fit the hyperparameters, condition on all results and on what is
 * running, maximise the acquisition. The improvement is counted from the least posterior mean at an observed point, not
 * from the least observed value, which noise makes too good.
 *
 * The hyperparameters of n results are those fitted at the milestone m <= n, from the first m results alone, beginning
 * at those of the largest power of two below m. So they follow from the view, a refit is needed for one suggestion in
 * many only, and a warm start costs a fifth more at most when it must be computed again from nothing. Fits and factors
 * are kept between calls under the data that they were made from.
 *
 * Past MAX_ROWS results the process stands on a subset of them (hpo/models/subset.h); a fit on MAX_FIT at most. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp.h"
#include "hpo/models/gp_fit.h"
#include "hpo/models/maximize.h"
#include "hpo/models/observations.h"
#include "hpo/models/subset.h"
#include "hpo/models/transform.h"
#include "hpo/samplers/sampler.h"

enum { MAX_ROWS = 1000, MAX_FIT = 400, FIRST_START = 16, EVERY = 24, FITS = 32, ELITES = 5 };
static const double FIT_WORK = 4e6; /* rows^2 x dimensions of a fit, at most */
enum { CANDIDATE_WORK = 400000 };   /* candidates x rows, at most */

/* One fit, under the number and the hash of the results it was made from. */
typedef struct fitted {
    size_t m;
    uint64_t hash;
    double *theta;
} fitted;

typedef struct gp_state {
    int acquisition, kernel, data;
    int64_t startup, candidates;
    double kappa, prior_weight, random;
    bool prior;
    const hpo_space *space;
    hpo_sampler_env env;
    hpo_observations *observations;
    hpo_embedding embedding;
    hpo_gp *gp;
    fitted fits[FITS]; /* a ring */
    size_t next_fit;
} gp_state;

static const char *const acquisitions[] = {"logei", "ei", "pi", "lcb", NULL};
static const char *const kernels[] = {"matern", "rbf", NULL};
enum { DATA_HIGHEST, DATA_JOINT };
static const char *const data_names[] = {"highest", "joint", NULL};

static const base_option gp_options[] = {
    {.name = "acquisition",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(gp_state, acquisition),
     .fallback = "logei",
     .choices = acquisitions,
     .help = "what the next point maximises"},
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
    if (state->prior && !hpo_space_has_prior(env->space)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "prior: true needs a parameter with a prior, e.g. learning_rate: {min: 1e-5, max: 1.0, log: "
                         "true, prior: 1e-2}");
    }
    if (state->data == DATA_JOINT && !(env->max_fidelity > env->min_fidelity)) state->data = DATA_HIGHEST;
    state->space = env->space;
    state->env = *env;
    state->observations = hpo_observations_create(env->space);
    state->embedding = hpo_embedding_make(env->space, state->data == DATA_JOINT ? 1 : 0);
    state->gp = hpo_gp_create(&state->embedding, (hpo_kernel_kind)state->kernel);
    return BASE_OK;
}

static void gp_fini(void *self) {
    gp_state *state = self;
    for (size_t i = 0; i < FITS; i++) free(state->fits[i].theta);
    hpo_gp_destroy(state->gp);
    hpo_embedding_free(&state->embedding);
    hpo_observations_destroy(state->observations);
}

/* ---- inputs of the model: the unit cube, and the fidelity as one more coordinate ---- */

static double fidelity_coordinate(const gp_state *state, double fidelity) {
    const double low = state->env.min_fidelity, high = state->env.max_fidelity;
    const double u = low > 0 ? log(fidelity / low) / log(high / low) : (fidelity - low) / (high - low);
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

static double *model_inputs(const gp_state *state, const double *unit, const double *fidelity, size_t n) {
    const size_t own = hpo_space_dims(state->space), dims = state->embedding.dims;
    double *x = base_malloc((n * dims + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        if (own > 0) memcpy(x + i * dims, unit + i * own, own * sizeof *x);
        if (dims > own) x[i * dims + own] = fidelity_coordinate(state, fidelity[i]);
    }
    return x;
}

/* Rows of the subset, gathered: points and transformed losses. */
typedef struct gathered {
    double *x, *y;
    size_t n;
} gathered;

static gathered gather(const gp_state *state, const double *x, const double *loss, size_t n, size_t limit) {
    const size_t dims = state->embedding.dims;
    size_t *chosen = base_malloc((n + 1) * sizeof *chosen);
    double *y = base_malloc((n + 1) * sizeof *y);
    hpo_transform_losses(loss, n, y);
    gathered g = {.n = hpo_subset(x, dims, loss, n, limit, chosen)};
    g.x = base_malloc((g.n * (dims + 1) + 1) * sizeof *g.x);
    g.y = g.x + g.n * dims;
    for (size_t i = 0; i < g.n; i++) {
        if (dims > 0) memcpy(g.x + i * dims, x + chosen[i] * dims, dims * sizeof *x);
        g.y[i] = y[chosen[i]];
    }
    free(y);
    free(chosen);
    return g;
}

/* ---- hyperparameters ---- */

/* The last number of results <= n at which there is a fit: every one at first, then each an eighth after the last. */
static size_t milestone(size_t n) {
    size_t m = n < EVERY ? n : EVERY;
    while (m + m / 8 <= n && m >= EVERY) m += m / 8;
    return m;
}

static size_t power_of_two_below(size_t m) {
    size_t power = 1;
    while (2 * power < m) power *= 2;
    return power;
}

static uint64_t hash_of(const gp_state *state, const double *x, const double *loss, size_t m) {
    const uint64_t parts[2] = {base_hash64(x, m * state->embedding.dims * sizeof *x),
                               base_hash64(loss, m * sizeof *loss)};
    return base_hash64(parts, sizeof parts);
}

static const double *hyperparameters(gp_state *state, const double *x, const double *loss, size_t m) {
    const uint64_t hash = hash_of(state, x, loss, m);
    for (size_t i = 0; i < FITS; i++) {
        if (state->fits[i].m == m && state->fits[i].hash == hash) return state->fits[i].theta;
    }
    const size_t dims = state->embedding.dims;
    const double *start = m > FIRST_START ? hyperparameters(state, x, loss, power_of_two_below(m)) : NULL;
    const double limit = sqrt(FIT_WORK / (double)(dims + 1));
    gathered g = gather(state, x, loss, m, limit < MAX_FIT ? (size_t)limit : MAX_FIT);
    const hpo_gp_data data = {
        .embedding = &state->embedding, .kernel = (hpo_kernel_kind)state->kernel, .unit = g.x, .y = g.y, .n = g.n};
    double *theta = base_malloc((dims + 2) * sizeof *theta);
    hpo_gp_fit(&data, start, theta);
    free(g.x);
    fitted *slot = &state->fits[state->next_fit++ % FITS];
    free(slot->theta);
    *slot = (fitted){.m = m, .hash = hash, .theta = theta};
    return theta;
}

/* ---- the model and what it is asked ---- */

static void condition(gp_state *state, const double *theta, const gathered *rows, size_t block,
                      const hpo_dataset *data) {
    double *pending = model_inputs(state, data->pending_unit, data->pending_fidelity, data->n_pending);
    const hpo_gp_points points = {
        .unit = rows->x, .y = rows->y, .n = rows->n, .block = block, .pending = pending, .n_pending = data->n_pending};
    hpo_gp_condition(state->gp, theta, &points);
    free(pending);
}

/* The least posterior mean at an observed point; with the fidelity as an input, at the fidelity in question. */
static double best_mean(gp_state *state, const hpo_surrogate *surrogate, const gathered *rows) {
    double best = (double)INFINITY;
    if (state->data != DATA_JOINT) {
        for (size_t i = 0; i < rows->n; i++) best = fmin(best, hpo_gp_fitted(state->gp, i));
        return best;
    }
    const size_t dims = surrogate->dims, stride = state->embedding.dims;
    double *points = base_malloc((rows->n * (dims + 2) + 1) * sizeof *points);
    double *mean = points + rows->n * dims, *variance = mean + rows->n;
    for (size_t i = 0; i < rows->n && dims > 0; i++)
        memcpy(points + i * dims, rows->x + i * stride, dims * sizeof *points);
    surrogate->predict(surrogate->self, points, rows->n, mean, variance);
    for (size_t i = 0; i < rows->n; i++) best = fmin(best, mean[i]);
    free(points);
    return best;
}

/* The configurations of the best results, best first. */
static size_t find_elites(const gp_state *state, hpo_view view, const hpo_dataset *data, double *elites) {
    const size_t width = hpo_space_count(state->space);
    size_t rows[ELITES], count = 0;
    for (size_t i = 0; i < data->n; i++) {
        if (!isfinite(data->loss[i])) continue;
        size_t at = count < ELITES ? count++ : ELITES;
        if (at == ELITES && !(data->loss[i] < data->loss[rows[ELITES - 1]])) continue;
        if (at == ELITES) at--;
        for (; at > 0 && data->loss[i] < data->loss[rows[at - 1]]; at--) rows[at] = rows[at - 1];
        rows[at] = i;
    }
    for (size_t k = 0; k < count; k++) {
        memcpy(elites + k * width, hpo_view_trial(view, data->trial[rows[k]]).config, width * sizeof *elites);
    }
    return count;
}

static bool suggest(gp_state *state, hpo_view view, const hpo_dataset *data, double level, base_rng *rng,
                    double *config) {
    double *x = model_inputs(state, data->unit, data->fidelity, data->n);
    const size_t m = milestone(data->n);
    const double *theta = hyperparameters(state, x, data->loss, m);
    gathered rows = gather(state, x, data->loss, data->n, MAX_ROWS);
    free(x);
    condition(state, theta, &rows, data->n > MAX_ROWS ? rows.n : m, data);
    const double tail = fidelity_coordinate(state, level);
    const hpo_surrogate surrogate = hpo_gp_surrogate(state->gp, hpo_space_dims(state->space), &tail);
    double *elites = base_malloc((ELITES * hpo_space_count(state->space) + 1) * sizeof *elites);
    const size_t candidates = (size_t)state->candidates, most = CANDIDATE_WORK / rows.n;
    const hpo_maximize problem = {
        .space = state->space,
        .surrogate = &surrogate,
        .acquisition = {.kind = (hpo_acquisition_kind)state->acquisition,
                        .best = best_mean(state, &surrogate, &rows),
                        .kappa = state->kappa},
        .view = view,
        .elites = elites,
        .n_elites = find_elites(state, view, data, elites),
        .prior_exponent = state->prior ? state->prior_weight / (double)data->n : 0,
        .candidates = candidates < most ? candidates : most,
        .starts = data->n > 300 ? 3 : 6,
        .steps = data->n > 300 ? 12 : 25,
    };
    bool found;
    hpo_maximize_run(&problem, rng, config, &found);
    free(elites);
    free(rows.x);
    return found;
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
    if (enough && suggest(state, view, &data, level, &rng, config)) return BASE_OK;
    *origin = state->prior ? "prior" : "random";
    return state->prior ? hpo_space_sample_prior(state->space, &rng, config, err)
                        : hpo_space_sample(state->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_gp = {
    .name = "gp",
    .summary = "Bayesian optimisation with a Gaussian process",
    .options = gp_options,
    .flags = HPO_SAMPLER_SLOW,
    .state_size = sizeof(gp_state),
    .init = gp_init,
    .ask = gp_ask,
    .fini = gp_fini,
};
