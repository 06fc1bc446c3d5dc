/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Candidates, then climbs from the best of them.
 *
 * The candidates are a Latin hypercube (M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21, 1979; any number
 * of dimensions, no table) and perturbed elites; with a prior, draws from it, too. A climb alternates between L-BFGS in
 * the continuous coordinates and the best one-exchange neighbour until neither gains, as Optuna's GP sampler does; of
 * the starts one half are the best candidates and one half winners of small tournaments, so that one peak does not take
 * them all. Everything that was looked at stays in a list: the answer is the best entry that has not been tried. */
#include "hpo/models/maximize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/lbfgs.h"
#include "hpo/models/neighbours.h"

enum { MAX_GRID = 2048, MAX_EXCHANGES = 256, TOURNAMENT = 16, DRAWS_SMOOTH = 2, DRAWS_ROUGH = 4 };
static const double FIRST_DEVIATION = 0.1, LAST_DEVIATION = 0.01, MIN_GAIN = 1e-4;

/* Configurations with their values. */
typedef struct pool {
    size_t width, count, capacity, value_capacity;
    double *configs, *values;
} pool;

typedef struct search {
    const hpo_maximize *problem;
    base_rng *rng;
    size_t width, dims, candidates, starts, steps;
    pool seen, near;                                /* near: one neighbourhood */
    double *unit;                                   /* one point */
    double *config;                                 /* one configuration */
    double *d_mean, *d_variance, *d_cost, *ignored; /* by the coordinates */
    hpo_exchanges exchanges;
} search;

static double *pool_push(pool *p) {
    BASE_GROW(p->configs, p->capacity, (p->count + 1) * p->width + 1);
    return p->configs + p->count++ * p->width;
}

static void pool_add(pool *p, const double *config, double value) {
    memcpy(pool_push(p), config, p->width * sizeof *config);
    BASE_GROW(p->values, p->value_capacity, p->count);
    p->values[p->count - 1] = value;
}

static const double *pool_at(const pool *p, size_t i) {
    return p->configs + i * p->width;
}

static bool is_smooth(const hpo_maximize *problem) {
    if (problem->surrogate) return problem->surrogate->gradient != NULL;
    return problem->n_excess > 0 && problem->excess[0].gradient;
}

static double log_prior(const hpo_maximize *problem, const double *config) {
    return problem->prior_exponent > 0 ? problem->prior_exponent * hpo_space_log_prior(problem->space, config) : 0;
}

static double promise(const hpo_maximize *problem, double mean, double variance, double *d_mean, double *d_variance) {
    if (problem->surrogate) return hpo_acquisition_value(&problem->acquisition, mean, variance, d_mean, d_variance);
    if (d_mean) *d_mean = *d_variance = 0;
    return 0;
}

void hpo_maximize_values(const hpo_maximize *problem, const double *configs, size_t count, double *values) {
    if (count == 0) return;
    const size_t dims = hpo_space_dims(problem->space), width = hpo_space_count(problem->space);
    double *points = base_malloc((count * (dims + 4) + 1) * sizeof *points);
    double *mean = points + count * dims, *variance = mean + count, *log_cost = variance + count;
    double *log_weight = log_cost + count;
    for (size_t i = 0; i < count; i++) hpo_space_to_unit(problem->space, configs + i * width, points + i * dims);
    for (size_t i = 0; i < count; i++) log_cost[i] = log_weight[i] = 0;
    if (problem->cost) problem->cost->predict(problem->cost->self, points, count, log_cost, variance);
    for (size_t c = 0; c < problem->n_excess; c++) {
        problem->excess[c].predict(problem->excess[c].self, points, count, mean, variance);
        for (size_t i = 0; i < count; i++) log_weight[i] += hpo_log_feasible(mean[i], variance[i], NULL, NULL);
    }
    if (problem->surrogate) problem->surrogate->predict(problem->surrogate->self, points, count, mean, variance);
    for (size_t i = 0; i < count; i++) {
        const double value = promise(problem, mean[i], variance[i], NULL, NULL);
        log_weight[i] += log_prior(problem, configs + i * width);
        values[i] = hpo_acquisition_weigh(&problem->acquisition, value, log_weight[i], log_cost[i]);
        if (isnan(values[i])) values[i] = (double)-INFINITY;
    }
    free(points);
}

static void evaluate_pool(search *s, pool *p) {
    BASE_GROW(p->values, p->value_capacity, p->count + 1);
    hpo_maximize_values(s->problem, p->configs, p->count, p->values);
}

/* ---- candidates ---- */

