/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A finished run of a user's own as a problem: which method would have found this sooner?
 *
 * `exact` is the mean of the trees, for a full evaluation. `value` is what one tree says, which the trial's seed
 * chooses: leaves hold single results, so this is a result that was seen nearby (a draw from the distribution of N.
 * Meinshausen, "Quantile Regression Forests", JMLR 7, 2006, with leaves of one row), and a trial's whole curve comes
 * from one tree. What the forest cannot explain is in it, so it is noisier than the real problem.
 *
 * A trial fails with the probability that a second forest has learnt from evaluations that failed (1) and worked (0).
 *
 * The best value is unknown: that of the trees is one of their corners, and no point of the real problem. */
#include "benchmarks/problems/journal_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/space/space_file.h"

static const bench_run *run_of(const bench_instance *instance) {
    return instance->problem->detail;
}

/* The space of the run, with its conditions, priors (of each metric: those of the first) and forbidden combinations. */
static base_status journal_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const bench_run *run = run_of(instance);
    base_arena *arena = hpo_space_arena(space);
    base_yaml_node *root;
    BASE_TRY(base_yaml_parse(arena, base_arena_strdup(arena, run->file), run->space, strlen(run->space), &root, err));
    BASE_TRY(hpo_space_read_params(space, base_yaml_get(root, "parameters"), NULL, err));
    const base_yaml_node *forbid = base_yaml_get(root, "forbid");
    return forbid ? hpo_space_read_forbid(space, forbid, err) : BASE_OK;
}

static base_status journal_load(const bench_instance *instance, base_arena *arena, const void **data, base_err *err) {
    (void)err;
    *data = bench_run_fit(run_of(instance), arena);
    return BASE_OK;
}

static double mean_of(const double *leaves) {
    double sum = 0;
    for (size_t t = 0; t < BENCH_RUN_TREES; t++) sum += leaves[t];
    return sum / BENCH_RUN_TREES;
}

static void journal_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                             double *values) {
    const bench_run *run = run_of(instance);
    const bench_run_model *model = instance->data;
    /* A stream of the trial: its key is the same at every fidelity. */
    base_rng rng = base_rng_stream((uint64_t)noise->key[1] << 32 | noise->key[0], BASE_RNG_PROBLEM, 0, 0);
    const size_t tree = (size_t)base_rng_below(&rng, BENCH_RUN_TREES);
    const double luck = base_rng_uniform(&rng);
    double leaves[BENCH_RUN_TREES], *features = base_calloc(run->n_features + 1, sizeof *features);
    bench_run_encode(run, x, fidelity, features);
    hpo_forest_leaves(model->values, features, leaves);
    values[0] = instance->settings.average ? mean_of(leaves) : leaves[tree];
    values[1] = mean_of(leaves);
    if (fidelity != run->fidelity.max) {
        bench_run_encode(run, x, run->fidelity.max, features);
        hpo_forest_leaves(model->values, features, leaves);
        values[1] = mean_of(leaves);
        bench_run_encode(run, x, fidelity, features);
    }
    if (model->failures) {
        hpo_forest_leaves(model->failures, features, leaves);
        if (luck < mean_of(leaves)) values[0] = values[1] = NAN;
    }
    free(features);
}

const bench_problem bench_problem_journal = {
    .name = "journal",
    .summary = "a run of hpo_search of your own: a forest fitted to its results",
    .metric = {"value", "exact"},
    .takes = BENCH_TAKES_AVERAGE | BENCH_TAKES_JOURNAL,
    .fidelity = {.min = 1, .max = 1},
    .parameters = journal_parameters,
    .load = journal_load,
    .evaluate = journal_evaluate,
};

/* ---- opening ---- */

static size_t trials_with_rows(const bench_run_rows *rows) {
    size_t count = rows->n > 0;
    for (size_t i = 1; i < rows->n; i++) count += rows->trial[i] != rows->trial[i - 1];
    return count;
}

