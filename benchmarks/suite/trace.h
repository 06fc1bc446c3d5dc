/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study in a cell comes to: its incumbents along the costs, as rows of a table. */
#ifndef BENCHMARKS_SUITE_TRACE_H
#define BENCHMARKS_SUITE_TRACE_H

#include "benchmarks/suite/simulate.h"
#include "benchmarks/suite/suite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A new incumbent: the best value on the highest fidelity that was evaluated so far, as the search sees it. With
 * several metrics: the front has changed; value and exact are its hypervolume, and the rest is of its newest member. */
typedef struct bench_point {
    double spent;         /* full evaluations, by the suite's charge */
    double time;          /* virtual, in full evaluations */
    uint64_t evaluations; /* that had ended or were stopped */
    uint64_t trial;
    double fidelity, value;
    double exact; /* what a full evaluation without noise would show (the metric `exact`), else value */
} bench_point;

typedef struct bench_trace {
    bench_charge charge;
    double full;    /* the highest fidelity */
    uint64_t last;  /* the event that made the incumbent; UINT64_MAX = there is none */
    size_t members; /* that the front has had */
    double spent;
    uint64_t evaluations;
    bench_point *points;
    size_t count, capacity;
    bool recommends; /* the study does by posterior mean: */
    bench_point recommended;
} bench_trace;

/* Whether a larger value is better: as the metric says, and of a hypervolume. */
bool bench_trace_maximizes(const hpo_study_spec *spec);
void bench_trace_begin(bench_trace *trace, const hpo_study_spec *spec, bench_charge charge);
void bench_trace_fini(bench_trace *trace);
/* A watcher of bench_simulate: self is the trace. */
void bench_trace_watch(void *self, const hpo_study *study, const hpo_record *record, double now);
/* And what it does at the end: sees what is recommended. */
void bench_trace_end(void *self, hpo_study *study, double now);

#ifdef __cplusplus
}
#endif
#endif
