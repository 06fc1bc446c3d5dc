/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `train`: the built-in engine trains one network.
 *
 * Every setting of a recipe may be fixed under `objective` or searched as a parameter of the same name, except those
 * that say which data are loaded: they are loaded once, in the process that every trial is forked from. The fidelity is
 * the number of epochs (a trial goes on from its checkpoint), the fraction of the training data, or the number of folds
 * of a cross-validation. */
#include <string.h>

#include "engine/data/registry.h"
#include "experiments/objectives/cells_files.h"
#include "experiments/objectives/registry.h"
#include "experiments/objectives/train_state.h"
#include "hpo/space/settings.h"
#include "nas/cells.h"
#include "base/hint.h"

static const char *const fidelity_names[] = {"epochs", "fraction", "folds"}; /* of TRAIN_EPOCHS and so on */
enum { FIDELITIES = sizeof fidelity_names / sizeof *fidelity_names };
const eng_network_kind *const train_networks[] = {
    &eng_network_mlp, &eng_network_resnet, &eng_network_separable, &eng_network_unet, &nas_network_cells, NULL,
};

static const char *const data_settings[] = {"dataset", "path", "target", "target_is"};

static const char *const metric_names[] = {
    "valid_error", "valid_loss", "valid_error_top5", "valid_f1",   "valid_ece", "valid_auc",
    "valid_mse",   "valid_mae",  "train_loss",       "test_error", "test_loss", "test_error_top5",
    "test_f1",     "test_ece",   "test_auc",         "test_mse",   "test_mae",  "parameters",
    "flops",       "epochs_run", "seconds",          NULL};

base_status train_fidelity_find(const hpo_objective_env *env, train_fidelity *out, base_err *err) {
    const char *name = env->fidelity.name;
    *out = TRAIN_NONE;
    if (!name) return BASE_OK;
    for (size_t i = 0; i < FIDELITIES; i++) {
        if (strcmp(name, fidelity_names[i]) != 0) continue;
        *out = (train_fidelity)(TRAIN_EPOCHS + i);
        return BASE_OK;
    }
    const char *near = base_nearest(name, fidelity_names, FIDELITIES);
    return base_yaml_fail(
        env->settings, err,
        "the objective train has no fidelity '%s'%s; it can spend epochs, fraction (of the training data) "
        "or folds",
        name, base_did_you_mean_aside(near).text);
}

base_status train_recipe(const hpo_objective_env *env, train_fidelity kind, const train_point *at, base_arena *arena,
                         eng_recipe *out, base_err *err) {
    hpo_setting_extra extra = {.name = env->fidelity.name, .value = hpo_value_real(at->fidelity)};
    if (env->fidelity.integer) extra.value = hpo_value_int((int64_t)at->fidelity);
    base_yaml_node *map =
        hpo_settings_resolve(arena, env->settings, env->space, at->config, &extra, extra.name != NULL);
    const base_option *table = eng_recipe_table(train_networks, arena);
    for (size_t i = 0; i < hpo_space_count(env->space); i++) {
        const char *name = hpo_space_param(env->space, i)->name;
        const hpo_value value = hpo_space_value(env->space, at->config, i);
        bool searched = base_options_find(table, name) && !hpo_settings_mention(env->settings, name);
        if (searched && value.kind != HPO_VALUE_NULL) base_yaml_put(arena, map, name, hpo_value_node(arena, &value));
    }
    if (kind == TRAIN_FOLDS) extra.value = hpo_value_int((int64_t)env->fidelity.max); /* always the same split */
    if (extra.name) base_yaml_put(arena, map, extra.name, hpo_value_node(arena, &extra.value));
    nas_cells_number(map, at->seed, arena);
    BASE_TRY(eng_recipe_read(map, train_networks, arena, out, err));
    if (kind == TRAIN_EPOCHS && out->schedule.schedule_epochs == 0)
        out->schedule.schedule_epochs = (int64_t)env->fidelity.max;
    return BASE_OK;
}

/* ---- check ---- */

static base_status check_fidelity(const hpo_objective_env *env, train_fidelity kind, base_err *err) {
    const hpo_fidelity *f = &env->fidelity;
    if (kind == TRAIN_NONE) return BASE_OK;
    const base_yaml_node *fixed = base_yaml_key(env->settings, f->name);
    if (fixed)
        return base_yaml_fail(fixed, err, "%s is the fidelity of this study, which sets it; remove it here", f->name);
    if (kind == TRAIN_FRACTION) {
        if (f->min > 0 && f->max <= 1) return BASE_OK;
        return base_yaml_fail(env->settings, err, "the fidelity fraction goes from %g to %g; it must lie in (0, 1]",
                              f->min, f->max);
    }
    if (!f->integer)
        return base_yaml_fail(env->settings, err,
                              "the fidelity %s counts: give it whole numbers, e.g. {min: 1, max: 9}", f->name);
    if (f->min < 1 || (kind == TRAIN_FOLDS && f->max < 2))
        return base_yaml_fail(env->settings, err, "the fidelity %s goes from %g to %g; %s", f->name, f->min, f->max,
                              kind == TRAIN_FOLDS ? "1 to at least 2 folds are possible"
                                                  : "it must begin at 1 or later");
    return BASE_OK;
}

