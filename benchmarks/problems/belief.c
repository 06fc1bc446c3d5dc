/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a user with a belief would look, as priors of medium confidence on a problem's own parameters.
 *
 * N. Mallik et al., "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning", NeurIPS 2023: good
 * is the optimum, at25 the best of 25 random points and bad the worst of many. medium is our own definition, in the
 * manner of mf-prior-bench: the optimum with every number moved by a normal step of 1/8 of its range, on its scale, and
 * every choice exchanged for another with probability 1/8. A step beyond a bound is reflected, and all is drawn again
 * until something has changed. Random points are those of a fixed stream of each problem, at full fidelity and without
 * noise. Where places have been published, the problem has them itself. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

enum { LUCKY_POINTS = 25, UNLUCKY_POINTS = 1000 };
static const double moved = 0.125;

typedef struct believer {
    bench_instance instance; /* loaded, without noise */
    hpo_space *space;        /* its own, without priors */
    base_rng rng;
    double *x, *draw, *scratch;
} believer;

base_status bench_add(const bench_instance *instance, hpo_space *space, const hpo_param *param, base_err *err) {
    hpo_param with = *param;
    const double center = instance->belief ? instance->belief[hpo_space_count(space)] : NAN;
    if (!isnan(center)) {
        const bool is_number = param->kind == HPO_FLOAT || param->kind == HPO_INT;
        with.prior = (hpo_prior){.given = true, .center = center};
        if (is_number) with.prior.deviation = BENCH_PRIOR_DEVIATION;
        if (!is_number) with.prior.weight = BENCH_PRIOR_WEIGHT;
    }
    return hpo_space_add(space, &with, err);
}

static size_t size_of(const believer *b) {
    return hpo_space_count(b->space) * sizeof(double);
}

/* The exact value at x, negated where larger ones are better. */
static double loss(believer *b, const double *x) {
    const bench_problem *problem = b->instance.problem;
    double values[sizeof problem->metric / sizeof *problem->metric];
    memcpy(b->scratch, x, size_of(b));
    bench_instance_evaluate(&b->instance, b->scratch, problem->fidelity.max, &b->rng, values);
    const double exact = values[problem->metric[1] ? 1 : 0];
    return problem->maximize & 1 ? -exact : exact;
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

static base_status believe(believer *b, base_err *err) {
    const bench_problem *problem = b->instance.problem;
    const bench_prior prior = (bench_prior)b->instance.settings.prior;
    double value;
    if (problem->belief && problem->belief(&b->instance, prior, b->x)) return BASE_OK;
    if (prior == BENCH_PRIOR_AT25) return pick(b, LUCKY_POINTS, false, err);
    if (prior == BENCH_PRIOR_BAD) return pick(b, UNLUCKY_POINTS, true, err);
    if (!bench_optimum(&b->instance, 0, b->x, &value))
        return BASE_FAIL(err, BASE_INVALID, "the optimum of %s is unknown", problem->name);
    if (prior == BENCH_PRIOR_MEDIUM) move(b);
    return BASE_OK;
}

/* Loads the problem and finds the place; the space is the believer's. */
static base_status find_belief(believer *b, base_arena *arena, base_err *err) {
    bench_instance *instance = &b->instance;
    const char *name = instance->problem->name;
    BASE_TRY(bench_instance_load(instance, arena, err));
    BASE_TRY(instance->problem->parameters(instance, b->space, err));
    BASE_TRY(hpo_space_seal(b->space, err));
    const size_t count = hpo_space_count(b->space);
    b->x = BASE_NEW_ARRAY(arena, count, double);
    b->draw = BASE_NEW_ARRAY(arena, count, double);
    b->scratch = BASE_NEW_ARRAY(arena, count, double);
    b->rng = base_rng_stream(base_hash64(name, strlen(name)), BASE_RNG_PROBLEM, (uint32_t)instance->settings.instance,
                             (uint32_t)instance->settings.prior);
    return believe(b, err);
}

base_status bench_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    if (instance->settings.prior == BENCH_PRIOR_NONE) return instance->problem->parameters(instance, space, err);
    base_arena *arena = base_arena_create();
    believer b = {.instance = *instance, .space = hpo_space_create()};
    b.instance.settings.noise = 0;
    base_status status = find_belief(&b, arena, err);
    if (status == BASE_OK) {
        bench_instance believing = *instance;
        believing.belief = b.x;
        status = instance->problem->parameters(&believing, space, err);
    }
    hpo_space_destroy(b.space);
    base_arena_destroy(arena);
    return status;
}
