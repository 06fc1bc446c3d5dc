/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hpo_bench makes of results. */
#ifndef EXPERIMENTS_BENCH_COMPARE_H
#define EXPERIMENTS_BENCH_COMPARE_H

#include "base/status.h"

/* compare DIR... [--out DIR2] [--at 1,5,10] [--against METHOD]; argv without the program and the verb. Returns what the
 * program exits with. */
int bench_compare_main(int argc, char **argv);

/* The same of one run that has just ended: a short table, and the files of the report beside its tables. */
BASE_CHECK base_status bench_compare_run(const char *run_dir, base_err *err);

#endif
