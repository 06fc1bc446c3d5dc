/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/cell.h"

base_status bench_cell_run(const bench_suite *suite, const bench_opened *opened, bench_cell cell,
                           const hpo_catalog *catalog, const char *folder, bench_cell_end *end, base_err *err) {
    const bench_opened_problem *problem = bench_opened_get(opened, cell.problem);
    hpo_study_spec *spec;
    BASE_TRY(bench_suite_read_study(suite, cell, catalog, &spec, err));
    *end = (bench_cell_end){.maximize = spec->maximize, .median = problem->median};
    bench_trace_begin(&end->trace, spec, (bench_charge)suite->charge);
    const bench_watcher watcher = {.watch = bench_trace_watch, .self = &end->trace};
    const bench_simulation_env env = {.watcher = &watcher,
                                      .instance = problem->instance,
                                      .folder = spec->objective->flags & HPO_OBJECTIVE_IN_RANK ? NULL : folder,
                                      .measure = true};
    const base_status status = bench_simulate(spec, &env, &end->simulated, err);
    hpo_study_spec_destroy(spec);
    if (status != BASE_OK) bench_trace_fini(&end->trace);
    return status;
}
