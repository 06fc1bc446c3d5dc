/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a user with a belief would look, as priors of medium confidence on a problem's own parameters.
 *
 * N. Mallik et al., "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning", NeurIPS 2023: good
 * is the optimum, at25 the best of 25 random points and bad the worst of many. medium is our own definition, in the
 * manner of mf-prior-bench: the optimum with every number moved by a normal step of 1/8 of its range, on its scale, and
 * every choice exchanged for another with probability 1/8. A step beyond a bound is reflected, and all is drawn again
 * until something has changed. Random points are those of a fixed stream of each problem, at full fidelity and without
 * noise. Where places have been published, the problem has them itself.
 *
 * The optimum of a metric that nobody knows is the best of as many random points as bad is the worst of. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

enum { LUCKY_POINTS = 25, MANY_POINTS = 1000 };
static const double moved = 0.125;

typedef struct believer {
    bench_instance instance; /* loaded, without noise */
    hpo_space *space;        /* its own, without priors */
    base_arena *arena;
    base_rng rng;
    size_t metric; /* whose place is sought */
    double *x, *draw, *scratch;
} believer;

/* Of medium confidence; not given where center is NAN. */
static hpo_prior prior_at(const hpo_param *param, double center) {
    const bool is_number = param->kind == HPO_FLOAT || param->kind == HPO_INT;
    if (isnan(center)) return (hpo_prior){.given = false};
    return (hpo_prior){.given = true,
                       .center = center,
                       .deviation = is_number ? BENCH_PRIOR_DEVIATION : 0,
                       .weight = is_number ? 0 : BENCH_PRIOR_WEIGHT};
}

base_status bench_add(const bench_instance *instance, hpo_space *space, const hpo_param *param, base_err *err) {
    const bench_belief *belief = instance->belief;
    if (!belief) return hpo_space_add(space, param, err);
    const size_t index = hpo_space_count(space);
    hpo_metric_prior priors[BENCH_MAX_METRICS];
    hpo_param with = *param;
    if (belief->all) with.prior = prior_at(param, belief->all[index]);
    for (size_t m = 0; m < BENCH_MAX_METRICS; m++) {
        if (!belief->of[m] || isnan(belief->of[m][index])) continue;
        priors[with.n_metric_priors++] =
            (hpo_metric_prior){.metric = instance->problem->metric[m], .prior = prior_at(param, belief->of[m][index])};
        with.metric_priors = priors;
        with.where = instance->where; /* whose key prior is such a map, too */
    }
    return hpo_space_add(space, &with, err);
}

static size_t size_of(const believer *b) {
    return hpo_space_count(b->space) * sizeof(double);
}

/* The value at x, of a noisy metric the exact one; negated where larger ones are better. */
static double loss(believer *b, const double *x) {
    const bench_problem *problem = b->instance.problem;
    const bool noisy = b->metric == 0 && problem->metric[1] && strcmp(problem->metric[1], "exact") == 0;
    double values[BENCH_MAX_METRICS];
    memcpy(b->scratch, x, size_of(b));
    bench_instance_evaluate(&b->instance, b->scratch, problem->fidelity.max, &b->rng, values);
    const double exact = values[noisy ? 1 : b->metric];
    return problem->maximize >> b->metric & 1 ? -exact : exact;
}

/* The best of count random points, or the worst. */
static base_status pick(believer *b, size_t count, bool worst, base_err *err) {
    double picked = INFINITY;
    for (size_t i = 0; i < count; i++) {
        BASE_TRY(hpo_space_sample(b->space, &b->rng, b->draw, err));
        const double value = worst ? -loss(b, b->draw) : loss(b, b->draw);
        if (value < picked) memcpy(b->x, b->draw, size_of(b));
        picked = fmin(picked, value);
    }
    return BASE_OK;
}

static double move_number(const hpo_param *param, double x, base_rng *rng) {
    const double unit = fabs(hpo_param_to_unit(param, x) + moved * base_rng_normal(rng));
    return hpo_param_from_unit(param, unit > 1 ? fmax(0, 2 - unit) : unit);
}