static void keep_allowed(search *s) {
    if (hpo_space_allowed(s->problem->space, s->config)) {
        memcpy(pool_push(&s->seen), s->config, s->width * sizeof *s->config);
    }
}

static void add_hypercube(search *s, size_t count) {
    const hpo_space *space = s->problem->space;
    uint32_t *strata = base_malloc((s->dims * count + 1) * sizeof *strata);
    for (size_t dim = 0; dim < s->dims; dim++) {
        uint32_t *column = strata + dim * count;
        for (size_t i = 0; i < count; i++) column[i] = (uint32_t)i;
        base_rng_shuffle_u32(s->rng, column, count);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < s->width; k++) s->config[k] = 0;
        for (size_t dim = 0; dim < s->dims; dim++) {
            const size_t index = hpo_space_dim_param(space, dim);
            const double u = ((double)strata[dim * count + i] + base_rng_uniform(s->rng)) / (double)count;
            s->config[index] = hpo_param_quantile(hpo_space_param(space, index), u);
        }
        hpo_space_activate(space, s->config);
        keep_allowed(s);
    }
    free(strata);
}

/* An elite of which about three coordinates are moved, by steps of very different lengths. */
static void add_perturbed(search *s, size_t count) {
    const hpo_space *space = s->problem->space;
    const double share = s->dims > 3 ? 3 / (double)s->dims : 1;
    for (size_t n = 0; n < count && s->problem->n_elites > 0; n++) {
        const double *elite = s->problem->elites + n % s->problem->n_elites * s->width;
        const double deviation = 0.2 * pow(4, -(double)base_rng_below(s->rng, 5));
        for (size_t k = 0; k < s->width; k++) s->config[k] = 0;
        for (size_t dim = 0; dim < s->dims; dim++) {
            const size_t index = hpo_space_dim_param(space, dim);
            const hpo_param *param = hpo_space_param(space, index);
            double value = elite[index];
            const bool moved = base_rng_uniform(s->rng) < share;
            if (isnan(value) || (moved && param->kind == HPO_CATEGORICAL)) {
                value = hpo_param_quantile(param, base_rng_uniform(s->rng));
            } else if (moved) {
                value =
                    hpo_param_from_unit(param, hpo_param_to_unit(param, value) + deviation * base_rng_normal(s->rng));
            }
            s->config[index] = value;
        }
        hpo_space_activate(space, s->config);
        keep_allowed(s);
    }
}

static void add_prior_draws(search *s, size_t count) {
    for (size_t n = 0; n < count; n++) {
        if (hpo_space_sample_prior(s->problem->space, s->rng, s->config, NULL) == BASE_OK) keep_allowed(s);
    }
}

static void add_grid(search *s, uint64_t points) {
    for (uint64_t i = 0; i < points; i++) {
        hpo_space_grid_point(s->problem->space, 1, i, s->config);
        keep_allowed(s);
    }
}

/* ---- the continuous part of a climb ---- */

typedef struct smooth {
    search *s;
    const size_t *moving; /* dims that move */
    size_t n;
    double *unit, *config;
} smooth;

/* d log prior / d unit by central differences: a term of its own for each parameter, smooth within its bounds. */
static double prior_slope(const smooth *m, size_t dim) {
    const hpo_space *space = m->s->problem->space;
    const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, dim));
    const double high = fmin(m->unit[dim] + 1e-5, 1), low = fmax(m->unit[dim] - 1e-5, 0);
    const double above = hpo_param_log_prior(param, hpo_param_from_unit(param, high));
    const double below = hpo_param_log_prior(param, hpo_param_from_unit(param, low));
    return m->s->problem->prior_exponent * (above - below) / (high - low);
}

/* Log cost, and its derivatives in d_cost: 0 when the model of it is not smooth. */
static double log_cost_here(const smooth *m) {
    search *s = m->s;
    const hpo_surrogate *cost = s->problem->cost;
    double mean = 0, variance;
    for (size_t i = 0; i < s->dims; i++) s->d_cost[i] = 0;
    if (cost && cost->gradient) {
        cost->gradient(cost->self, m->unit, &mean, &variance, s->d_cost, s->ignored);
    } else if (cost) {
        cost->predict(cost->self, m->unit, 1, &mean, &variance);
    }
    return mean;
}

/* The logarithm of the probability that all constraints are met; its derivatives are taken from d_cost, which weighs
 * the other way. */
