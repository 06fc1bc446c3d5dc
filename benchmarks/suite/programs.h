/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs in virtual time: an objective that runs programs runs them for real, isolated and limited by a fork server
 * as in a run of hpo_search, one after the other; what they print is told when their declared cost has passed.
 *
 * A program that is stopped in virtual time has run to its end in reality: when its reports are told is known only
 * then. */
#ifndef BENCHMARKS_SUITE_PROGRAMS_H
#define BENCHMARKS_SUITE_PROGRAMS_H

#include "benchmarks/suite/simulate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_programs bench_programs;

/* Starts the server, before any thread exists. text: the study that spec was read from, which must outlive the
 * programs, as must folder (absolute), in which trials have their folders, and catalog. Errors of the objective's init.
 */
BASE_CHECK base_status bench_programs_start(const hpo_study_spec *spec, const hpo_catalog *catalog, const char *text,
                                            const char *folder, bench_programs **out, base_err *err);
/* What bench_simulate evaluates with. */
bench_evaluator bench_programs_evaluator(bench_programs *programs);
/* Ends the server. The trials' folders stay when an evaluation has failed, for their logs. Accepts NULL. */
void bench_programs_stop(bench_programs *programs);

#ifdef __cplusplus
}
#endif
#endif
