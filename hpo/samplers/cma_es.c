/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CMA-ES with active update, margins for levels and choices, and restarts; its search distribution and the papers are
 * in hpo/models/cma.h.
 *
 * Numbers are searched in the unit cube, beginning in its middle. A generation is `population` results in the order in
 * which they come, so that nobody waits and every result counts once: with several workers some of them were drawn from
 * a distribution that has moved on since, and are cut as points from elsewhere are. Results of different fidelities are
 * never compared: each fidelity fills generations of its own. Failed trials come last.
 *
 * Everything follows from the view: the distribution is a fold of its records. What was drawn for a trial is more than
 * its configuration tells (where on a level, what of an inactive parameter), so it is drawn again, from the
 * distribution as it was when the trial was asked for. */
#include "hpo/samplers/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/cma.h"
#include "hpo/trials/order.h"

enum { MAX_DRAWS = 100, MAX_OUTSIDE = 10, MAX_ATTEMPTS = 64 };
#define RESTART UINT32_C(0xfffffffe) /* what = ... of the stream; an attempt never gets there */
static const char ORIGIN[] = "cma-es";

typedef enum restarts { RESTARTS_NONE, RESTARTS_IPOP, RESTARTS_BIPOP } restarts;

/* What was drawn for a trial. */
typedef struct drawn {
    double *point;
    uint64_t run; /* the restart that it belongs to; UINT64_MAX: from elsewhere, of any */
    uint64_t as_of;
} drawn;

/* Results of one fidelity that have not made a generation yet. */
typedef struct batch {
    double fidelity;
    hpo_member *items;
    size_t count, capacity;
} batch;

typedef struct cma_es {
    int64_t population;
    double sigma;
    int covariance, restarts;
    bool prior;
    const hpo_space *space;
    uint64_t seed;
    /* coordinates of a point: numbers, then choices; by each the dimension of the unit cube */
    size_t n, n_choices, *dims;
    bool *stepped;
    size_t *levels;
    double *start, *weights;       /* the first mean; probabilities of levels */
    double *unit, *config, *point; /* scratch */
    /* the fold */
    hpo_cma *cma;
    size_t lambda, large; /* of this run; of the last one with a large population */
    uint64_t run, run_results, large_results, spent_large, spent_small;
    bool is_small;
    const hpo_history *history;
    uint64_t position, updated; /* records of it that were read, and when the distribution last changed */
    drawn *trials;
    size_t n_trials, trials_capacity;
    uint64_t not_ours; /* of them: configurations that no sampler was asked for */
    batch *batches;
    size_t n_batches, batches_capacity;
} cma_es;

static const char *const covariances[] = {"full", "separable", NULL};
static const char *const restart_names[] = {"none", "ipop", "bipop", NULL};

static const base_option cma_es_options[] = {
    {.name = "population",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(cma_es, population),
     .fallback = "0",
     .max = 1e6,
     .help = "results of a generation; 0: 4 + 3 ln d of d parameters"},
    {.name = "sigma",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(cma_es, sigma),
     .fallback = "0.3",
     .max = 10,
     .open_min = true,
     .help = "first standard deviation, as a fraction of every range"},
    {.name = "covariance",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(cma_es, covariance),
     .fallback = "full",
     .choices = covariances,
     .help = "separable: no correlations, learned faster; for hundreds of parameters"},
    {.name = "restarts",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(cma_es, restarts),
     .fallback = "ipop",
     .choices = restart_names,
     .help = "when a run has ended: ipop: twice the population; bipop: large and small populations by turns"},
    {.name = "prior",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(cma_es, prior),
     .fallback = "false",
     .help = "begin at the priors' modes"},
    BASE_OPTIONS_END,
};

/* ---- coordinates ---- */

static const hpo_param *param_of(const cma_es *s, size_t coordinate) {
    return hpo_space_param(s->space, hpo_space_dim_param(s->space, s->dims[coordinate]));
}

/* The value of level k of those that have a probability. */
static double level_value(const hpo_param *param, size_t k) {
    if (param->kind == HPO_FLOAT || param->kind == HPO_INT) return k == 0 ? param->min : param->max;
    size_t index = 0;
    for (; param->probabilities && (param->probabilities[index] <= 0 || k > 0); index++)
        k -= param->probabilities[index] > 0;
    return (double)(param->probabilities ? index : k);
}

static size_t possible_levels(const hpo_param *param) {
    size_t count = 0;
    for (size_t k = 0; k < param->n_choices; k++) count += !param->probabilities || param->probabilities[k] > 0;
    return param->kind == HPO_FLOAT || param->kind == HPO_INT ? (size_t)hpo_param_levels(param) : count;
}

