/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `darts`: an architecture search over a supernet, and the retraining of the genotype that it finds.
 *
 * A trial is a search with its seed and its settings; the fidelity is the number of its epochs. The search sees the
 * training part only, cut into two halves; what a genotype is worth is the error of its retrained network on the
 * validation part; the test part is never used for a choice. */
#include <string.h>

#include "experiments/objectives/darts_state.h"
#include "experiments/objectives/registry.h"
#include "hpo/space/settings.h"

static const char FIDELITY[] = "search_epochs";
#define RETRAINED "valid_error", "test_error", "parameters", "flops", "supernet_error", "search_seconds"
static const char *const retrained_metrics[] = {RETRAINED, NULL};
static const char *const timed_metrics[] = {RETRAINED, "latency", NULL};
static const char *const searched_metrics[] = {"supernet_error", "search_seconds", NULL};
static const char *const limited_metrics[] = {"supernet_error", "search_seconds", "parameters", "flops", NULL};
static const char *const limited_timed_metrics[] = {"supernet_error", "search_seconds", "parameters",
                                                    "flops",          "latency",        NULL};
static const char *const reported_metrics[] = {
    "supernet_error", "supernet_loss", "train_error", "train_loss", "entropy", "eigenvalue", "skips", "pools", NULL};

/* ---- check ---- */

static base_status check_fidelity(const hpo_objective_env *env, base_err *err) {
    const hpo_fidelity *f = &env->fidelity;
    if (!f->name) return BASE_OK;
    if (strcmp(f->name, FIDELITY) != 0)
        return base_yaml_fail(env->settings, err,
                              "the objective darts has no fidelity '%s'; it can spend search_epochs", f->name);
    const base_yaml_node *fixed = base_yaml_key(env->settings, FIDELITY);
    if (fixed)
        return base_yaml_fail(fixed, err, "%s is the fidelity of this study, which sets it; remove it here", FIDELITY);
    if (!f->integer || f->min < 1)
        return base_yaml_fail(env->settings, err,
                              "the fidelity %s counts from 1: give it whole numbers, e.g. {min: 2, max: 18}", FIDELITY);
    return BASE_OK;
}

/* A parameter of the data would need another data set for every trial; one that is also fixed has two values. */
static base_status check_searched(const hpo_objective_env *env, base_err *err) {
    const base_yaml_node *retrain = base_yaml_get(env->settings, "retrain");
    for (size_t i = 0; i < hpo_space_count(env->space); i++) {
        const hpo_param *param = hpo_space_param(env->space, i);
        if (hpo_settings_mention(env->settings, param->name)) continue;
        if (base_options_find(eng_data_options, param->name))
            return base_yaml_fail(param->where, err,
                                  "%s cannot be searched: search and retraining share one view of the data; fix it "
                                  "under objective",
                                  param->name);
        const char *dot = strchr(param->name, '.');
        if (dot && base_yaml_get(retrain, dot + 1))
            return base_yaml_fail(param->where, err,
                                  "'%s' is searched here and fixed in retrain; remove one of the two", param->name);
    }
    return BASE_OK;
}

/* A table of latencies is of networks of one size. */
static base_status check_size(const darts_settings *settings, const darts_settings *first, base_arena *arena,
                              base_err *err) {
    nas_settings own, other;
    if (settings->limits.max[NAS_COST_LATENCY] == 0.0) return BASE_OK;
    BASE_TRY(darts_network_size(settings, arena, &own, err));
    BASE_TRY(darts_network_size(first, arena, &other, err));
    if (own.channels == other.channels && own.cells == other.cells &&
        strcmp(settings->space->name, first->space->name) == 0)
        return BASE_OK;
    return base_yaml_fail(
        settings->limits.where[NAS_COST_LATENCY], err,
        "latencies are measured once, for networks of one size: fix space, channels and cells of what "
        "is retrained, or limit parameters or flops instead");
}

/* Reads the settings of some random points: finds what is wrong with them, and with most combinations. */
static base_status check_points(const hpo_objective_env *env, base_err *err) {
    enum { POINTS = 16 };
    base_arena *arena = base_arena_create();
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space) + 1, double);
    base_status status = BASE_OK;
    darts_settings settings, first;
    for (uint32_t i = 0; i < POINTS && status == BASE_OK; i++) {
        base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, i, 0);
        status = hpo_space_sample(env->space, &rng, config, err);
        if (status == BASE_OK) status = darts_read(env, config, arena, &settings, err);
        if (status == BASE_OK && i == 0) first = settings;
        if (status == BASE_OK) status = check_size(&settings, &first, arena, err);
        if (status == BASE_OK && settings.data.folds > 0)
            status = base_yaml_fail(base_yaml_key(env->settings, "folds"), err,
                                    "the objective darts has no cross-validation: remove folds");
    }
    base_arena_destroy(arena);
    return status;
}

static base_status darts_check(const hpo_objective_env *env, base_err *err) {
    BASE_TRY(darts_check_keys(env->settings, err));
    BASE_TRY(check_fidelity(env, err));
    BASE_TRY(check_searched(env, err));
    BASE_TRY(hpo_settings_check(env->settings, env->space, &env->fidelity.name, env->fidelity.name ? 1 : 0, err));
    if (strcmp(env->metric, "test_error") == 0)
        return base_yaml_fail(env->settings, err,
                              "test_error is never used for a choice: take metric: valid_error; test_error is reported "
                              "beside it");
    return check_points(env, err);
}

/* ---- init ---- */

