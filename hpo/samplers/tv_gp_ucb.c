/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The explore step of population-based bandits: J. Parker-Holder, V. Nguyen, S. Roberts, "Provably Efficient Online
 * Hyperparameter Optimization with Population-Based Bandits", NeurIPS 2020, algorithm 1.
 *
 * Every interval of training that began with a result and ended with one is an observation: by how much the loss
 * changed per unit of fidelity (equation 2), with which hyperparameters, on which step, and from which loss, as in the
 * authors' code (Ray Tune, pb2.py). A Gaussian process of them forgets: its squared exponential kernel is multiplied by
 * (1 - epsilon)^(|t - t'|/2) for steps t and t' (section 4.1). A child has the hyperparameters from which the largest
 * fall is to be hoped for, mean and kappa deviations together (GP-UCB; kappa^2 = 0.2 ln(0.4 n) as in the authors'
 * code), on the step that it is about to take and from where its parent stands. Intervals that are under way lower the
 * deviation (T. Desautels, A. Krause, J. Burdick, "Parallelizing Exploration-Exploitation Tradeoffs in Gaussian Process
 * Bandit Optimization", JMLR 15, 2014), so that children of one step differ.
 *
 * Of several metrics the loss is one that is made of all, another one for each child (hpo/models/chebyshev.h). Without
 * a parent, or with too few observations, a trial is drawn at random. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/chebyshev.h"
#include "hpo/models/gp.h"
#include "hpo/models/gp_fit.h"
#include "hpo/models/intervals.h"
#include "hpo/models/maximize.h"
#include "hpo/models/transform.h"
#include "hpo/samplers/sampler.h"

enum { CANDIDATES = 500, STARTS = 4, STEPS = 20 };
static const double C1 = 0.2, C2 = 0.4; /* of kappa */
static const double MOST_CHANGE = 2;    /* deviations, as in the authors' code */

typedef struct tv_gp_ucb {
    int64_t startup, newest;
    double kappa;
    const hpo_space *space;
    uint64_t seed;
    size_t dims; /* of the model: those of the space, the loss that an interval begins with, the step */
    hpo_embedding embedding;
    hpo_gp *gp;
    hpo_intervals intervals;
    hpo_scalarised scalarised;
} tv_gp_ucb;

static const base_option tv_gp_ucb_options[] = {
    {.name = "startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(tv_gp_ucb, startup),
     .fallback = "4",
     .min = 3,
     .max = 1e6,
     .help = "intervals between two results before the first model; until then children are drawn at random"},
    {.name = "newest",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(tv_gp_ucb, newest),
     .fallback = "200",
     .min = 3,
     .max = 1000,
     .help = "intervals in the model, at most"},
    {.name = "kappa",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(tv_gp_ucb, kappa),
     .fallback = "0",
     .min = 0,
     .max = 100,
     .help = "deviations that are hoped for beside the mean; 0: sqrt(0.2 ln(0.4 n)) after n intervals"},
    BASE_OPTIONS_END,
};

static base_status tv_gp_ucb_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    tv_gp_ucb *s = self;
    s->space = env->space;
    s->seed = env->seed;
    s->embedding = hpo_embedding_make_timed(env->space, 1);
    s->dims = s->embedding.dims;
    s->gp = hpo_gp_create(&s->embedding, HPO_KERNEL_RBF);
    return BASE_OK;
}

static void tv_gp_ucb_fini(void *self) {
    tv_gp_ucb *s = self;
    hpo_gp_destroy(s->gp);
    hpo_embedding_free(&s->embedding);
    hpo_intervals_fini(&s->intervals);
    hpo_scalarised_fini(&s->scalarised);
}

/* ---- losses ---- */

/* Those of n intervals before and after, then of the running ones before, then of the parent. */
typedef struct states {
    size_t count;
    double *loss;
    const double **goals;
} states;

static void push(states *all, const hpo_eval *eval) {
    all->loss[all->count] = eval->loss;
    all->goals[all->count++] = hpo_eval_losses(eval);
}

/* The losses of all of them, of several goals made one. Valid until the next call. */
static const double *losses_of(tv_gp_ucb *s, hpo_view view, states *all, const hpo_eval *parent, base_rng *rng) {
    const hpo_intervals *in = &s->intervals;
    for (size_t i = 0; i < in->n; i++) push(all, in->ended[i].before);
    for (size_t i = 0; i < in->n; i++) push(all, in->ended[i].after);
    for (size_t i = 0; i < in->n_running; i++) push(all, in->running[i].before);
    push(all, parent);
    const hpo_dataset data = {.n = all->count, .loss = all->loss, .goals = all->goals};
    return hpo_scalarise_drawn(&s->scalarised, view, &data, rng).loss;
}

/* Between 0 and 1 and robust, for a kernel. */
static void scale_levels(double *level, size_t n) {
    double low = (double)INFINITY, high = -(double)INFINITY;
    hpo_transform_losses(level, n, level);
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, level[i]);
        high = fmax(high, level[i]);
    }
    for (size_t i = 0; i < n; i++) level[i] = high > low ? (level[i] - low) / (high - low) : 0;
}

