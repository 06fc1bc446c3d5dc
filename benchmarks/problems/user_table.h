/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table that a user brings: a file of comma-separated values with columns of parameters, of metrics, and perhaps one
 * of a fidelity, as a problem. user_table.c makes it, user_table_columns.c reads columns, user_table_answer.c answers.
 */
#ifndef BENCHMARKS_PROBLEMS_USER_TABLE_H
#define BENCHMARKS_PROBLEMS_USER_TABLE_H

#include "base/index.h"
#include "base/csv.h"
#include "benchmarks/problems/problem.h"

/* The metrics that a table can have: bench_problem.metric holds one more, "exact", and the NULL at its end. */
enum { BENCH_TABLE_METRICS = 6, BENCH_TABLE_LEVELS = 100 };

/* A column of a parameter. Its argument is an index of choices, or a number of a range. */
typedef struct bench_table_axis {
    const base_csv_cell *name;
    bool ordered;  /* numbers */
    bool is_range; /* more than BENCH_TABLE_LEVELS of them: any number between min and max may be asked for */
    bool integer, log;
    double min, max;
    const hpo_value *choices; /* ordered: rising. NULL: a range */
    size_t n_choices;
} bench_table_axis;

typedef struct bench_table_metric {
    size_t column;
    bool maximize;
} bench_table_metric;

/* Rows of one configuration lie together, those of the lowest fidelity first. */
typedef struct bench_user_table {
    base_csv csv; /* cells: while it is read */
    const bench_table_axis *axes;
    size_t n_axes, n_metrics, n_configs;
    bench_table_metric metrics[BENCH_TABLE_METRICS];
    const double *arguments; /* n_configs x n_axes */
    const double *places;    /* the same on the unit cube, choices without order as they are */
    const size_t *first;     /* n_configs + 1: its rows */
    const double *level;     /* of a row: the fidelity, else 1 */
    const double *values;    /* n_rows x n_metrics; NAN: the evaluation failed */
    base_index index;        /* of configurations by their arguments */
    bool continues;          /* as in bench_problem */
    bool complete;           /* no ranges, and all combinations of choices are there */
} bench_user_table;

/* detail of the problem of an instance: what is searched, and where the best of it lies. */
typedef struct bench_table_view {
    const bench_user_table *table;
    size_t order[BENCH_TABLE_METRICS]; /* metrics as they are told ("exact" comes second); the first is searched */
    size_t best;                       /* configuration; SIZE_MAX: all failed */
    double best_value;
} bench_table_view;

/* ---- user_table_columns.c ---- */
typedef enum bench_table_role { BENCH_PARAMETER, BENCH_METRIC, BENCH_FIDELITY, BENCH_IGNORED } bench_table_role;

/* A table that is being read. */
typedef struct bench_table_builder {
    const bench_table_request *request;
    const base_yaml_node *map;
    base_arena *arena, *scratch; /* of the table; until it is made */
    bench_user_table *table;
    bench_table_role *roles; /* of the columns */
    size_t fidelity;         /* column; SIZE_MAX: none */
    bench_table_axis *axes;
    double *arguments; /* n_rows x n_axes, as the file has them */
    double *levels;    /* of a row */
} bench_table_builder;

const base_csv_cell *bench_table_cell(const bench_table_builder *b, size_t row, size_t column);
/* A finite number. */
bool bench_table_number(const char *text, double *value);
/* From the file's cells: roles and metrics; then axes and arguments. */
BASE_CHECK base_status bench_table_read_columns(bench_table_builder *b, base_err *err);

/* ---- user_table_answer.c ---- */
uint64_t bench_table_hash(const bench_user_table *table, const double *arguments);
/* The configuration with these arguments, or SIZE_MAX; and the nearest to them. */
size_t bench_table_exact(const bench_user_table *table, const double *arguments);
size_t bench_table_nearest(const bench_user_table *table, const double *arguments);
/* Where an argument lies on its axis, between 0 and 1; a choice without order as it is. */
double bench_table_place(const bench_table_axis *axis, double argument);
/* Mean of a metric over the rows of a configuration at its highest fidelity, failed ones left out; NAN: all failed. */
double bench_table_full(const bench_user_table *table, size_t config, size_t metric);
base_status bench_user_table_parameters(const bench_instance *instance, hpo_space *space, base_err *err);
void bench_user_table_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                               double *values);
bool bench_user_table_optimum(const bench_instance *instance, size_t which, double *x, double *value);

#endif
