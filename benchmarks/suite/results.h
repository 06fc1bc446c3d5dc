/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of a run: each cell leaves lines of them in its folder, and the run puts them together in the order of the
 * cells, so that they are the same whoever computed what, and when.
 *
 *   results.csv  a line for each new incumbent: where it stands on the axes, what it is worth
 *   cells.csv    a line for each cell: what was done in it in all
 *   times.csv    a line for each cell: how long suggestions took. It alone depends on a clock
 *   suite.yaml   the suite itself, for who reads the tables later
 *   notes.txt    what there was to say of its problems before it began, if anything */
#ifndef BENCHMARKS_SUITE_RESULTS_H
#define BENCHMARKS_SUITE_RESULTS_H

#include "benchmarks/suite/cell.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_NOTES "notes.txt"

extern const char *const bench_results_files[]; /* in a cell's folder; NULL-terminated */

/* folder: of the cell; it is there. */
BASE_CHECK base_status bench_results_write_cell(const bench_suite *suite, bench_cell cell, const bench_cell_end *end,
                                                const char *folder, base_err *err);
/* Of all cells of the suite, from the folders trials/0, trials/1, ... below run_dir. times.csv only when the suite says
 * so; else one that lies there is removed. */
BASE_CHECK base_status bench_results_join(const bench_suite *suite, const char *run_dir, base_err *err);
/* Lines; nothing is written when there are none. */
BASE_CHECK base_status bench_results_write_notes(const char *notes, const char *run_dir, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
