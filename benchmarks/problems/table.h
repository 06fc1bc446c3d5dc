/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A problem that was solved everywhere: every configuration of a finite space was trained, and a table tells the
 * outcome. A table is described by its file and axes; the functions here are the rest of its bench_problem. */
#ifndef BENCHMARKS_PROBLEMS_TABLE_H
#define BENCHMARKS_PROBLEMS_TABLE_H

#include "benchmarks/problems/problem.h"

/* A parameter: texts, which have no order, or numbers, which have. */
typedef struct bench_axis {
    const char *name;
    size_t count;
    const char *const *texts;
    const double *numbers;
} bench_axis;

typedef struct bench_table_file {
    const char *file;
    size_t n_axes;
    const bench_axis *axes;
    size_t id;          /* the column whose digits are the indices on the axes */
    size_t first, runs; /* columns first .. first + runs - 1: the repeated trainings; missing ones are empty */
    size_t cheap;       /* the column of a shorter training, shown below the highest fidelity; 0: none */
    /* The metrics behind "exact", which are the same at every fidelity: */
    size_t more, n_more;                   /* columns more .. more + n_more - 1 */
    double (*parameters)(const double *x); /* the last one, computed where the table lacks it; NULL: none */
} bench_table_file;

/* detail of the problem: its bench_table_file. */
base_status bench_table_parameters(const bench_instance *instance, hpo_space *space, base_err *err);
base_status bench_table_load(const bench_instance *instance, base_arena *arena, const void **data, base_err *err);
void bench_table_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                          double *values);
bool bench_table_optimum(const bench_instance *instance, size_t which, double *x, double *value);

#endif
