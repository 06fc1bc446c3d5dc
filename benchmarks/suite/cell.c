/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/cell.h"

/* Sees every record, and keeps what is asked of the study at its end. */
typedef struct observer {
    bench_trace trace;
    uint64_t trials;
} observer;

static void watch(void *self, const hpo_study *study, const hpo_record *record, double now) {
    observer *o = self;
    o->trials += record->kind == HPO_RECORD_START;
    bench_trace_watch(&o->trace, study, record, now);
}

base_status bench_cell_run(const bench_suite *suite, bench_cell cell, const hpo_catalog *catalog, bool measure,
                           bench_cell_end *end, base_err *err) {
    observer o = {0};
    hpo_study_spec *spec;
    BASE_TRY(bench_suite_read_study(suite, cell, catalog, &spec, err));
    *end = (bench_cell_end){.full = spec->fidelity.max, .maximize = spec->maximize};
    bench_trace_begin(&o.trace, spec, (bench_charge)suite->charge);
    const bench_watcher watcher = {.watch = watch, .self = &o};
    const base_status status = bench_simulate(spec, &watcher, measure, &end->simulated, err);
    hpo_study_spec_destroy(spec);
    if (status != BASE_OK) {
        bench_trace_fini(&o.trace);
        return status;
    }
    end->trace = o.trace;
    end->trials = o.trials;
    end->spent = o.trace.spent;
    return BASE_OK;
}
