/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each method has reached on each problem, at the points where results are told. */
#ifndef BENCHMARKS_REPORT_SUMMARY_H
#define BENCHMARKS_REPORT_SUMMARY_H

#include "benchmarks/report/runs.h"
#include "benchmarks/stats/bootstrap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of all bands of a report. */
extern const bench_bootstrap bench_report_bootstrap;

/* Regrets, or values where the optimum is unknown; INFINITY: a run without an incumbent was counted. */
typedef struct bench_summary_row {
    size_t workers, problem, method, at; /* indices */
    size_t n;                            /* runs that went so far; 0: the others are NaN */
    double median, mean;
    double low, high;  /* the bootstrap's band of the median, 95 %; NaN with fewer than two runs */
    double normalized; /* mean of the normalized regrets; NaN: the problem has no scale */
    double rank;       /* mean over the seeds that all methods of the problem have here, 1 being the best; NaN: none */
} bench_summary_row;

typedef struct bench_summary {
    bench_summary_row *rows; /* by workers, problem, method, at; at only within the problem's budget */
    size_t n;
} bench_summary;

/* In arena. */
bench_summary bench_summary_make(const bench_runs *runs, base_arena *arena);
/* summary.csv: problem,workers,method,at,n,median,mean,low,high,rank,normalized. */
void bench_summary_print(const bench_runs *runs, const bench_summary *summary, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
