/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problems of a suite, opened once for all of its cells: their tables and data sets are read, their optima and the
 * values of random configurations are known. An evaluation depends on configuration, fidelity and the trial's seed
 * alone, so cells of any method and seed may share an instance, one after another. */
#ifndef BENCHMARKS_SUITE_OPENED_H
#define BENCHMARKS_SUITE_OPENED_H

#include "benchmarks/suite/suite.h"
#include "hpo/dispatch/instance.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_opened_problem {
    hpo_study_spec *spec; /* of some cell */
    hpo_instance *instance;
    /* What a random configuration is worth: the median of the exact values of 1,001 of them at the highest fidelity.
     * They are drawn without priors from a stream that is the same for every suite, seed and rank. NaN: evaluations
     * take too long for that (objectives that are not in-rank). */
    double median;
} bench_opened_problem;

typedef struct bench_opened bench_opened;

/* Errors: of reading a study, of the objective's init. Destroy with
 * bench_opened_destroy. */
BASE_CHECK base_status bench_opened_create(const bench_suite *suite, const hpo_catalog *catalog, bench_opened **out,
                                           base_err *err);
void bench_opened_destroy(bench_opened *opened); /* accepts NULL */
const bench_opened_problem *bench_opened_get(const bench_opened *opened, size_t problem);

#ifdef __cplusplus
}
#endif
#endif
