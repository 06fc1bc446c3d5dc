/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of a report, as SVG. A method has the same colour in all of them. */
#ifndef BENCHMARKS_REPORT_FIGURES_H
#define BENCHMARKS_REPORT_FIGURES_H

#include "benchmarks/report/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- figures.c ---- */
typedef enum bench_figure {
    BENCH_FIGURE_REGRET, /* of a problem; the others are over all */
    BENCH_FIGURE_RANKS,
    BENCH_FIGURE_TARGETS,
    BENCH_FIGURE_GROUPS,
    BENCH_FIGURES
} bench_figure;

/* The picture, which is drawn once and is the report's; NULL where there is nothing to draw. problem: not looked at
 * where the figure is over all. */
const char *bench_figure_of(const bench_report *report, bench_figure figure, size_t workers, size_t problem);
/* All of them as KIND-PROBLEM-wWORKERS.svg in a folder, which is made. */
BASE_CHECK base_status bench_figures_write(const bench_report *report, const char *folder, base_err *err);

/* What follows appends a picture, or nothing where there is nothing to draw, and returns whether it did. */

/* ---- figure_curves.c: over the costs ---- */
/* The median regret (or value) of every method on the problem, with the bootstrap's 95 % band, over the costs. */
bool bench_figure_regret(const bench_report *report, size_t workers, size_t problem, base_buf *out);
/* The average rank over the ranked problems, with its standard error, up to the smallest of their budgets. */
bool bench_figure_ranks(const bench_report *report, size_t workers, base_buf *out);

/* ---- figure_runtimes.c ---- */
enum { BENCH_TARGETS = 51 };
/* The targets of a problem, falling, evenly on the logarithm's scale, for regrets over `best`: from the median over all
 * runs of what the first incumbent had, which is what one random point comes to, down to 1e-8, or where nobody came so
 * far, to the smallest regret above 0 that anybody had. Where no optimum is known, the best value of all runs stands
 * for it. Fewer than two runs with an incumbent, or none that improved: false. */
bool bench_targets(const bench_runs *runs, size_t workers, size_t problem, double targets[BENCH_TARGETS], double *best);
/* The fraction of all targets of the ranked problems that were reached within a cost (empirical runtime distribution);
 * runs that missed one are taken as started again, within the smallest of the budgets. */
bool bench_figure_runtimes(const bench_report *report, size_t workers, base_buf *out);

/* ---- figure_groups.c ---- */
/* The critical-difference diagram: methods on an axis of their ranks, with a bar over those that do not differ. */
bool bench_figure_groups(const bench_report *report, size_t workers, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
