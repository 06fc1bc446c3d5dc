/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From results to a posterior, and when hyperparameters are fitted again.
 *
 * The hyperparameters of n results are those fitted at the milestone m <= n, from the first m results alone, beginning
 * at those of the largest power of two below m. So they follow from the data, a refit is needed for one suggestion in
 * many only, and a warm start costs a fifth more at most when it must be computed again from nothing. Fits and factors
 * are kept between calls under the data that they were made from.
 *
 * Past MAX_ROWS results the process stands on a subset of them (hpo/models/subset.h), chosen anew every RECENT results,
 * and on those that came since, so that most suggestions only add a row; a fit on MAX_FIT at most. */
#include "hpo/models/gp_surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/gp.h"
#include "hpo/models/gp_fit.h"
#include "hpo/models/gp_sample.h"
#include "hpo/models/noisy_ei.h"
#include "hpo/models/subset.h"
#include "hpo/models/transform.h"

enum { MAX_ROWS = HPO_GP_MAX_ROWS, RECENT = 64, MAX_FIT = 400, FIRST_START = 16, EVERY = 24, FITS = 32 };
static const double FIT_WORK = 4e6; /* rows^2 x dimensions of a fit, at most */
enum { CANDIDATE_WORK = 400000 };   /* candidates x rows, at most */
enum { MANY = 300, STARTS = 6, STARTS_MANY = 3, STEPS = 25, STEPS_MANY = 12 };

/* One fit, under the number and the hash of the results it was made from. */
typedef struct fitted {
    size_t m;
    uint64_t hash;
    double *theta;
} fitted;

/* Those of the first m results that stand for them. */
typedef struct kept_subset {
    size_t m;
    uint64_t hash; /* of these results */
    size_t *chosen, n;
} kept_subset;

/* Losses are mean + deviation * what the process sees. */
typedef struct scale {
    double mean, deviation;
} scale;

/* Rows of a subset: points and transformed losses. */
typedef struct gathered {
    double *x, *y;
    size_t n;
} gathered;

struct hpo_gp_surrogate {
    const hpo_space *space;
    hpo_gp_settings settings;
    hpo_embedding embedding;
    hpo_gp *gp;
    fitted fits[FITS]; /* a ring */
    size_t next_fit;
    kept_subset kept_subset;
    gathered rows;           /* that the process is conditioned on */
    size_t *row_of;          /* the data set's row of each of them */
    bool *counts;            /* each of them, for the best; NULL: all do */
    size_t results;          /* they stand for */
    scale scale;             /* of the rows' losses */
    hpo_surrogate posterior; /* as asked about */
    hpo_gp_sample *sample;
    hpo_noisy_ei *noisy;
};

hpo_gp_surrogate *hpo_gp_surrogate_create(const hpo_space *space, const hpo_gp_settings *settings) {
    BASE_ASSERT(!settings->fidelity || settings->min_fidelity < settings->max_fidelity);
    hpo_gp_surrogate *s = base_calloc(1, sizeof *s);
    *s = (hpo_gp_surrogate){.space = space, .settings = *settings};
    s->embedding = hpo_embedding_make(space, settings->fidelity ? 1 : 0);
    s->gp = hpo_gp_create(&s->embedding, settings->kernel);
    return s;
}

static void drop_draws(hpo_gp_surrogate *s) {
    hpo_gp_sample_destroy(s->sample);
    hpo_noisy_ei_destroy(s->noisy);
    s->sample = NULL;
    s->noisy = NULL;
}

void hpo_gp_surrogate_destroy(hpo_gp_surrogate *s) {
    if (!s) return;
    drop_draws(s);
    for (size_t i = 0; i < FITS; i++) free(s->fits[i].theta);
    hpo_gp_destroy(s->gp);
    hpo_embedding_free(&s->embedding);
    free(s->kept_subset.chosen);
    free(s->rows.x);
    free(s->row_of);
    free(s->counts);
    free(s);
}

/* ---- inputs of the model: the unit cube, and the fidelity as one more coordinate ---- */