static double move_choice(const hpo_param *param, double x, base_rng *rng) {
    if (base_rng_uniform(rng) >= moved || param->n_choices < 2) return x;
    const uint64_t step = 1 + base_rng_below(rng, param->n_choices - 1);
    return (double)(((uint64_t)x + step) % param->n_choices);
}

/* From the place in x. What a new choice makes active has no value and gets no prior. */
static void move(believer *b) {
    do {
        memcpy(b->draw, b->x, size_of(b));
        for (size_t i = 0; i < hpo_space_count(b->space); i++) {
            const hpo_param *param = hpo_space_param(b->space, i);
            if (isnan(b->x[i])) continue;
            b->draw[i] =
                param->n_choices > 0 ? move_choice(param, b->x[i], &b->rng) : move_number(param, b->x[i], &b->rng);
        }
        hpo_space_activate(b->space, b->draw);
    } while (hpo_space_equal(b->space, b->draw, b->x));
    memcpy(b->x, b->draw, size_of(b));
}

/* Into x. */
static base_status find_place(believer *b, bench_prior prior, base_err *err) {
    const bench_problem *problem = b->instance.problem;
    const bool first = b->metric == 0;
    double value;
    if (first && problem->belief && problem->belief(&b->instance, prior, b->x)) return BASE_OK;
    if (prior == BENCH_PRIOR_AT25) return pick(b, LUCKY_POINTS, false, err);
    if (prior == BENCH_PRIOR_BAD) return pick(b, MANY_POINTS, true, err);
    if (!first || !bench_optimum(&b->instance, 0, b->x, &value)) BASE_TRY(pick(b, MANY_POINTS, false, err));
    if (prior == BENCH_PRIOR_MEDIUM) move(b);
    return BASE_OK;
}

static base_status believe(believer *b, size_t metric, int prior, const double **place, base_err *err) {
    const bench_instance *instance = &b->instance;
    const char *name = instance->problem->name;
    if (prior == BENCH_PRIOR_NONE) return BASE_OK;
    b->metric = metric;
    b->x = BASE_NEW_ARRAY(b->arena, hpo_space_count(b->space), double);
    b->rng = base_rng_stream(base_hash64(name, strlen(name)), BASE_RNG_PROBLEM, (uint32_t)instance->settings.instance,
                             (uint32_t)prior);
    *place = b->x;
    return find_place(b, (bench_prior)prior, err);
}

/* Loads the problem and finds the places; the space is the believer's. */
static base_status find_belief(believer *b, bench_belief *belief, base_err *err) {
    bench_instance *instance = &b->instance;
    const bench_settings *settings = &instance->settings;
    BASE_TRY(bench_instance_load(instance, b->arena, err));
    BASE_TRY(instance->problem->parameters(instance, b->space, err));
    BASE_TRY(hpo_space_seal(b->space, err));
    const size_t count = hpo_space_count(b->space);
    b->draw = BASE_NEW_ARRAY(b->arena, count, double);
    b->scratch = BASE_NEW_ARRAY(b->arena, count, double);
    BASE_TRY(believe(b, 0, settings->prior, &belief->all, err));
    for (size_t m = 0; m < BENCH_MAX_METRICS; m++) BASE_TRY(believe(b, m, settings->priors[m], &belief->of[m], err));
    return BASE_OK;
}

base_status bench_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    if (!bench_believes(&instance->settings)) return instance->problem->parameters(instance, space, err);
    bench_belief belief = {0};
    believer b = {.instance = *instance, .space = hpo_space_create(), .arena = base_arena_create()};
    b.instance.settings.noise = 0;
    base_status status = find_belief(&b, &belief, err);
    if (status == BASE_OK) {
        bench_instance believing = *instance;
        believing.belief = &belief;
        status = instance->problem->parameters(&believing, space, err);
    }
    hpo_space_destroy(b.space);
    base_arena_destroy(b.arena);
    return status;
}
