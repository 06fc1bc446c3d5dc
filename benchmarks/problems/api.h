/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problems for programs in other languages: a shared library of plain C functions (libhpo-problems.so), for ctypes
 * and the like, so that no problem is written twice. benchmarks/peers/bench_problems.py is it in Python.
 *
 * A point is an array of doubles, one for each parameter in order: a number as it is, a choice as its index from 0, NAN
 * for a parameter whose condition does not hold. The library keeps no state but that of its handles; a handle serves
 * one thread at a time. Only the functions of this header are visible. */
#ifndef BENCHMARKS_PROBLEMS_API_H
#define BENCHMARKS_PROBLEMS_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_API __attribute__((visibility("default")))

/* Raised when something that a caller relies on changes; additions leave it. */
#define BENCH_API_VERSION 1
BENCH_API int bench_api_version(void);

/* The problems, in the order of hpo_search --list. Texts are never freed. */
BENCH_API size_t bench_api_count(void);
BENCH_API const char *bench_api_name(size_t index);
BENCH_API const char *bench_api_summary(size_t index);

typedef struct bench_api_problem bench_api_problem;

/* settings: what a study file has below `function:`, as YAML or JSON: {problem: bbob-f8, dimensions: 5, instance: 3}.
 * NULL: it cannot be; why is written to error (room bytes, '\0' included). Reads the tables that it needs. */
BENCH_API bench_api_problem *bench_api_open(const char *settings, char *error, size_t room);
BENCH_API void bench_api_close(bench_api_problem *problem); /* accepts NULL; frees all of its texts */

typedef enum bench_api_kind {
    BENCH_API_FLOAT,
    BENCH_API_INT,         /* min, min + 1, ..., max */
    BENCH_API_CATEGORICAL, /* choices without order */
    BENCH_API_ORDINAL      /* choices in order */
} bench_api_kind;
typedef struct bench_api_parameter {
    const char *name;
    int kind;        /* a bench_api_kind */
    int log;         /* 1: searched on the logarithm's scale */
    double min, max; /* of a number, inclusive */
    size_t n_choices;
    int has_prior;    /* what the setting `prior` believes: */
    double center;    /* a number or the index of a choice, */
    double deviation; /* of a number's normal prior, as a fraction of its range (on its scale), */
    double weight;    /* of the preferred choice, against 1 for each other */
} bench_api_parameter;

BENCH_API size_t bench_api_parameters(const bench_api_problem *problem);
/* Below bench_api_parameters. */
BENCH_API void bench_api_describe(const bench_api_problem *problem, size_t parameter, bench_api_parameter *out);
/* A choice as a study file writes it: relu, 0.25, 64. */
BENCH_API const char *bench_api_choice(const bench_api_problem *problem, size_t parameter, size_t choice);
/* The whole space as `parameters:` of a study file, in one line, conditions included. */
BENCH_API const char *bench_api_space(const bench_api_problem *problem);
/* Sets what is inactive at the point to NAN. */
BENCH_API void bench_api_activate(const bench_api_problem *problem, double *point);

/* What an evaluation measures; the first metric is searched for. */
BENCH_API size_t bench_api_metrics(const bench_api_problem *problem);
BENCH_API const char *bench_api_metric(const bench_api_problem *problem, size_t metric);
BENCH_API int bench_api_maximize(const bench_api_problem *problem, size_t metric); /* 1: larger is better */

/* The name of what a cheaper evaluation is measured in, and its range (max INFINITY: only the limit is exact); NULL:
 * every evaluation is a full one. */
BENCH_API const char *bench_api_fidelity(const bench_api_problem *problem, double *min, double *max, int *integer);
/* Of one evaluation from scratch, as a fraction of a full one; NAN where nothing is one. */
BENCH_API double bench_api_cost(const bench_api_problem *problem, double fidelity);
/* 1: a trial that was evaluated at a lower fidelity goes on and costs what is more; 0: it begins anew. */
BENCH_API int bench_api_continues(const bench_api_problem *problem);

/* Every metric at the point, into values. A fidelity that is NAN asks for a full evaluation; it is ignored where there
 * is none. The values are a function of point, fidelity and seed: what hpo_search gets for a trial with this seed.
 * FLOAT numbers may lie outside of their bounds, where a formula still has a value. 0, or -1: an integer or a choice is
 * none of its parameter's, an unconditional parameter is NAN, the fidelity is out of its range. */
BENCH_API int bench_api_evaluate(const bench_api_problem *problem, const double *point, double fidelity, uint64_t seed,
                                 double *values);
/* Place number `which` of the optimum and its value without noise; 1, or 0: there are not so many, or it is unknown. */
BENCH_API int bench_api_optimum(const bench_api_problem *problem, size_t which, double *point, double *value);

/* What a front of n rows of k finite losses dominates up to the reference (k numbers), of which smaller ones are
 * better: by which methods for several metrics are compared. n x k, row by row; rows may be dominated. Exact. */
BENCH_API double bench_api_hypervolume(const double *losses, size_t n, size_t k, const double *reference);

#ifdef __cplusplus
}
#endif
#endif
