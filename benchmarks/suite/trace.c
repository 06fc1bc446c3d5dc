/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incumbents as they come; what lies between two of them is known from the first. */
#include "benchmarks/suite/trace.h"

#include <stdlib.h>

#include "hpo/models/hypervolume.h"

bool bench_trace_maximizes(const hpo_study_spec *spec) {
    return spec->n_goals > 1 || spec->goals[0].maximize;
}

void bench_trace_begin(bench_trace *trace, const hpo_study_spec *spec, bench_charge charge) {
    *trace = (bench_trace){.charge = charge, .full = hpo_study_fidelity(spec).max, .last = UINT64_MAX};
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

static bench_point point_of(const bench_trace *t, const hpo_incumbent *best, double now, double value, double exact) {
    return (bench_point){.spent = t->spent,
                         .time = now / t->full,
                         .evaluations = t->evaluations,
                         .trial = best->trial,
                         .fidelity = best->eval->fidelity,
                         .value = value,
                         .exact = exact};
}

static void add(bench_trace *t, bench_point point) {
    BASE_GROW(t->points, t->capacity, t->count + 1);
    t->points[t->count++] = point;
}

static bench_point point_of_one(const bench_trace *t, const hpo_incumbent *best, double now) {
    const double *exact = best->eval->metrics ? hpo_metrics_get(best->eval->metrics, "exact") : NULL;
    return point_of(t, best, now, best->eval->value, exact ? *exact : best->eval->value);
}

static void watch_incumbent(bench_trace *t, hpo_view view, double now) {
    hpo_incumbent best;
    if (!hpo_view_incumbent(view, &best) || best.eval->event == t->last) return;
    if (!hpo_eval_is_feasible(best.eval)) return;
    t->last = best.eval->event;
    add(t, point_of_one(t, &best, now));
}

void bench_trace_end(void *self, hpo_study *study, double now) {
    bench_trace *t = self;
    hpo_recommendation best;
    t->recommends = hpo_study_spec_of(study)->by_posterior && t->count > 0 && hpo_study_recommend(study, &best);
    if (t->recommends) t->recommended = point_of_one(t, &best.who, now);
}

static void watch_front(bench_trace *t, hpo_view view, double now) {
    size_t members;
    const hpo_front_entry *log = hpo_view_front_log(view, &members);
    if (members == t->members) return;
    t->members = members;
    const hpo_front_entry *newest = &log[members - 1];
    const hpo_trial trial = hpo_view_trial(view, newest->trial);
    const double volume = hpo_view_hypervolume(view);
    add(t, point_of(t, &(hpo_incumbent){newest->trial, &trial.evals[newest->eval]}, now, volume, volume));
}

void bench_trace_watch(void *self, const hpo_study *study, const hpo_record *record, double now) {
    bench_trace *t = self;
    const bool ended = record->kind == HPO_RECORD_RESULT || (record->kind == HPO_RECORD_REPORT && record->stop);
    if (!ended) return;
    t->spent = spent_after(t, study, record);
    t->evaluations++;
    const hpo_view view = hpo_study_view(study);
    const size_t n_goals = hpo_view_n_goals(view);
    if (n_goals > 1) {
        watch_front(t, view, now);
    } else {
        watch_incumbent(t, view, now);
    }
}