static base_status check_searched(const hpo_objective_env *env, base_err *err) {
    for (size_t i = 0; i < sizeof data_settings / sizeof *data_settings; i++) {
        size_t index = hpo_space_find(env->space, data_settings[i]);
        if (index == SIZE_MAX || hpo_space_param(env->space, index)->kind == HPO_CONSTANT) continue;
        const base_yaml_node *where = hpo_space_param(env->space, index)->where;
        return base_yaml_fail(where, err,
                              "%s cannot be searched: the data are loaded once for all trials; fix it under objective",
                              data_settings[i]);
    }
    return BASE_OK;
}

/* Reads the recipes of some random points: finds what is wrong with the settings, and with most combinations of them
 * and the parameters. */
static base_status check_recipes(const hpo_objective_env *env, train_fidelity kind, base_err *err) {
    enum { POINTS = 16 };
    base_arena *arena = base_arena_create();
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space), double);
    base_status status = BASE_OK;
    for (uint32_t i = 0; i < POINTS && status == BASE_OK; i++) {
        base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, i, 0);
        const train_point at = {config, env->fidelity.max, i};
        eng_recipe recipe;
        status = hpo_space_sample(env->space, &rng, config, err);
        if (status == BASE_OK) status = train_recipe(env, kind, &at, arena, &recipe, err);
    }
    base_arena_destroy(arena);
    return status;
}

static base_status train_check(const hpo_objective_env *env, base_err *err) {
    train_fidelity kind;
    BASE_TRY(train_fidelity_find(env, &kind, err));
    BASE_TRY(check_fidelity(env, kind, err));
    BASE_TRY(check_searched(env, err));
    BASE_TRY(hpo_settings_check(env->settings, env->space, &env->fidelity.name, env->fidelity.name ? 1 : 0, err));
    return check_recipes(env, kind, err);
}

/* ---- init ---- */

static bool is_one_of(const char *metric, const char *const *scores) {
    for (size_t i = 0; scores[i]; i++)
        if (strstr(metric, scores[i])) return true;
    return false;
}

/* Will a trial report the study's metric on these data? */
static base_status check_metric(const train_state *state, base_err *err) {
    static const char *const of_classes[] = {"_error", "_auc", "_f1", "_ece", NULL}, *const of_numbers[] = {
                                                                                         "_mse", "_mae", NULL};
    const char *metric = state->known.metric, *set = state->set->name;
    const char *part = *metric == 'v' ? "valid" : "test";
    bool classes = state->set->target == ENG_TARGET_CLASSES;
    if (!classes && is_one_of(metric, of_classes))
        return BASE_FAIL(err, BASE_INVALID,
                         "%s has numbers to predict, not classes: there is no %s; take %s_mse or %s_mae", set, metric,
                         part, part);
    if (classes && is_one_of(metric, of_numbers))
        return BASE_FAIL(err, BASE_INVALID, "%s has classes: there is no %s; take %s_error", set, metric, part);
    if (strstr(metric, "_auc") && state->set->classes != 2)
        return BASE_FAIL(err, BASE_INVALID, "%s is for two classes, but %s has %zu", metric, set, state->set->classes);
    if (strstr(metric, "_top5") && state->set->classes <= 5)
        return BASE_FAIL(err, BASE_INVALID, "%s is for more than five classes, but %s has %zu", metric, set,
                         state->set->classes);
    return BASE_OK;
}

/* Where more is better: the others are errors, losses and costs. */
static bool train_maximize(const base_yaml_node *settings, const char *metric) {
    static const char *const rising[] = {"_auc", "_f1", NULL};
    (void)settings;
    return is_one_of(metric, rising);
}

/* What is wrong with the data is wrong with the line that asks for them. */
static base_status name_place(const hpo_objective_env *env, base_status status, base_err *err) {
    const base_yaml_node *path = base_yaml_get(env->settings, "path"), *name = base_yaml_get(env->settings, "dataset");
    if (status == BASE_OK || !err) return status;
    const base_err why = *err;
    (void)base_yaml_fail(path ? path : name, err, "%s", why.text);
    err->code = status;
    return status;
}

static void train_fini(void *self) {
    train_state *state = self;
    eng_view_destroy(state->view);
    eng_dataset_destroy(state->set);
}

/* Can networks of this space be built for these data? Some points may not fit, and fail as trials; when none of several
 * does, the study is at fault. */
static base_status check_networks(const train_state *state, base_arena *arena, base_err *err) {
    enum { POINTS = 16 };
    const hpo_objective_env *env = &state->known;
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space), double);
    base_status status = BASE_OK;
    for (uint32_t i = 0; i < POINTS; i++) {
        base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, i, 2);
        const train_point at = {config, env->fidelity.max, i};
        base_err why = {0};
        eng_recipe recipe;
        eng_graph *graph = NULL;
        eng_ports ports;
        BASE_TRY(hpo_space_sample(env->space, &rng, config, err));
        BASE_TRY(train_recipe(env, state->fidelity, &at, arena, &recipe, err));
        base_status here = eng_recipe_graph(&recipe, state->set, &graph, &ports, &why);
        eng_graph_destroy(graph);
        if (here == BASE_OK) return BASE_OK;
        if (status == BASE_OK && err) *err = why;
        if (status == BASE_OK) status = here;
    }
    return status;
}