static double log_feasible_here(const smooth *m) {
    search *s = m->s;
    double sum = 0;
    for (size_t c = 0; c < s->problem->n_excess; c++) {
        const hpo_surrogate *excess = &s->problem->excess[c];
        double mean, variance, by_mean, by_variance;
        if (excess->gradient) {
            excess->gradient(excess->self, m->unit, &mean, &variance, s->d_mean, s->d_variance);
        } else {
            excess->predict(excess->self, m->unit, 1, &mean, &variance);
        }
        sum += hpo_log_feasible(mean, variance, &by_mean, &by_variance);
        for (size_t i = 0; i < s->dims && excess->gradient; i++)
            s->d_cost[i] -= by_mean * s->d_mean[i] + by_variance * s->d_variance[i];
    }
    return sum;
}

/* Minus the weighted acquisition. */
static double minus_value(void *context, const double *x, double *gradient) {
    smooth *m = context;
    search *s = m->s;
    const hpo_maximize *problem = s->problem;
    for (size_t i = 0; i < m->n; i++) {
        const size_t index = hpo_space_dim_param(problem->space, m->moving[i]);
        m->unit[m->moving[i]] = x[i];
        m->config[index] = hpo_param_from_unit(hpo_space_param(problem->space, index), x[i]);
    }
    double mean = 0, variance = 0, by_mean, by_variance;
    const double log_cost = log_cost_here(m);
    const double prior = log_feasible_here(m) + log_prior(problem, m->config);
    if (problem->surrogate)
        problem->surrogate->gradient(problem->surrogate->self, m->unit, &mean, &variance, s->d_mean, s->d_variance);
    const double value = promise(problem, mean, variance, &by_mean, &by_variance);
    const bool product =
        problem->acquisition.kind == HPO_ACQUISITION_EI || problem->acquisition.kind == HPO_ACQUISITION_PI;
    const double factor = product ? exp(prior - log_cost) : 1, share = product ? value * factor : 1;
    for (size_t i = 0; i < m->n; i++) {
        const size_t dim = m->moving[i];
        const double slope = by_mean * s->d_mean[dim] + by_variance * s->d_variance[dim];
        const double pull = problem->prior_exponent > 0 ? prior_slope(m, dim) : 0;
        gradient[i] = -(factor * slope + share * (pull - s->d_cost[dim]));
    }
    return -hpo_acquisition_weigh(&problem->acquisition, value, prior, log_cost);
}

static size_t moving_dims(const search *s, const double *config, size_t *moving) {
    size_t n = 0;
    for (size_t dim = 0; dim < s->dims; dim++) {
        const size_t index = hpo_space_dim_param(s->problem->space, dim);
        if (!isnan(config[index]) && hpo_param_levels(hpo_space_param(s->problem->space, index)) == 0) {
            moving[n++] = dim;
        }
    }
    return n;
}

static void climb_smoothly(search *s, double *config, double *value) {
    size_t *moving = base_malloc((s->dims + 1) * sizeof *moving);
    double *x = base_malloc((3 * s->dims + 1) * sizeof *x), *low = x + s->dims, *high = low + s->dims;
    memcpy(s->config, config, s->width * sizeof *config);
    hpo_space_to_unit(s->problem->space, config, s->unit);
    smooth m = {.s = s, .moving = moving, .n = moving_dims(s, config, moving), .unit = s->unit, .config = s->config};
    if (m.n > 0) {
        for (size_t i = 0; i < m.n; i++) {
            x[i] = s->unit[moving[i]];
            low[i] = 0;
            high[i] = 1;
        }
        const hpo_lbfgs problem = {.n = m.n,
                                   .low = low,
                                   .high = high,
                                   .max_evaluations = s->steps,
                                   .tolerance = 1e-6,
                                   .value = minus_value,
                                   .context = &m};
        hpo_lbfgs_minimize(&problem, x);
        for (size_t i = 0; i < m.n; i++) s->unit[moving[i]] = x[i];
        hpo_space_from_unit(s->problem->space, s->unit, s->config);
        double there;
        hpo_maximize_values(s->problem, s->config, 1, &there);
        if (there > *value && hpo_space_allowed(s->problem->space, s->config)) {
            memcpy(config, s->config, s->width * sizeof *config);
            *value = there;
            pool_add(&s->seen, config, there);
        }
    }
    free(x);
    free(moving);
}

/* ---- the discrete part ---- */