/* Two levels have no distance to learn. */
static bool is_choice(const hpo_param *param) {
    return param->kind == HPO_CATEGORICAL || possible_levels(param) == 2;
}

static hpo_cma_bin bin_of(const void *context, size_t number, double value) {
    const cma_es *s = context;
    const hpo_param *param = param_of(s, number);
    const double level = hpo_param_from_unit(param, fmin(fmax(value, 0), 1));
    hpo_cma_bin bin = {.centre = hpo_param_to_unit(param, level)};
    hpo_param_bin(param, level, &bin.low, &bin.high);
    if (level <= hpo_param_from_unit(param, 0)) bin.low = -INFINITY;
    if (level >= hpo_param_from_unit(param, 1)) bin.high = INFINITY;
    return bin;
}

/* Numbers first, then choices; what has one value is no coordinate. */
static void list_coordinates(cma_es *s) {
    const size_t dims = hpo_space_dims(s->space);
    for (int choices = 0; choices < 2; choices++)
        for (size_t d = 0; d < dims; d++) {
            const hpo_param *param = hpo_space_param(s->space, hpo_space_dim_param(s->space, d));
            if (is_choice(param) != (choices == 1) || possible_levels(param) == 1) continue;
            s->dims[s->n + s->n_choices] = d;
            if (choices)
                s->levels[s->n_choices++] = possible_levels(param);
            else
                s->stepped[s->n++] = hpo_param_levels(param) > 0 || param->kind == HPO_ORDINAL;
        }
}

/* How often a choice's level is drawn at first: as the base measure has it, or the prior. */
static double first_weight(const cma_es *s, const hpo_param *param, double value) {
    if (s->prior && param->prior.given) return exp(hpo_param_log_prior(param, value));
    return param->probabilities ? param->probabilities[(size_t)value] : 1;
}

static void set_start(cma_es *s) {
    for (size_t i = 0; i < s->n; i++) {
        const hpo_param *param = param_of(s, i);
        const bool given = s->prior && param->prior.given;
        s->start[i] = given ? hpo_param_to_unit(param, param->prior.center) : 0.5;
    }
    size_t total = 0;
    for (size_t c = 0; c < s->n_choices; c++) total += s->levels[c];
    double *w = s->weights = base_calloc(total + 1, sizeof *s->weights);
    for (size_t c = 0; c < s->n_choices; w += s->levels[c++]) {
        double sum = 0;
        for (size_t k = 0; k < s->levels[c]; k++) {
            const hpo_param *param = param_of(s, s->n + c);
            sum += w[k] = first_weight(s, param, level_value(param, k));
        }
        for (size_t k = 0; k < s->levels[c]; k++) w[k] /= sum;
    }
}

/* ---- runs ---- */

static void begin_run(cma_es *s, size_t lambda, double sigma, const double *mean) {
    hpo_cma_destroy(s->cma);
    s->lambda = lambda;
    s->run_results = 0;
    s->cma = hpo_cma_create(&(hpo_cma_config){.n = s->n,
                                              .stepped = s->stepped,
                                              .bin = bin_of,
                                              .context = s,
                                              .n_choices = s->n_choices,
                                              .levels = s->levels,
                                              .probabilities = s->weights,
                                              .separable = s->covariance == 1,
                                              .lambda = lambda,
                                              .mean = mean,
                                              .sigma = sigma});
    for (size_t i = 0; i < s->n_batches; i++) s->batches[i].count = 0;
}

static size_t first_lambda(const cma_es *s) {
    const size_t least = s->population > 0 ? (size_t)s->population : hpo_cma_lambda(s->n + s->n_choices);
    return least < 2 ? 2 : least;
}

static void begin(cma_es *s) {
    for (size_t i = 0; i < s->n_trials; i++) free(s->trials[i].point);
    s->n_trials = 0;
    s->position = s->updated = s->run = s->not_ours = 0;
    s->large_results = s->spent_large = s->spent_small = 0;
    s->is_small = false;
    s->large = first_lambda(s);
    begin_run(s, s->large, s->sigma, s->start);
}

/* IPOP: A. Auger, N. Hansen, "A Restart CMA Evolution Strategy With Increasing Population Size", CEC 2005. BIPOP:
 * N. Hansen, "Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed", GECCO 2009: between runs of
 * growing populations, small ones with a smaller sigma, as long as these have had fewer results in sum. */
