/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by what reads runs. */
#ifndef BENCHMARKS_REPORT_RUNS_INTERNAL_H
#define BENCHMARKS_REPORT_RUNS_INTERNAL_H

#include "benchmarks/report/runs.h"

/* An incumbent: a line of results.csv. */
typedef struct bench_runs_row {
    size_t run; /* index */
    double spent, regret, exact;
} bench_runs_row;

/* A label of a folder: methods of two folders may be one, or share a name only. */
typedef struct bench_runs_label {
    const char *text;
    size_t folder, method;
} bench_runs_label;

typedef struct bench_runs_reading {
    bench_runs *runs; /* whose runs have labels where methods will be */
    bench_run *run;   /* growing, as the others */
    double *spent;    /* by run: in all */
    bench_runs_row *rows;
    bench_runs_label *labels;
    bench_runs_problem *problems; /* scale is the median's value until all is read */
    int64_t *workers;
    size_t n_run, n_rows, n_labels, n_problems, n_workers;
    size_t run_capacity, spent_capacity, row_capacity, label_capacity, problem_capacity, workers_capacity;
} bench_runs_reading;

/* runs_read.c: the tables of a folder. */
BASE_CHECK base_status bench_runs_read_folder(bench_runs_reading *r, size_t folder, base_err *err);
/* runs_methods.c: labels become methods; runs are changed accordingly. */
void bench_runs_name_methods(bench_runs_reading *r);

#endif
