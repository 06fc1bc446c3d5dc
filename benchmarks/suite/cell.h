/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One cell of a suite: a study on virtual workers from its beginning to its end. */
#ifndef BENCHMARKS_SUITE_CELL_H
#define BENCHMARKS_SUITE_CELL_H

#include "benchmarks/suite/opened.h"
#include "benchmarks/suite/simulate.h"
#include "benchmarks/suite/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_cell_end {
    bench_simulated simulated;
    bench_trace trace; /* to be given to bench_trace_fini */
    bool maximize;
    double median; /* value of the median random configuration; NaN: unknown */
} bench_cell_end;

/* A function of suite and cell, but for simulated.thinking (how long asking took), and as far as programs are functions
 * of their configuration and seed. opened: the suite's problems. folder: of the cell, absolute, for the checkpoints of
 * its trials and the trials of programs. On failure *end needs no fini. */
BASE_CHECK base_status bench_cell_run(const bench_suite *suite, const bench_opened *opened, bench_cell cell,
                                      const hpo_catalog *catalog, const char *folder, bench_cell_end *end,
                                      base_err *err);

#ifdef __cplusplus
}
#endif
#endif
