/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs in the formats of other programs that analyse benchmarks. What is written is what results.csv has: the steps of
 * the incumbents, not every evaluation, and no configurations. Costs are full evaluations; what is better is less: the
 * regret, or where nobody knows the optimum the exact value.
 *
 * IOHprofiler: J. de Nobel et al., "IOHexperimenter", Evolutionary Computation 32 (2024); H. Wang et al.,
 * "IOHanalyzer", ACM Transactions on Evolutionary Learning and Optimization 2 (2022).
 * iohprofiler/METHOD/IOHprofiler_fPROBLEM.json says which runs there are, a .dat in data_fPROBLEM/ has a line for each
 * incumbent. `evaluations` is the cost rounded up, as integers are wanted, and a run must begin with 1: one that has no
 * incumbent then begins with the value inf. An instance is a seed; the dimension is not known: 0.
 *
 * CARP-S: carps/METHOD/PROBLEM/SEED/trial_logs.jsonl has a line for each incumbent as its FileLogger writes trials, and
 * one at the end of the run that repeats the last, so that it counts as complete; .hydra/config.yaml names task,
 * optimizer and seed. Values that are maximized have their sign turned. */
#ifndef BENCHMARKS_REPORT_EXPORTS_H
#define BENCHMARKS_REPORT_EXPORTS_H

#include "benchmarks/report/runs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes FOLDER/iohprofiler and FOLDER/carps. Files that are there are written again. Runs without any incumbent
 * are left out. */
BASE_CHECK base_status bench_export_iohprofiler(const bench_runs *runs, const char *folder, base_err *err);
BASE_CHECK base_status bench_export_carps(const bench_runs *runs, const char *folder, base_err *err);

/* ---- shared by the formats ---- */

/* A method's name with its number of workers, when that is not 1. In arena. */
const char *bench_export_method(const bench_runs *runs, size_t workers, size_t method, base_arena *arena);
/* Letters and digits of a name behind a number from 1, which tells it from all others: "3-lcbench-adult". In arena. */
const char *bench_file_name(size_t index, const char *name, base_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