base_status bench_journal_open(const char *journal, const base_yaml_node *map, base_arena *arena,
                               const bench_problem **out, base_err *err) {
    const base_yaml_node *where = base_yaml_get(map, journal ? "journal" : "problem");
    if (!journal || !*journal)
        return base_yaml_fail(where, err, "the problem journal needs a run, e.g. {journal: runs/mine}");
    bench_run *run = BASE_NEW(arena, bench_run);
    const char *path = bench_path_beside(map, journal, arena);
    const base_status status = bench_run_read(path, arena, run, err);
    if (status == BASE_NOTFOUND)
        return base_yaml_fail(where, err, "there is no journal at %s: name the folder of a run of hpo_search", path);
    BASE_TRY(status);
    const size_t trials = trials_with_rows(&run->values);
    if (trials < BENCH_RUN_FOLDS)
        return base_yaml_fail(where, err, "%s has results of %zu trials, too few to fit anything to: %d are needed",
                              run->file, trials, (int)BENCH_RUN_FOLDS);
    bench_problem *problem = BASE_NEW(arena, bench_problem);
    *problem = bench_problem_journal;
    problem->maximize = run->maximize ? 3 : 0;
    problem->fidelity = run->fidelity;
    problem->detail = run;
    *out = problem;
    return BASE_OK;
}

/* ---- what is worth knowing ---- */

static void put_error(const char *of, const bench_run_error *e, base_buf *out) {
    base_buf_printf(out, "%s: R2 %.3f, RMSE %.4g, rank correlation %.3f\n", of, e->r2, e->rmse, e->rank);
}

/* Over all rows; with a fidelity also over those of full evaluations, which decide who wins. */
static void put_errors(const bench_run *run, base_buf *out) {
    base_arena *arena = base_arena_create();
    const bench_run_rows *rows = &run->values;
    double *predicted = BASE_NEW_ARRAY(arena, rows->n, double), *values = BASE_NEW_ARRAY(arena, rows->n, double);
    size_t n = 0;
    bench_run_cross_validate(run, predicted);
    const bench_run_error all = bench_run_compare(predicted, rows->targets, rows->n);
    put_error("cross-validation over trials", &all, out);
    for (size_t i = 0; i < rows->n && run->fidelity.name; i++) {
        if (rows->fidelity[i] != run->fidelity.max) continue;
        predicted[n] = predicted[i];
        values[n++] = rows->targets[i];
    }
    const bench_run_error full = bench_run_compare(predicted, values, n);
    if (run->fidelity.name) put_error(base_arena_printf(arena, "of %zu full evaluations", n), &full, out);
    base_arena_destroy(arena);
}

void bench_journal_describe(const bench_instance *instance, base_buf *out) {
    if (!(instance->problem->takes & BENCH_TAKES_JOURNAL)) return;
    const bench_run *run = run_of(instance);
    base_buf_printf(out, "%s: a forest fitted to %zu results of %zu trials (%s)\n", run->file, run->values.n,
                    trials_with_rows(&run->values), run->metric);
    put_errors(run, out);
    if (run->n_failed > 0)
        base_buf_printf(out, "%zu of %zu evaluations failed, and so do those of the model where they did\n",
                        run->n_failed, run->ends.n);
}

void bench_journal_advise(const bench_instance *instance, base_buf *out) {
    if (!(instance->problem->takes & BENCH_TAKES_JOURNAL)) return;
    const bench_run *run = run_of(instance);
    if (run->n_evaluations < BENCH_RUN_ENOUGH)
        base_buf_printf(out,
                        "%s: %zu evaluations are few, at least %d are better: a method that wins on this model need "
                        "not win on the real problem\n",
                        run->file, run->n_evaluations, (int)BENCH_RUN_ENOUGH);
    if (run->n_random == 0)
        base_buf_printf(out,
                        "%s: none of its %zu trials was drawn at random, so the model has hardly seen bad places and "
                        "takes them for better than they are: methods that wander look better than they would be\n",
                        run->file, run->n_trials);
}
