/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One cell of a suite: a study on virtual workers from its beginning to its end. */
#ifndef BENCHMARKS_SUITE_CELL_H
#define BENCHMARKS_SUITE_CELL_H

#include "benchmarks/suite/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_cell_end {
    bench_simulated simulated;
    bench_trace trace; /* to be given to bench_trace_fini */
    bool maximize;
} bench_cell_end;

/* A function of suite and cell, but for simulated.thinking (measure). On failure *end needs no fini. */
BASE_CHECK base_status bench_cell_run(const bench_suite *suite, bench_cell cell, const hpo_catalog *catalog,
                                      bool measure, bench_cell_end *end, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