static void restart(cma_es *s) {
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)++s->run, RESTART);
    double sigma = s->sigma;
    size_t lambda = 2 * s->large;
    if (s->is_small)
        s->spent_small += s->run_results;
    else if (s->run > 1)
        s->spent_large += s->run_results; /* the first run is of neither kind */
    if (!s->is_small) s->large_results = s->run_results;
    s->is_small = s->restarts == RESTARTS_BIPOP && s->run > 1 && s->spent_small < s->spent_large;
    if (s->is_small) {
        const double least = (double)first_lambda(s), u = base_rng_uniform(&rng);
        lambda = (size_t)(least * pow(0.5 * (double)s->large / least, u * u));
        sigma *= pow(10, -2 * base_rng_uniform(&rng));
    } else {
        s->large = lambda;
    }
    for (size_t i = 0; i < s->n; i++) s->point[i] = base_rng_uniform(&rng);
    begin_run(s, lambda < 2 ? 2 : lambda, sigma, s->point);
}

static bool has_ended(const cma_es *s) {
    if (s->restarts == RESTARTS_NONE) return false;
    if (s->is_small && s->run_results > s->large_results / 2) return true;
    return hpo_cma_stopped(s->cma);
}

/* ---- drawing ---- */

static void decode(const cma_es *s, const double *point, double *config) {
    for (size_t d = 0; d < hpo_space_dims(s->space); d++) s->unit[d] = 0.5;
    for (size_t i = 0; i < s->n; i++) s->unit[s->dims[i]] = fmin(fmax(point[i], 0), 1);
    for (size_t i = s->n; i < s->n + s->n_choices; i++) {
        const hpo_param *param = param_of(s, i);
        s->unit[s->dims[i]] = hpo_param_to_unit(param, level_value(param, (size_t)point[i]));
    }
    hpo_space_from_unit(s->space, s->unit, config);
}

/* A point whose continuous numbers lie in the cube: drawn again some times, then put on its sides. False: all that was
 * drawn is forbidden. */
static bool draw(const cma_es *s, uint64_t number, uint32_t attempt, double *point, double *config) {
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)number, attempt);
    for (int n = 0; n < MAX_DRAWS; n++) {
        bool outside = false;
        hpo_cma_sample(s->cma, &rng, point);
        for (size_t i = 0; i < s->n; i++) {
            if (s->stepped[i] || (point[i] >= 0 && point[i] <= 1)) continue;
            outside = true;
            point[i] = point[i] < 0 ? 0 : 1;
        }
        if (outside && n < MAX_OUTSIDE) continue;
        decode(s, point, config);
        if (hpo_space_allowed(s->space, config)) return true;
    }
    return false;
}

/* ---- the fold ---- */

static void encode(const cma_es *s, const double *config, double *point) {
    for (size_t i = 0; i < s->n + s->n_choices; i++) {
        const hpo_param *param = param_of(s, i);
        const double value = config[hpo_space_dim_param(s->space, s->dims[i])];
        point[i] = NAN;
        if (isnan(value)) continue;
        if (i < s->n) point[i] = hpo_param_to_unit(param, value);
        for (size_t k = 0; i >= s->n && k < s->levels[i - s->n]; k++)
            if (level_value(param, k) == value) point[i] = (double)k;
    }
}

static bool draw_again(cma_es *s, const hpo_trial *trial, double *point) {
    if (!trial->origin || strcmp(trial->origin, ORIGIN) != 0) return false;
    for (uint32_t attempt = 0; attempt <= MAX_ATTEMPTS; attempt++) {
        if (draw(s, trial->id - s->not_ours, attempt, point, s->config) &&
            hpo_space_equal(s->space, s->config, trial->config))
            return true;
    }
    return false;
}

/* Whether the proposer made it without asking a sampler. */
static bool is_not_ours(const hpo_trial *trial) {
    return trial->origin && (strcmp(trial->origin, "try_first") == 0 || strcmp(trial->origin, "retry") == 0);
}

static void add_trial(cma_es *s, hpo_view view) {
    const hpo_trial trial = hpo_view_trial(view, s->n_trials);
    drawn added = {.point = base_calloc(s->n + s->n_choices + 1, sizeof(double)), .run = s->run, .as_of = trial.as_of};
    if (!draw_again(s, &trial, added.point)) {
        encode(s, trial.config, added.point);
        added.run = UINT64_MAX;
    }
    s->not_ours += is_not_ours(&trial);
    BASE_GROW(s->trials, s->trials_capacity, s->n_trials + 1);
    s->trials[s->n_trials++] = added;
}

