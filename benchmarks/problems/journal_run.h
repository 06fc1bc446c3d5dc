/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of hpo_search as a problem: its results, read from the journal, and forests fitted to them. journal_run.c
 * reads, journal_forest.c fits and judges the fit, journal_problem.c answers.
 *
 * K. Eggensperger, F. Hutter, H. H. Hoos, K. Leyton-Brown, "Efficient Benchmarking of Hyperparameter Optimizers via
 * Surrogates", AAAI 2015: a regression forest that is fitted to evaluations stands for the real problem. */
#ifndef BENCHMARKS_PROBLEMS_JOURNAL_RUN_H
#define BENCHMARKS_PROBLEMS_JOURNAL_RUN_H

#include "benchmarks/problems/problem.h"
#include "hpo/models/forest.h"

enum { BENCH_RUN_TREES = 100, BENCH_RUN_FOLDS = 10, BENCH_RUN_ENOUGH = 100 };

/* Features of a row: the parameters that are searched, in the order of the space, then the fidelity if there is one. */
typedef struct bench_run_rows {
    size_t n;
    const double *features; /* n x bench_run.n_features */
    const double *targets;  /* n */
    const double *fidelity; /* n */
    const uint64_t *trial;  /* n, rising */
} bench_run_rows;

typedef struct bench_run {
    const char *file, *metric;
    bool maximize;
    const char *space;     /* {parameters: ..., forbid: ...} */
    hpo_fidelity fidelity; /* name NULL: every evaluation is a full one; min: the lowest that was seen */
    /* By argument: its scale and bounds (nothing that is a pointer), or the number of its choices. */
    const hpo_param *params;
    size_t n_params, n_features;
    const size_t *categories;            /* by feature, for hpo_forest_create; an inactive choice is one more */
    bench_run_rows values;               /* what evaluations and reports showed */
    bench_run_rows ends;                 /* evaluations: 1 for one that failed, else 0 */
    size_t n_evaluations;                /* that worked */
    size_t n_trials, n_failed, n_random; /* trials, evaluations that failed, trials that were drawn at random */
} bench_run;

/* ---- journal_run.c ---- */
/* Reads the journal at path, a file or a run's folder, into arena, without its lock. where: for mistakes.
 * BASE_NOTFOUND and BASE_CORRUPT as hpo_journal_read. */
BASE_CHECK base_status bench_run_read(const char *path, base_arena *arena, bench_run *run, base_err *err);
/* The features of a point of the problem's arguments. */
void bench_run_encode(const bench_run *run, const double *x, double fidelity, double *features);

/* ---- journal_forest.c ---- */
typedef struct bench_run_model {
    const hpo_forest *values;
    const hpo_forest *failures; /* NULL: none failed */
} bench_run_model;
/* In arena. The same rows give the same bits. */
const bench_run_model *bench_run_fit(const bench_run *run, base_arena *arena);

/* How near predictions come to values. NAN where it has no meaning, as when all values are equal. */
typedef struct bench_run_error {
    size_t n;
    double r2, rmse, rank; /* coefficient of determination, root mean squared error, Spearman's correlation */
} bench_run_error;
bench_run_error bench_run_compare(const double *predicted, const double *values, size_t n);
/* Every row of run->values as it is predicted by a forest that saw no row of its trial: trial number i of those with
 * rows is left out in fold i modulo BENCH_RUN_FOLDS. predicted: n. */
void bench_run_cross_validate(const bench_run *run, double *predicted);

#endif
