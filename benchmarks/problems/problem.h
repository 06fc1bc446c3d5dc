/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems whose optimum is known: a formula, its parameters, what a cheaper look at it shows, and its best value.
 *
 * A problem is one constant descriptor. It knows nothing of a study; a binding connects the parameters of a study's
 * space with its arguments once, so that an evaluation looks nothing up. All problems are minimised. */
#ifndef BENCHMARKS_PROBLEMS_PROBLEM_H
#define BENCHMARKS_PROBLEMS_PROBLEM_H

#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of a problem that exists in every size. */
typedef struct bench_size {
    int64_t n_categorical, n_continuous;
} bench_size;

typedef struct bench_problem bench_problem;
struct bench_problem {
    const char *name, *summary;
    const char *metric[2]; /* its name and NULL */
    bool sized;            /* the bench_size counts; the others have one size only */
    /* What a cheaper evaluation is measured in, and its range; max = INFINITY: only the limit is exact. name NULL:
     * every evaluation is a full one. */
    hpo_fidelity fidelity;
    /* Adds the arguments in order, as numbers or as choices among numbers. The space is not sealed yet. */
    base_status (*parameters)(const bench_problem *problem, const bench_size *size, hpo_space *space, base_err *err);
    /* The value at x. Random draws, if any, come from noise. */
    double (*evaluate)(const bench_problem *problem, const bench_size *size, const double *x, double fidelity,
                       base_rng *noise);
    /* Of one evaluation from scratch, as a share of a full one; NULL: in proportion to the fidelity. */
    double (*cost)(double fidelity);
    /* The best value that a full evaluation has, and place number `which` that has it; false: there are not so many. */
    bool (*optimum)(const bench_problem *problem, const bench_size *size, size_t which, double *x, double *value);
    const void *detail; /* of the problem's own file */
};

/* ---- registry.c ---- */
const bench_problem *const *bench_problems(size_t *count);
const bench_problem *bench_problem_find(const char *name); /* NULL: there is none */
/* The name that was probably meant, or NULL. */
const char *bench_problem_nearest(const char *name);

/* ---- binding.c ---- */
/* One argument: where it lies in a configuration, and the numbers that an index stands for (NULL: the value itself). */
typedef struct bench_argument {
    size_t param;
    const double *numbers;
} bench_argument;

typedef struct bench_binding {
    const bench_problem *problem;
    bench_size size;
    size_t count;
    const bench_argument *arguments;
    double *x; /* the arguments of the evaluation that is under way: a binding serves one thread */
} bench_binding;

/* The space must hold the problem's parameters, unconditionally and within their bounds, and no others: BASE_INVALID
 * with the position of the parameter, or of `where` for a missing one. What *binding points to lives in arena. */
BASE_CHECK base_status bench_bind(const bench_problem *problem, const bench_size *size, const hpo_space *space,
                                  const base_yaml_node *where, base_arena *arena, bench_binding *binding,
                                  base_err *err);
/* A pure function of the configuration, the fidelity and the seed. */
double bench_evaluate(const bench_binding *binding, const double *config, double fidelity, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
