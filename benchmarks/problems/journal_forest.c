/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forests fitted to the results of a run, and how good they are where they have not looked.
 *
 * Rows of one trial resemble each other (a curve), so cross-validation leaves out whole trials: otherwise a forest
 * would be judged by how well it continues curves that it knows. */
#include "benchmarks/problems/journal_run.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

/* Streams of the bootstrap: one for each fit. */
enum { FIT_VALUES, FIT_FAILURES, FIT_FOLD };
static const uint64_t SEED = 1;

static hpo_forest *fit(const bench_run *run, const bench_run_rows *rows, uint32_t stream) {
    hpo_forest *forest = hpo_forest_create(run->n_features, run->categories, BENCH_RUN_TREES);
    hpo_forest_fit(forest, rows->features, rows->targets, rows->n, false, 1, SEED, stream);
    return forest;
}

static const hpo_forest *fit_into(const bench_run *run, const bench_run_rows *rows, uint32_t stream,
                                  base_arena *arena) {
    hpo_forest *forest = fit(run, rows, stream);
    const hpo_forest *kept = hpo_forest_copy(forest, arena);
    hpo_forest_destroy(forest);
    return kept;
}

const bench_run_model *bench_run_fit(const bench_run *run, base_arena *arena) {
    bench_run_model *model = BASE_NEW(arena, bench_run_model);
    model->values = fit_into(run, &run->values, FIT_VALUES, arena);
    if (run->n_failed > 0) model->failures = fit_into(run, &run->ends, FIT_FAILURES, arena);
    return model;
}

/* ---- judging ---- */

bench_run_error bench_run_compare(const double *predicted, const double *values, size_t n) {
    bench_run_error e = {.n = n, .r2 = NAN, .rmse = NAN, .rank = NAN};
    if (n == 0) return e;
    base_arena *arena = base_arena_create();
    double mean = 0, residual = 0, total = 0;
    for (size_t i = 0; i < n; i++) mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        residual += (values[i] - predicted[i]) * (values[i] - predicted[i]);
        total += (values[i] - mean) * (values[i] - mean);
    }
    e.rmse = sqrt(residual / (double)n);
    if (total > 0) e.r2 = 1 - residual / total;
    if (total > 0 && n > 1)
        e.rank = gsl_stats_spearman(predicted, 1, values, 1, n, BASE_NEW_ARRAY(arena, 2 * n, double));
    base_arena_destroy(arena);
    return e;
}

/* The fold of every row. */
static size_t *folds_of(const bench_run_rows *rows, base_arena *arena) {
    size_t *folds = BASE_NEW_ARRAY(arena, rows->n + 1, size_t), trials = 0;
    for (size_t i = 0; i < rows->n; i++) {
        trials += i > 0 && rows->trial[i] != rows->trial[i - 1];
        folds[i] = trials % BENCH_RUN_FOLDS;
    }
    return folds;
}

void bench_run_cross_validate(const bench_run *run, double *predicted) {
    base_arena *arena = base_arena_create();
    const bench_run_rows *rows = &run->values;
    const size_t width = run->n_features, *folds = folds_of(rows, arena);
    double *features = BASE_NEW_ARRAY(arena, rows->n * width, double), variance;
    double *targets = BASE_NEW_ARRAY(arena, rows->n, double);
    for (size_t fold = 0; fold < BENCH_RUN_FOLDS; fold++) {
        bench_run_rows seen = {.features = features, .targets = targets};
        for (size_t i = 0; i < rows->n; i++) {
            if (folds[i] == fold) continue;
            memcpy(features + seen.n * width, rows->features + i * width, width * sizeof *features);
            targets[seen.n++] = rows->targets[i];
        }
        if (seen.n == 0 || seen.n == rows->n) continue;
        hpo_forest *forest = fit(run, &seen, FIT_FOLD + (uint32_t)fold);
        for (size_t i = 0; i < rows->n; i++)
            if (folds[i] == fold) hpo_forest_predict(forest, rows->features + i * width, 1, &predicted[i], &variance);
        hpo_forest_destroy(forest);
    }
    base_arena_destroy(arena);
}
