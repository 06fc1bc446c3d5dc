/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A benchmark suite: problems, methods, numbers of workers and seeds, as one page of YAML. A cell is one of each; in it
 * a whole study runs, whose file is made here.
 *
 *   suite: smoke
 *   problems:
 *     - branin                                             # a problem of the objective function
 *     - {problem: {problem: lcbench, task: Fashion-MNIST}, name: fashion, fidelity: {epochs: {min: 1, max: 52}}}
 *     - {objective: {train: {...}}, name: mlp, parameters: {...}, metric: valid_error}
 *   methods: [random, {sampler: gp, scheduler: hyperband, label: gp on brackets}]
 *   seeds: 10
 *   workers: [1, 8]
 *   budget: {full: 30}                                     # full evaluations */
#ifndef BENCHMARKS_SUITE_SUITE_H
#define BENCHMARKS_SUITE_SUITE_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What of an evaluation counts on the axis of costs, in full evaluations: what the study was charged; the fidelity that
 * was reached, as if from scratch; or what was added to the fidelity. Without a fidelity all are 1. */
typedef enum bench_charge { BENCH_CHARGE_COST, BENCH_CHARGE_SCRATCH, BENCH_CHARGE_DIFFERENCE } bench_charge;

/* One of full, trials and cost is positive. */
typedef struct bench_budget {
    double full, cost;
    int64_t trials;
} bench_budget;

typedef struct bench_suite_problem {
    const char *name;
    const base_yaml_node *objective;                                              /* as a study has it */
    const base_yaml_node *fidelity, *parameters, *metric, *metrics, *constraints; /* NULL: not given */
    bench_budget budget;
    bool *runs; /* by method */
} bench_suite_problem;

typedef struct bench_suite_method {
    const char *label;
    const base_yaml_node *method;     /* as a study has it */
    const base_yaml_node *replicates; /* of its studies; NULL: none */
    bool repeats;                     /* its studies say so: it may propose what was tried */
    bool by_posterior;                /* its studies say so: the last incumbent is what they recommend */
} bench_suite_method;

typedef struct bench_suite {
    const char *file, *name, *title; /* title: NULL = none */
    bench_suite_problem *problems;
    bench_suite_method *methods;
    int64_t *workers;
    double *at; /* where on the axis of costs results are told, rising; in full evaluations */
    size_t n_problems, n_methods, n_workers, n_at;
    int64_t seeds, first_seed; /* so many, from the first one on */
    int charge;                /* a bench_charge */
    bool times;                /* how long suggestions take is told, too */
    bool portable;             /* kernels that give the same bits on every processor */
    const base_yaml_node *page;
    base_arena *arena;
} bench_suite;

/* text: the bytes of the page. sets: assignments that come over it, such as seeds=3. Every mistake is BASE_INVALID with
 * its position. Destroy with bench_suite_destroy. */
BASE_CHECK base_status bench_suite_read(const char *file, const char *text, size_t length, const char *const *sets,
                                        size_t n_sets, bench_suite **out, base_err *err);
/* The same from a tree, which must outlive the suite. */
BASE_CHECK base_status bench_suite_read_node(const base_yaml_node *root, bench_suite **out, base_err *err);
void bench_suite_destroy(bench_suite *suite); /* accepts NULL */

/* ---- cells ---- */

/* Seeds change slowest: a suite with more of them has the cells of before, and others behind them. */
typedef struct bench_cell {
    size_t problem, method, workers; /* indices */
    int64_t seed;
} bench_cell;
/* Of one seed, and of all. */
size_t bench_suite_cells_of_seed(const bench_suite *suite);
uint64_t bench_suite_cells(const bench_suite *suite);
bench_cell bench_suite_cell(const bench_suite *suite, uint64_t number);
/* The study of a cell as the text of a study file. */
void bench_suite_study(const bench_suite *suite, bench_cell cell, base_buf *out);
/* The same, read: errors name the suite, the problem and the method. */
BASE_CHECK base_status bench_suite_read_study(const bench_suite *suite, bench_cell cell, const hpo_catalog *catalog,
                                              hpo_study_spec **out, base_err *err);
/* What a full evaluation costs: the highest fidelity, 1 without one. */
double bench_suite_full_cost(const bench_suite_problem *problem);
/* Whether every problem can be searched by every method that shall. */
BASE_CHECK base_status bench_suite_check(const bench_suite *suite, const hpo_catalog *catalog, base_err *err);

/* What is worth knowing of the problems before they are searched: lines that begin with "# ", and what may be a mistake
 * as sentences on lines of their own. */
BASE_CHECK base_status bench_suite_describe(const bench_suite *suite, const hpo_catalog *catalog, base_buf *out,
                                            base_err *err);

/* What results depend on, as a flow map that bench_suite_read reads to the same cells: not the number of seeds, nor
 * where results are told. */
void bench_suite_print(const bench_suite *suite, base_buf *out);
/* All but how it is run, as a page that bench_suite_read reads. */
void bench_suite_print_page(const bench_suite *suite, base_buf *out);

/* Whether a folder's cells are of this suite, but for the number of seeds. BASE_INVALID with the first thing that
 * differs and what to do; BASE_OK also where the folder does not say what it has. */
BASE_CHECK base_status bench_suite_continues(const bench_suite *suite, const char *run_dir, base_err *err);

/* ---- suites that are at hand: benchmarks/suites in the source tree, else where it was installed ---- */

/* The path of a file, or of the suite of this name. BASE_NOTFOUND with the nearest name. */
BASE_CHECK base_status bench_suite_find(const char *name, base_buf *path, base_err *err);
/* Finds and reads it; as bench_suite_read. */
BASE_CHECK base_status bench_suite_open(const char *name, const char *const *sets, size_t n_sets, bench_suite **out,
                                        base_err *err);
/* Their names and titles, for people. */
void bench_suite_list(base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
