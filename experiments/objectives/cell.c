/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `cell` of hpo_bench: trial number k is cell number k of a suite, in which a whole study runs in virtual
 * time. Seeds change slowest, so a run goes on when its suite gets more of them.
 *
 * Its settings are the page of the suite. What a cell came to lies in its folder as lines of the tables that hpo_bench
 * makes of them. */
#include "benchmarks/suite/cell.h"
#include "benchmarks/suite/opened.h"
#include "benchmarks/suite/results.h"
#include "experiments/objectives/cell.h"
#include "experiments/objectives/registry.h"

typedef struct cell_state {
    bench_suite *suite;
    bench_opened *opened;
} cell_state;

hpo_catalog obj_cell_catalog(void) {
    size_t count;
    const hpo_objective_type *const *objectives = obj_registry(&count);
    return (hpo_catalog){.objectives = objectives, .n_objectives = count, .version = "hpo " HPO_VERSION};
}

static base_status cell_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    cell_state *state = self;
    (void)arena;
    const hpo_catalog catalog = obj_cell_catalog();
    BASE_TRY(bench_suite_read_node(env->settings, &state->suite, err));
    const base_status status = bench_opened_create(state->suite, &catalog, &state->opened, err);
    if (status != BASE_OK) bench_suite_destroy(state->suite);
    return status;
}

static void cell_fini(void *self) {
    cell_state *state = self;
    bench_opened_destroy(state->opened);
    bench_suite_destroy(state->suite);
}

static base_status cell_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                 base_err *err) {
    const cell_state *state = self;
    const hpo_catalog catalog = obj_cell_catalog();
    const bench_cell cell = bench_suite_cell(state->suite, job->trial);
    bench_cell_end end;
    (void)reporter;
    BASE_TRY(bench_cell_run(state->suite, state->opened, cell, &catalog, job->folder, &end, err));
    hpo_metrics_set(&out->metrics, "evaluations", (double)end.simulated.evaluations);
    const base_status status = bench_results_write_cell(state->suite, cell, &end, job->folder, err);
    bench_trace_fini(&end.trace);
    return status;
}

static const char *const *cell_metrics(const base_yaml_node *settings) {
    static const char *const names[] = {"evaluations", NULL};
    (void)settings;
    return names;
}

static bool cell_maximize(const base_yaml_node *settings, const char *metric) {
    (void)settings, (void)metric;
    return true;
}

const hpo_objective_type obj_cell = {
    .name = "cell",
    .summary = "a study of a benchmark suite in virtual time",
    .state_size = sizeof(cell_state),
    .flags = HPO_OBJECTIVE_SEEDS,
    .metrics = cell_metrics,
    .maximize = cell_maximize,
    .init = cell_init,
    .evaluate = cell_evaluate,
    .fini = cell_fini,
    .files = bench_results_files,
};
