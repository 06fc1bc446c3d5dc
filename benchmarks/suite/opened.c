/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/opened.h"

#include <math.h>
#include <stdlib.h>

#include "hpo/models/hypervolume.h"

enum { RANDOM_POINTS = 1001 };

struct bench_opened {
    bench_opened_problem *problems;
    size_t n;
};

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* That of a front of one result. */
static double hypervolume_of(const hpo_study_spec *spec, const hpo_metrics *metrics) {
    double losses[HPO_MAX_GOALS], reference[HPO_MAX_GOALS];
    for (size_t g = 0; g < spec->n_goals; g++) {
        const double sign = spec->goals[g].maximize ? -1 : 1, *value = hpo_metrics_get(metrics, spec->goals[g].name);
        losses[g] = value && !isnan(*value) ? sign * *value : (double)INFINITY;
        reference[g] = sign * spec->goals[g].reference;
    }
    return hpo_hypervolume(losses, 1, spec->n_goals, reference);
}

/* A point that fails is worse than all others. */
static double value_at(const bench_opened_problem *p, const double *config, uint64_t number) {
    const hpo_job job = {.trial = number,
                         .config = config,
                         .fidelity = p->spec->fidelity.max,
                         .seed = number,
                         .parent = UINT64_MAX,
                         .limits = p->spec->limits};
    const bool several = p->spec->n_goals > 1;
    const double worst = several ? 0 : p->spec->goals[0].maximize ? -INFINITY : INFINITY;
    hpo_result result;
    hpo_instance_evaluate(p->instance, &job, NULL, &result);
    if (result.failure != HPO_FAILURE_NONE) return worst;
    if (several) return hypervolume_of(p->spec, &result.metrics);
    const double *exact = hpo_metrics_get(&result.metrics, "exact");
    const double *value = exact ? exact : hpo_metrics_get(&result.metrics, p->spec->goals[0].name);
    return value && !isnan(*value) ? *value : worst;
}

static base_status find_median(bench_opened_problem *p, base_err *err) {
    const hpo_space *space = p->spec->space;
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 0);
    base_arena *arena = base_arena_create();
    double *values = BASE_NEW_ARRAY(arena, RANDOM_POINTS, double);
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(space), double);
    base_status status = BASE_OK;
    for (size_t i = 0; i < RANDOM_POINTS && status == BASE_OK; i++) {
        status = hpo_space_sample(space, &rng, config, err);
        if (status == BASE_OK) values[i] = value_at(p, config, i);
    }
    qsort(values, RANDOM_POINTS, sizeof *values, by_size);
    p->median = values[RANDOM_POINTS / 2];
    base_arena_destroy(arena);
    return status;
}

/* Else the reference would be another one for each run. */
static base_status check_references(const hpo_study_spec *spec, const bench_suite_problem *problem, base_err *err) {
    for (size_t g = 0; g < spec->n_goals && spec->n_goals > 1; g++) {
        if (!isnan(spec->goals[g].reference)) continue;
        return base_yaml_fail(problem->metrics, err,
                              "methods are compared by the hypervolume, so each of several metrics needs a reference, "
                              "e.g. {name: %s, reference: 1}",
                              spec->goals[g].name);
    }
    return BASE_OK;
}

/* Any method that searches it will do. */
static base_status open_problem(const bench_suite *suite, size_t problem, const hpo_catalog *catalog,
                                bench_opened_problem *out, base_err *err) {
    bench_cell cell = {.problem = problem, .seed = 1};
    while (cell.method + 1 < suite->n_methods && !suite->problems[problem].runs[cell.method]) cell.method++;
    BASE_TRY(bench_suite_read_study(suite, cell, catalog, &out->spec, err));
    BASE_TRY(check_references(out->spec, &suite->problems[problem], err));
    BASE_TRY(hpo_instance_create(out->spec, 0, &out->instance, err));
    return out->spec->objective->flags & HPO_OBJECTIVE_IN_RANK ? find_median(out, err) : BASE_OK;
}

base_status bench_opened_create(const bench_suite *suite, const hpo_catalog *catalog, bench_opened **out,
                                base_err *err) {
    bench_opened *opened = base_calloc(1, sizeof *opened);
    *opened =
        (bench_opened){.problems = base_calloc(suite->n_problems, sizeof *opened->problems), .n = suite->n_problems};
    base_status status = BASE_OK;
    for (size_t i = 0; i < opened->n; i++) opened->problems[i].median = NAN;
    for (size_t i = 0; i < opened->n && status == BASE_OK; i++)
        status = open_problem(suite, i, catalog, &opened->problems[i], err);
    *out = status == BASE_OK ? opened : NULL;
    if (status != BASE_OK) bench_opened_destroy(opened);
    return status;
}

void bench_opened_destroy(bench_opened *opened) {
    if (!opened) return;
    for (size_t i = 0; i < opened->n; i++) {
        hpo_instance_destroy(opened->problems[i].instance);
        hpo_study_spec_destroy(opened->problems[i].spec);
    }
    free(opened->problems);
    free(opened);
}

const bench_opened_problem *bench_opened_get(const bench_opened *opened, size_t problem) {
    BASE_ASSERT(problem < opened->n);
    return &opened->problems[problem];
}