static batch *batch_of(cma_es *s, double fidelity) {
    for (size_t i = 0; i < s->n_batches; i++)
        if (s->batches[i].fidelity == fidelity) return &s->batches[i];
    BASE_GROW(s->batches, s->batches_capacity, s->n_batches + 1);
    s->batches[s->n_batches] = (batch){.fidelity = fidelity};
    return &s->batches[s->n_batches++];
}

static int compare_results(const void *a, const void *b) {
    return hpo_member_better(a, b) ? -1 : hpo_member_better(b, a) ? 1 : 0;
}

static void end_generation(cma_es *s, batch *b, uint64_t event) {
    hpo_cma_point *points = base_malloc(b->count * sizeof *points);
    qsort(b->items, b->count, sizeof *b->items, compare_results);
    for (size_t i = 0; i < b->count; i++) {
        const drawn *trial = &s->trials[b->items[i].trial];
        points[i] = (hpo_cma_point){.x = trial->point,
                                    .loss = b->items[i].loss,
                                    .foreign = trial->run == UINT64_MAX || trial->as_of < s->updated};
    }
    hpo_cma_update(s->cma, points);
    free(points);
    b->count = 0;
    s->updated = event + 1;
    if (has_ended(s)) restart(s);
}

static void add_result(cma_es *s, hpo_view view, uint64_t event) {
    hpo_trial trial;
    const hpo_eval *eval = hpo_view_settled(view, event, &trial);
    if (!eval) return;
    const drawn *of = &s->trials[trial.id];
    if (of->run != UINT64_MAX && of->run != s->run) return; /* of a run that has ended */
    batch *b = batch_of(s, hpo_view_level(view, eval));
    BASE_GROW(b->items, b->capacity, b->count + 1);
    hpo_member told = hpo_member_of(trial.id, eval);
    if (eval->failure) told.loss = told.violation = (double)INFINITY;
    b->items[b->count++] = told;
    s->run_results++;
    if (b->count == s->lambda) end_generation(s, b, event);
}

/* A trial counts from the record on that it was asked from. One that turns out to have been asked from an older one
 * than was read makes the fold begin again. */
static void follow(cma_es *s, hpo_view view) {
    const uint64_t trials = hpo_view_trials(view);
    if (!s->cma || view.history != s->history || view.as_of < s->position ||
        (s->n_trials < trials && hpo_view_trial(view, s->n_trials).as_of < s->position))
        begin(s);
    s->history = view.history;
    for (; s->position < view.as_of; s->position++) {
        while (s->n_trials < trials && hpo_view_trial(view, s->n_trials).as_of <= s->position) add_trial(s, view);
        if (hpo_view_event_trial(view, s->position) < s->n_trials) add_result(s, view, s->position);
    }
}

/* ---- the sampler ---- */

static base_status cma_es_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    cma_es *s = self;
    const size_t dims = hpo_space_dims(env->space) + 1;
    s->space = env->space;
    s->seed = env->seed;
    s->dims = base_calloc(dims, sizeof *s->dims);
    s->stepped = base_calloc(dims, sizeof *s->stepped);
    s->levels = base_calloc(dims, sizeof *s->levels);
    s->start = base_calloc(dims, sizeof *s->start);
    s->unit = base_calloc(dims, sizeof *s->unit);
    s->point = base_calloc(dims, sizeof *s->point);
    s->config = base_calloc(hpo_space_count(env->space) + 1, sizeof *s->config);
    list_coordinates(s);
    set_start(s);
    return BASE_OK;
}

static void cma_es_fini(void *self) {
    cma_es *s = self;
    hpo_cma_destroy(s->cma);
    for (size_t i = 0; i < s->n_trials; i++) free(s->trials[i].point);
    for (size_t i = 0; i < s->n_batches; i++) free(s->batches[i].items);
    void *const parts[] = {s->dims, s->stepped, s->levels, s->start,  s->weights,
                           s->unit, s->point,   s->config, s->trials, s->batches};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static base_status cma_es_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                              const char **origin, base_err *err) {
    cma_es *s = self;
    follow(s, view);
    *origin = ORIGIN;
    if (draw(s, request->trial, request->attempt, s->point, config)) return BASE_OK;
    *origin = "random";
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    return hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_cma_es = {
    .name = "cma-es",
    .summary = "evolution strategy that learns a normal distribution; levels, choices, restarts",
    .options = cma_es_options,
    .flags = HPO_SAMPLER_SLOW,
    .state_size = sizeof(cma_es),
    .init = cma_es_init,
    .ask = cma_es_ask,
    .fini = cma_es_fini,
};