static double fidelity_coordinate(const hpo_gp_surrogate *s, double fidelity) {
    const double low = s->settings.min_fidelity, high = s->settings.max_fidelity;
    const double u = low > 0 ? log(fidelity / low) / log(high / low) : (fidelity - low) / (high - low);
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

static double *model_inputs(const hpo_gp_surrogate *s, const double *unit, const double *fidelity, size_t n) {
    const size_t own = hpo_space_dims(s->space), dims = s->embedding.dims;
    double *x = base_malloc((n * dims + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        if (own > 0) memcpy(x + i * dims, unit + i * own, own * sizeof *x);
        if (dims > own) x[i * dims + own] = fidelity_coordinate(s, fidelity[i]);
    }
    return x;
}

static scale standardize(const double *values, size_t n, double *y) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) square += (values[i] - mean) * (values[i] - mean) / (double)n;
    const double deviation = square > 0 ? sqrt(square) : 1;
    for (size_t i = 0; i < n; i++) y[i] = (values[i] - mean) / deviation;
    return (scale){mean, deviation};
}

/* All results are transformed together, also those that are not chosen. */
static gathered gather(hpo_gp_surrogate *s, const double *x, const double *loss, size_t n, const size_t *chosen,
                       size_t count) {
    const size_t dims = s->embedding.dims;
    double *y = base_malloc((n + 1) * sizeof *y);
    if (s->settings.plain) {
        s->scale = standardize(loss, n, y);
    } else {
        hpo_transform_losses(loss, n, y);
    }
    gathered g = {.n = count};
    g.x = base_malloc((g.n * (dims + 1) + 1) * sizeof *g.x);
    g.y = g.x + g.n * dims;
    for (size_t i = 0; i < g.n; i++) {
        if (dims > 0) memcpy(g.x + i * dims, x + chosen[i] * dims, dims * sizeof *x);
        g.y[i] = y[chosen[i]];
    }
    free(y);
    return g;
}

static gathered gather_subset(hpo_gp_surrogate *s, const double *x, const double *loss, size_t n, size_t limit) {
    size_t *chosen = base_malloc((n + 1) * sizeof *chosen);
    const size_t count = hpo_subset(x, s->embedding.dims, loss, n, limit, chosen);
    const gathered g = gather(s, x, loss, n, chosen, count);
    free(chosen);
    return g;
}

static uint64_t hash_of(const hpo_gp_surrogate *s, const double *x, const double *loss, size_t m) {
    const uint64_t parts[2] = {base_hash64(x, m * s->embedding.dims * sizeof *x), base_hash64(loss, m * sizeof *loss)};
    return base_hash64(parts, sizeof parts);
}

/* Of n results so many are old: a subset stands for them. */
static size_t old_results(size_t n) {
    return n <= MAX_ROWS ? n : n - (n - MAX_ROWS) % RECENT;
}

