/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incumbents as they come; what lies between two of them is known from the first. */
#include "benchmarks/suite/trace.h"

#include <stdlib.h>

void bench_trace_begin(bench_trace *trace, const hpo_study_spec *spec, bench_charge charge) {
    *trace = (bench_trace){.charge = charge, .full = spec->fidelity.max, .last = UINT64_MAX};
}

void bench_trace_fini(bench_trace *trace) {
    free(trace->points);
    *trace = (bench_trace){0};
}

/* An evaluation that went to `reached`, or was stopped there. */
static double spent_after(const bench_trace *t, const hpo_study *study, const hpo_record *record) {
    const hpo_view view = hpo_study_view(study);
    if (t->charge == BENCH_CHARGE_COST) return hpo_view_cost(view) / t->full;
    const double from = t->charge == BENCH_CHARGE_SCRATCH ? 0 : hpo_view_trial(view, record->trial).from;
    return t->spent + (record->fidelity - from) / t->full;
}

static void add(bench_trace *t, const hpo_incumbent *best, double now) {
    const hpo_eval *e = best->eval;
    const double *exact = e->metrics ? hpo_metrics_get(e->metrics, "exact") : NULL;
    BASE_GROW(t->points, t->capacity, t->count + 1);
    t->points[t->count++] = (bench_point){.spent = t->spent,
                                          .time = now / t->full,
                                          .evaluations = t->evaluations,
                                          .trial = best->trial,
                                          .fidelity = e->fidelity,
                                          .value = e->value,
                                          .exact = exact ? *exact : e->value};
}

void bench_trace_watch(void *self, const hpo_study *study, const hpo_record *record, double now) {
    bench_trace *t = self;
    const bool ended = record->kind == HPO_RECORD_RESULT || (record->kind == HPO_RECORD_REPORT && record->stop);
    hpo_incumbent best;
    if (!ended) return;
    t->spent = spent_after(t, study, record);
    t->evaluations++;
    if (!hpo_view_incumbent(hpo_study_view(study), &best) || best.eval->event == t->last) return;
    if (!hpo_eval_is_feasible(best.eval)) return;
    t->last = best.eval->event;
    add(t, &best, now);
}
