/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The incumbent by posterior mean: under noise the best of n measured values is too good, and the more so the larger n
 * is, while a model pools the neighbours. Among evaluated configurations, as SMAC3 and BoTorch recommend
 * (P. I. Frazier, "A Tutorial on Bayesian Optimization", 2018, section 4: with noise the solution is reported by the
 * posterior mean). The model is that of the sampler gp, fitted from starts of little and of much noise. Its prior
 * believes in little: with few results and much noise it may call noise a rough function, and then recommends the
 * measured best. */
#include "hpo/models/recommend.h"

#include <math.h>
#include <stdlib.h>

#include "hpo/models/gp_surrogate.h"
#include "hpo/models/transform.h"

enum { LEAST = 5 };

typedef struct candidates {
    double *unit, *loss, *fidelity, *y, *mean, *variance;
    uint64_t *trial;
    hpo_incumbent *who;
    size_t n;
} candidates;

static candidates reserve(size_t n, size_t dims) {
    candidates c = {.unit = base_malloc((n * (dims + 5) + 1) * sizeof(double)),
                    .trial = base_malloc((n + 1) * sizeof(uint64_t)),
                    .who = base_malloc((n + 1) * sizeof(hpo_incumbent))};
    c.loss = c.unit + n * dims;
    c.fidelity = c.loss + n;
    c.y = c.fidelity + n;
    c.mean = c.y + n;
    c.variance = c.mean + n;
    return c;
}

static void release(candidates *c) {
    free(c->unit);
    free(c->trial);
    free(c->who);
}

bool hpo_recommend_could(hpo_view view, uint64_t id) {
    const hpo_trial trial = hpo_view_trial(view, id);
    const hpo_eval *eval = trial.n_evals > 0 ? &trial.evals[trial.n_evals - 1] : NULL;
    return eval && eval->failure == HPO_FAILURE_NONE && eval->fidelity >= hpo_history_max_fidelity(view.history) &&
           hpo_eval_is_feasible(eval);
}

static candidates collect(hpo_view view) {
    const hpo_space *space = hpo_history_space(view.history);
    const size_t dims = hpo_space_dims(space);
    candidates c = reserve(hpo_view_trials(view), dims);
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        if (!hpo_recommend_could(view, id)) continue;
        const hpo_trial trial = hpo_view_trial(view, id);
        const hpo_eval *eval = &trial.evals[trial.n_evals - 1];
        hpo_space_to_unit(space, trial.config, c.unit + c.n * dims);
        c.loss[c.n] = eval->loss;
        c.fidelity[c.n] = eval->fidelity;
        c.trial[c.n] = id;
        c.who[c.n++] = (hpo_incumbent){.trial = id, .eval = eval};
    }
    return c;
}

static size_t least(const double *values, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] < values[best]) best = i;
    return best;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What no candidate's loss may exceed; leaves its work in mean. */
static double worst_that_counts(const candidates *c) {
    if (c->n <= HPO_RECOMMEND_OF) return INFINITY;
    for (size_t i = 0; i < c->n; i++) c->mean[i] = c->loss[i];
    qsort(c->mean, c->n, sizeof *c->mean, by_value);
    return c->mean[HPO_RECOMMEND_OF - 1];
}

/* The candidate whose mean is least. */
static size_t predict(const candidates *c, size_t dims, const hpo_surrogate *posterior) {
    const double worst = worst_that_counts(c);
    for (size_t i = 0; i < c->n; i++) {
        c->mean[i] = INFINITY;
        if (c->loss[i] > worst) continue;
        posterior->predict(posterior->self, c->unit + i * dims, 1, c->mean + i, c->variance + i);
    }
    return least(c->mean, c->n);
}

/* The better half of the losses is transformed linearly (transform.h): the best and the next different one give the
 * line. False: all are equal. */
static bool invert(const candidates *c, double y, double *loss) {
    const size_t best = least(c->loss, c->n);
    size_t other = c->n;
    for (size_t i = 0; i < c->n; i++)
        if (c->loss[i] > c->loss[best] && (other == c->n || c->loss[i] < c->loss[other])) other = i;
    if (other == c->n || !(c->y[other] > c->y[best])) return false;
    const double slope = (c->loss[other] - c->loss[best]) / (c->y[other] - c->y[best]);
    *loss = c->loss[best] + slope * (y - c->y[best]);
    return isfinite(*loss);
}

hpo_recommendation hpo_recommend_incumbent(const hpo_incumbent *incumbent) {
    return (hpo_recommendation){.who = *incumbent, .mean = (double)NAN};
}

/* Why no model is asked; NULL: nothing speaks against it. */
static const char *objection(const candidates *c, size_t dims) {
    if (c->n < LEAST) return "fewer than 5 feasible results at the highest fidelity";
    return dims == 0 ? "nothing is searched" : NULL;
}

/* Without an objection. False: no mean can be told. */
static bool ask_model(const hpo_space *space, const candidates *c, double level, size_t *best, double *loss) {
    const size_t dims = hpo_space_dims(space);
    const hpo_dataset data = {.dims = dims,
                              .n = c->n,
                              .unit = c->unit,
                              .loss = c->loss,
                              .fidelity = c->fidelity,
                              .trial = c->trial,
                              .level = level};
    hpo_gp_surrogate *model = hpo_gp_surrogate_create(space, &(hpo_gp_settings){.once = true});
    const hpo_surrogate posterior = hpo_gp_surrogate_condition(model, &data, level);
    hpo_transform_losses(c->loss, c->n, c->y);
    *best = predict(c, dims, &posterior);
    hpo_gp_surrogate_destroy(model);
    return invert(c, c->mean[*best], loss);
}

bool hpo_recommend(hpo_view view, hpo_recommendation *out) {
    hpo_incumbent incumbent;
    size_t goals, best;
    double loss;
    if (!hpo_view_incumbent(view, &incumbent)) return false;
    const hpo_goal *goal = hpo_view_goals(view, &goals);
    BASE_ASSERT(goals == 1);
    *out = hpo_recommend_incumbent(&incumbent);
    const hpo_space *space = hpo_history_space(view.history);
    candidates c = collect(view);
    out->reason = objection(&c, hpo_space_dims(space));
    if (!out->reason && ask_model(space, &c, hpo_history_max_fidelity(view.history), &best, &loss)) {
        *out = (hpo_recommendation){.who = c.who[best], .mean = goal->maximize ? -loss : loss};
    } else if (!out->reason) {
        out->reason = "all values are equal";
    }
    release(&c);
    return true;
}