static const kept_subset *subset_of(hpo_gp_surrogate *s, const double *x, const double *loss, size_t m) {
    kept_subset *kept = &s->kept_subset;
    const uint64_t hash = hash_of(s, x, loss, m);
    if (kept->chosen && kept->m == m && kept->hash == hash) return kept;
    free(kept->chosen);
    *kept = (kept_subset){.m = m, .hash = hash, .chosen = base_malloc((m + RECENT) * sizeof *kept->chosen)};
    kept->n = hpo_subset(x, s->embedding.dims, loss, m, MAX_ROWS, kept->chosen);
    for (size_t i = 0; i < RECENT; i++) kept->chosen[kept->n + i] = m + i;
    return kept;
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

static double log_posterior(const hpo_gp_data *data, const double *theta) {
    return hpo_gp_log_marginal(data, theta, NULL) + hpo_gp_log_prior(data->embedding->dims, theta, NULL);
}

/* Noise has two explanations, a rough function and noise, and a climb ends in the one that it begins beside. */
static void fit_twice(const hpo_gp_data *data, double *theta) {
    const size_t dims = data->embedding->dims;
    double *noisy = base_malloc(2 * (dims + 2) * sizeof *noisy), *other = noisy + dims + 2;
    hpo_gp_default(dims, noisy);
    noisy[dims] = noisy[dims + 1] = log(0.5); /* half of the variance each */
    hpo_gp_fit(data, NULL, theta);
    hpo_gp_fit(data, noisy, other);
    if (log_posterior(data, other) > log_posterior(data, theta)) memcpy(theta, other, (dims + 2) * sizeof *theta);
    free(noisy);
}

static void fit(hpo_gp_surrogate *s, const double *x, const double *loss, size_t m, const double *start,
                double *theta) {
    if (m == 0) {
        hpo_gp_default(s->embedding.dims, theta);
        return;
    }
    const double limit = sqrt(FIT_WORK / (double)(s->embedding.dims + 1));
    gathered g = gather_subset(s, x, loss, m, limit < MAX_FIT ? (size_t)limit : MAX_FIT);
    const hpo_gp_data data = {
        .embedding = &s->embedding, .kernel = s->settings.kernel, .unit = g.x, .y = g.y, .n = g.n};
    if (s->settings.once)
        fit_twice(&data, theta);
    else
        hpo_gp_fit(&data, start, theta);
    free(g.x);
}

static const double *hyperparameters(hpo_gp_surrogate *s, const double *x, const double *loss, size_t m) {
    const uint64_t hash = hash_of(s, x, loss, m);
    for (size_t i = 0; i < FITS; i++) {
        if (s->fits[i].theta && s->fits[i].m == m && s->fits[i].hash == hash) return s->fits[i].theta;
    }
    const double *start =
        m > FIRST_START && !s->settings.once ? hyperparameters(s, x, loss, power_of_two_below(m)) : NULL;
    double *theta = base_malloc((s->embedding.dims + 2) * sizeof *theta);
    fit(s, x, loss, m, start, theta);
    fitted *slot = &s->fits[s->next_fit++ % FITS];
    free(slot->theta);
    *slot = (fitted){.m = m, .hash = hash, .theta = theta};
    return theta;
}

/* ---- the posterior ---- */

static void predict_plain(void *self, const double *points, size_t count, double *mean, double *variance) {
    const hpo_gp_surrogate *s = self;
    s->posterior.predict(s->posterior.self, points, count, mean, variance);
    for (size_t i = 0; i < count; i++) {
        mean[i] = s->scale.mean + s->scale.deviation * mean[i];
        variance[i] *= s->scale.deviation * s->scale.deviation;
    }
}

static void gradient_plain(void *self, const double *point, double *mean, double *variance, double *d_mean,
                           double *d_variance) {
    const hpo_gp_surrogate *s = self;
    const double deviation = s->scale.deviation;
    s->posterior.gradient(s->posterior.self, point, mean, variance, d_mean, d_variance);
    *mean = s->scale.mean + deviation * *mean;
    *variance *= deviation * deviation;
    for (size_t i = 0; i < s->posterior.dims; i++) {
        d_mean[i] *= deviation;
        d_variance[i] *= deviation * deviation;
    }
}

/* What is asked. */
static hpo_surrogate outside(hpo_gp_surrogate *s) {
    if (!s->settings.plain) return s->posterior;
    return (hpo_surrogate){.self = s, .dims = s->posterior.dims, .predict = predict_plain, .gradient = gradient_plain};
}

static void keep_rows(hpo_gp_surrogate *s, const kept_subset *old) {
    free(s->row_of);
    free(s->counts);
    s->counts = NULL;
    s->row_of = base_malloc((s->rows.n + 1) * sizeof *s->row_of);
    memcpy(s->row_of, old->chosen, s->rows.n * sizeof *s->row_of);
}

void hpo_gp_surrogate_count_only(hpo_gp_surrogate *s, const bool *rows) {
    free(s->counts);
    s->counts = NULL;
    if (!rows) return;
    s->counts = base_malloc((s->rows.n + 1) * sizeof *s->counts);
    size_t left = 0;
    for (size_t i = 0; i < s->rows.n; i++) left += s->counts[i] = rows[s->row_of[i]];
    if (left > 0) return;
    free(s->counts);
    s->counts = NULL;
}

hpo_surrogate hpo_gp_surrogate_condition(hpo_gp_surrogate *s, const hpo_dataset *data, double fidelity) {
    drop_draws(s);
    double *x = model_inputs(s, data->unit, data->fidelity, data->n);
    const size_t m = s->settings.once ? data->n : milestone(data->n);
    const double *theta = hyperparameters(s, x, data->loss, m);
    const kept_subset *old = subset_of(s, x, data->loss, old_results(data->n));
    free(s->rows.x);
    s->rows = gather(s, x, data->loss, data->n, old->chosen, old->n + (data->n - old->m));
    keep_rows(s, old);
    s->results = data->n;
    free(x);
    double *pending = model_inputs(s, data->pending_unit, data->pending_fidelity, data->n_pending);
    const hpo_gp_points points = {.unit = s->rows.x,
                                  .y = s->rows.y,
                                  .n = s->rows.n,
                                  .block = old->n < old->m ? old->n : m,
                                  .pending = pending,
                                  .n_pending = data->n_pending};
    hpo_gp_condition(s->gp, theta, &points);
    free(pending);
    const double tail = s->settings.fidelity ? fidelity_coordinate(s, fidelity) : 0;
    s->posterior = hpo_gp_predictions(s->gp, hpo_space_dims(s->space), &tail);
    return outside(s);
}

/* On the process's scale. */
static double best_mean(hpo_gp_surrogate *s) {
    const size_t n = s->rows.n, dims = s->posterior.dims, stride = s->embedding.dims;
    if (n == 0) return 0;
    double best = (double)INFINITY;
    if (!s->settings.fidelity) {
        for (size_t i = 0; i < n; i++)
            if (!s->counts || s->counts[i]) best = fmin(best, hpo_gp_fitted(s->gp, i));
        return best;
    }
    double *points = base_malloc((n * (dims + 2) + 1) * sizeof *points);
    double *mean = points + n * dims, *variance = mean + n;
    for (size_t i = 0; i < n && dims > 0; i++) memcpy(points + i * dims, s->rows.x + i * stride, dims * sizeof *points);
    s->posterior.predict(s->posterior.self, points, n, mean, variance);
    for (size_t i = 0; i < n; i++)
        if (!s->counts || s->counts[i]) best = fmin(best, mean[i]);
    free(points);
    return best;
}

double hpo_gp_surrogate_best(hpo_gp_surrogate *s) {
    return s->settings.plain ? s->scale.mean + s->scale.deviation * best_mean(s) : best_mean(s);
}

hpo_surrogate hpo_gp_surrogate_sample(hpo_gp_surrogate *s, base_rng *rng) {
    BASE_ASSERT(!s->settings.plain);
    drop_draws(s);
    s->sample = hpo_gp_sample_draw(s->gp, rng);
    return hpo_gp_sample_surrogate(s->sample);
}

hpo_surrogate hpo_gp_surrogate_noisy_ei(hpo_gp_surrogate *s, base_rng *rng) {
    BASE_ASSERT(!s->settings.plain);
    drop_draws(s);
    s->noisy = hpo_noisy_ei_create(s->gp, s->counts, rng);
    return hpo_noisy_ei_surrogate(s->noisy);
}

hpo_gp_draws *hpo_gp_surrogate_draws(hpo_gp_surrogate *s, base_rng *rng) {
    return hpo_gp_draws_create(s->gp, rng);
}

double hpo_gp_surrogate_scaled(const hpo_gp_surrogate *s, double loss) {
    BASE_ASSERT(s->settings.plain);
    return (loss - s->scale.mean) / s->scale.deviation;
}

const bool *hpo_gp_surrogate_counted(const hpo_gp_surrogate *s) {
    return s->counts;
}

void hpo_gp_surrogate_bound(const hpo_gp_surrogate *s, hpo_maximize *problem) {
    const size_t most = CANDIDATE_WORK / (s->rows.n > 0 ? s->rows.n : 1);
    if (problem->candidates > most) problem->candidates = most;
    problem->starts = s->results > MANY ? STARTS_MANY : STARTS;
    problem->steps = s->results > MANY ? STEPS_MANY : STEPS;
}