/* ---- the model ---- */

/* What it is made of; rows of s->dims, of running intervals behind those of ended ones. */
typedef struct table {
    size_t n, running;
    double *rows, *y;
    double *level; /* of each row, then of the parent */
} table;

static void fill_row(const tv_gp_ucb *s, hpo_view view, const hpo_interval *interval, double level, double *row) {
    hpo_space_to_unit(s->space, hpo_view_trial(view, interval->trial).config, row);
    row[s->dims - 2] = level;
    row[s->dims - 1] = interval->step;
}

static void fill(tv_gp_ucb *s, hpo_view view, const double *loss, table *t) {
    const hpo_intervals *in = &s->intervals;
    const size_t n = in->n, rows = n + in->n_running;
    for (size_t i = 0; i < n; i++) {
        const hpo_interval *interval = &in->ended[i];
        const double length = interval->after->fidelity - interval->before->fidelity;
        t->level[i] = loss[i];
        t->y[i] = isfinite(loss[n + i]) ? (loss[n + i] - loss[i]) / length : (double)INFINITY;
    }
    for (size_t i = n; i <= rows; i++) t->level[i] = loss[n + i];
    scale_levels(t->level, rows + 1);
    hpo_transform_losses(t->y, n, t->y);
    for (size_t i = 0; i < n; i++) t->y[i] = fmin(fmax(t->y[i], -MOST_CHANGE), MOST_CHANGE);
    for (size_t i = 0; i < rows; i++) {
        const hpo_interval *interval = i < n ? &in->ended[i] : &in->running[i - n];
        fill_row(s, view, interval, t->level[i], t->rows + i * s->dims);
    }
    t->n = n;
    t->running = in->n_running;
}

/* tail: the loss and the step that are asked about. */
static hpo_surrogate condition(tv_gp_ucb *s, const table *t, const double *tail) {
    double *theta = base_malloc((s->dims + 2) * sizeof *theta);
    const hpo_gp_data data = {
        .embedding = &s->embedding, .kernel = HPO_KERNEL_RBF, .unit = t->rows, .y = t->y, .n = t->n};
    hpo_gp_fit(&data, NULL, theta);
    const hpo_gp_points points = {.unit = t->rows,
                                  .y = t->y,
                                  .n = t->n,
                                  .block = t->n,
                                  .pending = t->rows + t->n * s->dims,
                                  .n_pending = t->running};
    hpo_gp_condition(s->gp, theta, &points);
    free(theta);
    return hpo_gp_predictions(s->gp, s->dims - 2, tail);
}

static bool explore(tv_gp_ucb *s, hpo_view view, const hpo_request *request, base_rng *rng, double *config) {
    const hpo_eval *parent = hpo_interval_state(view, request->parent);
    hpo_intervals_collect(&s->intervals, view, (size_t)s->newest);
    const size_t n = s->intervals.n, rows = n + s->intervals.n_running, most = n + rows + 1;
    if (!parent || n < (size_t)s->startup) return false;
    double *memory = base_malloc((most + rows * s->dims + n + rows + 1) * sizeof *memory);
    states all = {.loss = memory, .goals = base_malloc(most * sizeof *all.goals)};
    table t = {.rows = memory + most};
    t.y = t.rows + rows * s->dims;
    t.level = t.y + n;
    fill(s, view, losses_of(s, view, &all, parent, rng), &t);
    const double tail[2] = {t.level[rows], request->rung};
    const hpo_surrogate surrogate = condition(s, &t, tail);
    const double kappa = s->kappa > 0 ? s->kappa : sqrt(C1 * log(C2 * (double)n));
    const hpo_maximize problem = {.space = s->space,
                                  .surrogate = &surrogate,
                                  .acquisition = {.kind = HPO_ACQUISITION_LCB, .kappa = kappa},
                                  .view = view,
                                  .repeats = true,
                                  .elites = hpo_view_trial(view, request->parent).config,
                                  .n_elites = 1,
                                  .candidates = CANDIDATES,
                                  .starts = STARTS,
                                  .steps = STEPS};
    bool found;
    hpo_maximize_run(&problem, rng, config, &found);
    free(all.goals);
    free(memory);
    return found;
}

static base_status tv_gp_ucb_ask(void *self, hpo_view view, const hpo_request *request, double *config,
                                 const char **origin, base_err *err) {
    tv_gp_ucb *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "model";
    if (request->inherits && explore(s, view, request, &rng, config)) return BASE_OK;
    *origin = "random";
    return hpo_space_sample(s->space, &rng, config, err);
}

const hpo_sampler_type hpo_sampler_tv_gp_ucb = {
    .name = "tv-gp-ucb",
    .summary = "what a trial inherits is trained on as a Gaussian process of all gains says; others are random",
    .options = tv_gp_ucb_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(tv_gp_ucb),
    .init = tv_gp_ucb_init,
    .ask = tv_gp_ucb_ask,
    .fini = tv_gp_ucb_fini,
};
