/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of a report. All are in the runs' order of problems; what is ranked stands in the order of ranks. */
#ifndef BENCHMARKS_REPORT_TABLES_H
#define BENCHMARKS_REPORT_TABLES_H

#include "benchmarks/report/ranking.h"
#include "benchmarks/report/summary.h"
#include "base/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "1 worker", "8 workers". */
const char *bench_workers_text(const bench_runs *runs, size_t workers, base_arena *arena);
/* Places in ranking->methods, the best average rank first. */
const size_t *bench_ranking_order(const bench_runs *runs, const bench_ranking *ranking, base_arena *arena);

/* ---- tables.c ---- */
/* Median and mean of every method at the points within the problem's budget. */
base_table bench_table_of_problem(const bench_runs *runs, const bench_summary *summary, size_t workers, size_t problem,
                                  base_arena *arena);
/* Mean over problems of normalized regrets, with the bootstrap's band: of the ranking's methods and of those of its
 * problems that have a scale. Without a row when there are none. */
base_table bench_table_of_regrets(const bench_runs *runs, const bench_ranking *r, base_arena *arena);
/* Average ranks with their standard errors, at all points and at the budgets. */
base_table bench_table_of_ranks(const bench_runs *runs, const bench_ranking *ranking, base_arena *arena);
/* How much of the workers' time went into evaluations. */
base_table bench_table_of_utilisation(const bench_runs *runs, base_arena *arena);
/* Milliseconds a suggestion; only where there is times.csv. */
base_table bench_table_of_times(const bench_runs *runs, base_arena *arena);

/* ---- tables_tests.c ---- */
/* Every method against the reference, over all problems. */
base_table bench_table_of_stands(const bench_runs *runs, const bench_ranking *ranking, base_arena *arena);
/* The same on each problem. */
base_table bench_table_of_duels(const bench_runs *runs, const bench_ranking *ranking, base_arena *arena);
/* Of Nemenyi's test and of Wilcoxon's. ranking->mean_rank is not NULL. */
base_table bench_table_of_groups(const bench_runs *runs, const bench_ranking *ranking, base_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
