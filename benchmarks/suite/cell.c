/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/cell.h"

#include "benchmarks/suite/programs.h"

/* The programs must be there before anything else: they have no threads yet. */
static base_status simulate_programs(const bench_suite *suite, bench_cell cell, const hpo_study_spec *spec,
                                     const hpo_catalog *catalog, const char *folder, const bench_simulation_env *env,
                                     bench_simulated *out, base_err *err) {
    base_buf text = {0};
    bench_programs *programs = NULL;
    bench_suite_study(suite, cell, &text);
    base_status status = bench_programs_start(spec, catalog, base_buf_text(&text), folder, &programs, err);
    if (status == BASE_OK) {
        const bench_evaluator evaluator = bench_programs_evaluator(programs);
        bench_simulation_env with = *env;
        with.evaluator = &evaluator;
        status = bench_simulate(spec, &with, out, err);
    }
    bench_programs_stop(programs);
    base_buf_fini(&text);
    return status;
}

base_status bench_cell_run(const bench_suite *suite, const bench_opened *opened, bench_cell cell,
                           const hpo_catalog *catalog, const char *folder, bench_cell_end *end, base_err *err) {
    const bench_opened_problem *problem = bench_opened_get(opened, cell.problem);
    hpo_study_spec *spec;
    BASE_TRY(bench_suite_read_study(suite, cell, catalog, &spec, err));
    *end = (bench_cell_end){.maximize = bench_trace_maximizes(spec), .median = problem->median};
    bench_trace_begin(&end->trace, spec, (bench_charge)suite->charge);
    const bench_watcher watcher = {.watch = bench_trace_watch, .end = bench_trace_end, .self = &end->trace};
    const bool leaves_checkpoints = !(spec->objective->flags & HPO_OBJECTIVE_IN_RANK) && !spec->objective->program;
    const bench_simulation_env env = {.watcher = &watcher,
                                      .instance = problem->instance,
                                      .folder = leaves_checkpoints ? folder : NULL,
                                      .measure = true};
    const base_status status = spec->objective->program
                                   ? simulate_programs(suite, cell, spec, catalog, folder, &env, &end->simulated, err)
                                   : bench_simulate(spec, &env, &end->simulated, err);
    hpo_study_spec_destroy(spec);
    if (status != BASE_OK) bench_trace_fini(&end->trace);
    return status;
}