/* The best neighbour, if it is better. All that were looked at are remembered while they may be the answer. */
static void step_to_neighbour(search *s, double *config, double *value, double deviation) {
    const size_t draws = is_smooth(s->problem) ? DRAWS_SMOOTH : DRAWS_ROUGH;
    hpo_exchanges_list(&s->exchanges, s->problem->space, config, draws, deviation, s->rng);
    s->near.count = 0;
    for (size_t i = 0; i < s->exchanges.count && s->near.count < MAX_EXCHANGES; i++) {
        double *neighbour = pool_push(&s->near);
        if (!hpo_exchange_apply(s->problem->space, config, s->exchanges.items[i], s->rng, neighbour)) s->near.count--;
    }
    evaluate_pool(s, &s->near);
    size_t best = s->near.count;
    for (size_t i = 0; i < s->near.count; i++) {
        pool_add(&s->seen, pool_at(&s->near, i), s->near.values[i]);
        if (s->near.values[i] > *value && (best == s->near.count || s->near.values[i] > s->near.values[best])) best = i;
    }
    if (best == s->near.count) return;
    memcpy(config, pool_at(&s->near, best), s->width * sizeof *config);
    *value = s->near.values[best];
}

/* A gain that is not worth a step ends the climb as none at all does. */
static void climb(search *s, double *config, double value) {
    const bool smooth_model = is_smooth(s->problem);
    double deviation = FIRST_DEVIATION;
    for (size_t step = 0; step < s->steps && deviation >= LAST_DEVIATION; step++) {
        const double before = value;
        if (smooth_model) climb_smoothly(s, config, &value);
        step_to_neighbour(s, config, &value, deviation);
        if (!(value > before + MIN_GAIN * fabs(before))) deviation *= 0.3;
    }
}

/* ---- all together ---- */

static size_t best_of(const pool *p, size_t limit, const bool *used) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < limit; i++) {
        if (!used[i] && (best == SIZE_MAX || p->values[i] > p->values[best])) best = i;
    }
    return best;
}

static size_t tournament(search *s, size_t limit, const bool *used) {
    size_t best = SIZE_MAX;
    for (int k = 0; k < TOURNAMENT; k++) {
        const size_t i = (size_t)base_rng_below(s->rng, limit);
        if (!used[i] && (best == SIZE_MAX || s->seen.values[i] > s->seen.values[best])) best = i;
    }
    return best;
}

static void climb_all(search *s) {
    const size_t limit = s->seen.count; /* climbs add to the list */
    bool *used = base_calloc(limit + 1, sizeof *used);
    double *config = base_malloc((s->width + 1) * sizeof *config);
    for (size_t k = 0; k < s->starts && limit > 0; k++) {
        const size_t start = k < (s->starts + 1) / 2 ? best_of(&s->seen, limit, used) : tournament(s, limit, used);
        if (start == SIZE_MAX) continue;
        used[start] = true;
        memcpy(config, pool_at(&s->seen, start), s->width * sizeof *config);
        climb(s, config, s->seen.values[start]);
    }
    free(config);
    free(used);
}

/* Known entries are struck out one after the other, the best first. */
static bool pick(search *s, double *config) {
    bool *used = base_calloc(s->seen.count + 1, sizeof *used);
    size_t best;
    while ((best = best_of(&s->seen, s->seen.count, used)) != SIZE_MAX) {
        if (s->problem->repeats || !hpo_view_has_config(s->problem->view, pool_at(&s->seen, best))) break;
        used[best] = true;
    }
    free(used);
    if (best == SIZE_MAX) return false;
    memcpy(config, pool_at(&s->seen, best), s->width * sizeof *config);
    return true;
}

void hpo_maximize_run(const hpo_maximize *problem, base_rng *rng, double *config, bool *found) {
    const size_t width = hpo_space_count(problem->space), dims = hpo_space_dims(problem->space);
    search s = {.problem = problem, .rng = rng, .width = width, .dims = dims, .seen.width = width, .near.width = width};
    s.candidates = problem->candidates > 0 ? problem->candidates : 1000;
    s.starts = problem->starts > 0 ? problem->starts : 8;
    s.steps = problem->steps > 0 ? problem->steps : 30;
    s.unit = base_calloc(5 * dims + width + 1, sizeof *s.unit);
    s.d_mean = s.unit + dims;
    s.d_variance = s.d_mean + dims;
    s.d_cost = s.d_variance + dims;
    s.ignored = s.d_cost + dims;
    s.config = s.ignored + dims;
    const double points = hpo_space_cardinality(problem->space);
    if (points <= MAX_GRID) {
        add_grid(&s, (uint64_t)points);
        evaluate_pool(&s, &s.seen);
    } else {
        add_hypercube(&s, s.candidates - s.candidates / 4);
        add_perturbed(&s, s.candidates / 4);
        if (problem->prior_exponent > 0) add_prior_draws(&s, s.candidates / 4);
        evaluate_pool(&s, &s.seen);
        climb_all(&s);
    }
    *found = pick(&s, config);
    hpo_exchanges_fini(&s.exchanges);
    free(s.seen.configs);
    free(s.seen.values);
    free(s.near.configs);
    free(s.near.values);
    free(s.unit);
}
