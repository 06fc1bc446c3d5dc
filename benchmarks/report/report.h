/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A report on runs: tables for terminals, and files. Nothing depends on a clock, on ranks or on the machine, but for
 * the times of suggestions in what bench_report_print prints. */
#ifndef BENCHMARKS_REPORT_REPORT_H
#define BENCHMARKS_REPORT_REPORT_H

#include "benchmarks/report/ranking.h"
#include "benchmarks/report/summary.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_report {
    const bench_runs *runs;
    bench_summary summary;
    bench_ranking *rankings; /* by workers */
    const char *version;     /* of the program */
    const char **pictures;   /* by workers and place; NULL: not drawn yet (figures.h) */
    base_arena *arena;
} bench_report;

/* Of runs, which must outlive it. against: the label of a method, or NULL for the best. BASE_NOTFOUND: there is no such
 * method. Destroy with bench_report_destroy. */
BASE_CHECK base_status bench_report_make(const bench_runs *runs, const char *against, const char *version,
                                         bench_report **out, base_err *err);
size_t bench_report_pictures(const bench_runs *runs); /* places with one number of workers */
void bench_report_destroy(bench_report *report);      /* accepts NULL */

/* Everything, at 80 columns. */
void bench_report_print(const bench_report *report, base_buf *out);
/* What fits a screen: ranks, or results where there is nothing to rank. out is empty. */
void bench_report_brief(const bench_report *report, base_buf *out);
/* Ranks and normalized regrets as Markdown, for a page of results. */
void bench_report_markdown(const bench_report *report, base_buf *out);
/* The files of the report in a folder, which is made: summary.csv, index.html and figures/NAME.svg. */
BASE_CHECK base_status bench_report_write(const bench_report *report, const char *folder, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