/* What is wrong with the data is wrong with the line that asks for them. */
static base_status name_place(const hpo_objective_env *env, base_status status, base_err *err) {
    const base_yaml_node *path = base_yaml_get(env->settings, "path"), *name = base_yaml_get(env->settings, "dataset");
    if (status == BASE_OK || !err) return status;
    const base_err why = *err;
    (void)base_yaml_fail(path ? path : name, err, "%s", why.text);
    err->code = status;
    return status;
}

static base_status load(darts_state *state, const darts_settings *settings, base_err *err) {
    const eng_view_settings view = eng_data_view(&settings->data);
    BASE_TRY(eng_data_load(&settings->data, state->known.base_dir, &state->set, err));
    BASE_TRY(eng_data_check(&settings->data, state->set, err));
    if (state->set->target != ENG_TARGET_CLASSES)
        return BASE_FAIL(err, BASE_INVALID, "%s has numbers to predict; the objective darts needs classes",
                         state->set->name);
    return eng_view_create(state->set, &view, &state->view, err);
}

static void darts_fini(void *self) {
    darts_state *state = self;
    eng_view_destroy(state->view);
    eng_dataset_destroy(state->set);
}

/* The supernet of a point must fit the data; that of another one fails as a trial. */
static base_status check_supernet(const darts_state *state, const darts_settings *settings, base_err *err) {
    nas_search *search = NULL;
    const base_status status =
        nas_search_create(&settings->search, &settings->choices, settings->space, state->view, NULL, &search, err);
    nas_search_destroy(search);
    return status;
}

/* A limit that none of some points can keep is a mistake of the study; one that another point cannot keep fails there.
 */
static base_status check_limits(const darts_state *state, base_err *err) {
    enum { POINTS = 8 };
    const hpo_space *space = state->known.space;
    base_status status = BASE_OK;
    for (uint32_t i = 0; i < POINTS; i++) {
        base_arena *arena = base_arena_create();
        double *config = BASE_NEW_ARRAY(arena, hpo_space_count(space) + 1, double);
        base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, i, 0);
        darts_settings settings;
        nas_limits limits;
        status = hpo_space_sample(space, &rng, config, err);
        if (status == BASE_OK) status = darts_read(&state->known, config, arena, &settings, err);
        const bool limited = status == BASE_OK && settings.limits.given;
        if (limited) status = darts_count_limits(&settings, state->set, arena, &limits, err);
        base_arena_destroy(arena);
        if (!limited || status == BASE_OK || hpo_space_dims(space) == 0) break;
    }
    return status;
}

static base_status darts_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    darts_state *state = self;
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space) + 1, double);
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 0);
    darts_settings settings;
    state->known = *env;
    BASE_TRY(hpo_space_sample(env->space, &rng, config, err));
    BASE_TRY(darts_read(env, config, arena, &settings, err));
    base_status status = name_place(env, load(state, &settings, err), err);
    if (status == BASE_OK) status = check_supernet(state, &settings, err);
    if (status == BASE_OK) status = check_limits(state, err);
    if (status == BASE_OK) return BASE_OK;
    darts_fini(state);
    *state = (darts_state){0};
    return status;
}

/* ---- what it reports, and costs ---- */

static const char *const *darts_metrics(const base_yaml_node *settings) {
    const base_yaml_node *limits = base_yaml_get(settings, "limits");
    const bool timed = base_yaml_get(limits, "latency") != NULL;
    if (darts_retrains(settings)) return timed ? timed_metrics : retrained_metrics;
    return timed ? limited_timed_metrics : limits ? limited_metrics : searched_metrics;
}

static const char *const *darts_reported(const base_yaml_node *settings) {
    (void)settings;
    return reported_metrics;
}

static double darts_cost(const hpo_objective_env *env, const double *config, double from, double to, bool ends) {
    base_arena *arena = base_arena_create();
    darts_settings settings;
    base_err ignored;
    double cost = to - from;
    if (darts_read(env, config, arena, &settings, &ignored) == BASE_OK) {
        const double unit = env->fidelity.name ? 1 : (double)settings.search.epochs;
        cost = darts_search_cost(&settings, from * unit, to * unit);
        if (ends) cost += darts_selection_cost(&settings) + darts_retrain_cost(&settings);
    }
    base_arena_destroy(arena);
    return cost;
}

const hpo_objective_type obj_darts = {
    .name = "darts",
    .summary = "an architecture search over a supernet, and a retraining of what it finds",
    .notes =
        "Settings of the search may be searched as parameters of the same name, those of the retraining as "
        "retrain.NAME: retrain.learning_rate, retrain.epochs and every other setting of train with model: cells. "
        "The trial's seed is that of the search. fidelity: search_epochs; what a rung finds is retrained unless "
        "the rung before had found it. A cost counts passes over the training part, of search and retraining. "
        "metric: valid_error (the default) of the retrained network, supernet_error with retrain: none; "
        "test_error, parameters, flops and search_seconds are reported beside them. A trial's folder has "
        "genotype.json, cells.svg, and as csv and svg alphas and epochs; the best trial's are copied beside best.yaml.",
    .table = darts_table,
    .searched = darts_searched,
    .state_size = sizeof(darts_state),
    .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_SEARCHABLE | HPO_OBJECTIVE_COUNTS | HPO_OBJECTIVE_SEEDS,
    .check = darts_check,
    .describe = darts_describe,
    .metrics = darts_metrics,
    .reported = darts_reported,
    .measurement = &darts_measurement,
    .init = darts_init,
    .evaluate = darts_evaluate,
    .fini = darts_fini,
    .cost = darts_cost,
    .cost_unit = "passes over the data",
    .forget = darts_forget,
    .files = darts_files,
    .help = darts_limits_help,
};