/* The recipe of a point of the space stands for all of them: what concerns the data is not searched. */
static base_status train_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    train_state *state = self;
    double *config = BASE_NEW_ARRAY(arena, hpo_space_count(env->space), double);
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 0);
    const train_point at = {config, env->fidelity.max, 0};
    eng_recipe recipe;
    state->known = *env;
    BASE_TRY(train_fidelity_find(env, &state->fidelity, err));
    BASE_TRY(hpo_space_sample(env->space, &rng, config, err));
    BASE_TRY(train_recipe(env, state->fidelity, &at, arena, &recipe, err));
    BASE_TRY(name_place(env, eng_data_load(&recipe.data, env->base_dir, &state->set, err), err));
    base_status status = check_metric(state, err);
    if (status == BASE_OK) status = eng_recipe_check(&recipe, state->set, err);
    const eng_view_settings view = eng_data_view(&recipe.data);
    if (status == BASE_OK) status = eng_view_create(state->set, &view, &state->view, err);
    status = name_place(env, status, err);
    if (status == BASE_OK) status = check_networks(state, arena, err);
    if (status == BASE_OK) return BASE_OK;
    train_fini(state);
    return status;
}

static const char *const *train_metrics(const base_yaml_node *settings) {
    (void)settings;
    return metric_names;
}

static void train_list(base_buf *out) {
    size_t count;
    const eng_dataset_type *const *types = eng_dataset_types(&count);
    base_buf_puts(out, "data sets of the objective train\n");
    for (size_t i = 0; i < count; i++) base_put_row(types[i]->name, 23, types[i]->summary, out);
    base_buf_puts(out, "\nmodels of the objective train\n");
    for (size_t i = 0; train_networks[i]; i++)
        base_put_row(train_networks[i]->name, 23, train_networks[i]->summary, out);
    base_buf_puts(out, "\nlayers of the objective train's network\n");
    for (size_t i = 0; eng_layer_kinds[i]; i++)
        base_put_row(eng_layer_kinds[i]->name, 23, eng_layer_kinds[i]->summary, out);
}

static void train_help(base_buf *out) {
    base_put_text(
        "network: a list of layers. The first key of a layer is its kind and holds its main value, the others are "
        "options: {conv: 16, kernel: 5}. A kind that needs no value may be a bare word. \"{name}\" stands for "
        "a parameter anywhere in it.",
        0, out);
    base_buf_putc(out, '\n');
    eng_layers_help(out);
}

static const base_option *train_table(base_arena *arena) {
    return eng_recipe_table(train_networks, arena);
}

/* A larger share of the data is another training; epochs and folds go on. */
static bool train_resumes(const hpo_objective_env *env) {
    const char *fidelity = env->fidelity.name;
    return !fidelity || strcmp(fidelity, fidelity_names[TRAIN_FRACTION - TRAIN_EPOCHS]) != 0;
}

/* From where another training was after so many epochs; a further fold begins with a network of its own. */
static bool train_inherits(const hpo_objective_env *env) {
    const char *fidelity = env->fidelity.name;
    return fidelity && strcmp(fidelity, fidelity_names[0]) == 0;
}

/* A network that is drawn is another one with every seed. */
static bool train_seeds(const base_yaml_node *settings) {
    return nas_cells_by_lot(settings);
}

const hpo_objective_type obj_train = {
    .name = "train",
    .summary = "the built-in engine trains a network",
    .notes = "Every setting but dataset, path, target and target_is may be searched as a parameter of the same name. "
             "fidelity: epochs (a trial goes on from its checkpoint), fraction (of the training samples) or folds (of "
             "a cross-validation). metric: valid_error (the default), valid_error_top5, valid_f1 (macro), valid_ece "
             "(calibration error) or valid_auc for classes, valid_mse or valid_mae for numbers, valid_loss for both; "
             "the test_... ones are reported beside them, and parameters, flops, epochs_run, seconds. genotype: random "
             "(of model: cells) makes a trial a genotype of the space, drawn by the trial's seed: such a study may "
             "search nothing. The genotype is the trial's artefact, and genotype.json and cells.svg in its folder; the "
             "best trial's are copied beside best.yaml.",
    .table = train_table,
    .state_size = sizeof(train_state),
    .flags = HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS | HPO_OBJECTIVE_SEARCHABLE,
    .resumes = train_resumes,
    .inherits = train_inherits,
    .seeds = train_seeds,
    .check = train_check,
    .describe = train_describe,
    .metrics = train_metrics,
    .maximize = train_maximize,
    .init = train_init,
    .evaluate = train_evaluate,
    .fini = train_fini,
    .forget = train_forget,
    .files = cells_files,
    .help = train_help,
    .list = train_list,
};
