/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A problem in the space that it declares itself. */
#ifndef TESTS_BENCHMARKS_PROBLEMS_BIND_H
#define TESTS_BENCHMARKS_PROBLEMS_BIND_H

#include "benchmarks/problems/problem.h"
#include "tests/support/check.h"

typedef struct bound_problem {
    hpo_space *space;
    base_arena *arena;
    bench_binding binding;
} bound_problem;

static inline bound_problem bind_with(const char *name, const bench_settings *settings) {
    base_err err = {0};
    const bench_problem *problem = bench_problem_find(name);
    assert_non_null(problem);
    const bench_instance instance = {.problem = problem, .settings = *settings};
    bound_problem bound = {.space = hpo_space_create(), .arena = base_arena_create()};
    CHECK_OK(bench_parameters(&instance, bound.space, &err));
    CHECK_OK(hpo_space_seal(bound.space, &err));
    CHECK_OK(bench_bind(problem, settings, bound.space, NULL, bound.arena, &bound.binding, &err));
    CHECK_OK(bench_load(&bound.binding, bound.arena, &err));
    return bound;
}

static inline bound_problem bind_sized(const char *name, int64_t n_categorical, int64_t n_continuous) {
    return bind_with(name, &(bench_settings){.n_categorical = n_categorical, .n_continuous = n_continuous});
}

static inline bound_problem bind_own(const char *name) {
    return bind_sized(name, 0, 0);
}

static inline void bind_release(bound_problem *bound) {
    hpo_space_destroy(bound->space);
    base_arena_destroy(bound->arena);
}

/* The first metric at x without the trouble of a configuration: arguments in order. */
static inline double value_at(const bound_problem *bound, const double *x, double fidelity, uint64_t seed) {
    base_rng noise = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    const bench_instance *instance = &bound->binding.instance;
    double values[8];
    instance->problem->evaluate(instance, x, fidelity, &noise, values);
    return values[0];
}

#endif
