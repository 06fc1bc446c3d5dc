/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runs that a report speaks of, read from the tables of one folder or several: results.csv and cells.csv as
 * benchmarks/suite/results.h has them, or as any other program wrote them with the same columns. */
#ifndef BENCHMARKS_REPORT_RUNS_H
#define BENCHMARKS_REPORT_RUNS_H

#include "benchmarks/stats/curve.h"
#include "benchmarks/suite/suite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One method on one problem with one seed. */
typedef struct bench_run {
    size_t problem, method, workers; /* indices */
    int64_t seed;
    size_t folder;
    bench_curve curve; /* over the costs in full evaluations; where the optimum is unknown, of signed values (below) */
    double utilisation;
    double suggestions, seconds; /* NaN: there is no times.csv */
} bench_run;

typedef struct bench_runs_problem {
    const char *name;
    bool maximize, has_goal; /* has_goal: some run has said it, and all say the same */
    /* Some run says no regret: curves are then of the exact value, with its sign turned when it is maximized, so that
     * smaller is better all the same. */
    bool unknown_optimum;
    /* Regrets as shares of that of the median random configuration (column median of cells.csv): 1 is what one random
     * evaluation finds. best: what a curve's values are measured from: 0 for regrets; where the optimum is unknown, the
     * best value that anybody has found in these runs. scale: of the median, measured from there; NaN: unknown. */
    double best, scale;
    double budget; /* full evaluations: the suite's, else what the longest run spent; no curve goes on behind it */
    size_t n_at;   /* so many of the points where results are told are within the budget */
} bench_runs_problem;

typedef struct bench_runs {
    bench_suite **suites; /* of folders; NULL: of unknown origin */
    const char **folders;
    bench_runs_problem *problems; /* in the order of the tables */
    const char **methods;         /* labels, the same; those that two folders have for the same problem are told apart
                                   * by the name of the folder */
    int64_t *workers;             /* rising */
    double *at;                   /* where results are told, rising; in full evaluations */
    bench_run *runs;              /* by workers, problem, method, seed */
    size_t n_folders, n_problems, n_methods, n_workers, n_at, n_runs;
    bool has_times;
    const char *warnings; /* lines of the tables that can hardly be right, a sentence each with a line break */
    base_arena *arena;
} bench_runs;

/* at: n_at rising numbers, or NULL: those of the first folder that has a suite (suite.yaml), else a tenth, a third and
 * all of the largest budget. BASE_CORRUPT with file and line: rows that are no runs, runs that are there twice, costs
 * that descend, incumbents that are worse than the one before on the same fidelity. Destroy with bench_runs_destroy. */
BASE_CHECK base_status bench_runs_read(const char *const *folders, size_t n_folders, const double *at, size_t n_at,
                                       bench_runs **out, base_err *err);
void bench_runs_destroy(bench_runs *runs); /* accepts NULL */

/* The runs of a method on a problem, by seed; *n may be 0. */
const bench_run *bench_runs_of(const bench_runs *runs, size_t workers, size_t problem, size_t method, size_t *n);
/* A value of a curve as normalized regret; a run without an incumbent (INFINITY) has that of the median random
 * configuration, 1. NaN: the problem has no scale. */
double bench_runs_normalized(const bench_runs *runs, size_t problem, double value);
/* How a value of a curve is written: with its own sign where it is no regret. */
double bench_runs_shown(const bench_runs *runs, size_t problem, double value);
/* What readers must know of these runs, a sentence each, followed by a line break: warnings, what is missing, what
 * ended early, names of problems that two folders perhaps spell in two ways, whose optimum nobody knows. Nothing where
 * all is well. */
void bench_runs_remarks(const bench_runs *runs, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
