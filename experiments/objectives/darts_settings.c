/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings of the objective `darts`.
 *
 * Those of the data and of the search stand side by side, those of the retraining in a map of their own, because both
 * have a learning rate. The retraining is a recipe like one of `train`, with the network `cells` and the defaults of
 * H. Liu, K. Simonyan, Y. Yang, "DARTS", ICLR 2019, A.2; the data are those of the search. */
#include "experiments/objectives/darts_settings.h"

#include <string.h>

#include "hpo/space/settings.h"
#include "nas/cells.h"

static const eng_network_kind *const kinds[] = {&nas_network_cells, NULL};
static const char RETRAIN[] = "retrain", PREFIX[] = "retrain.";

/* ---- tables ---- */

typedef struct own_settings {
    const base_yaml_node *space, *search, *limits, *retrain;
    int64_t search_epochs;
} own_settings;

static const base_option own_options[] = {
    {.name = "space",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(own_settings, space),
     .fallback = BASE_REQUIRED,
     .shape = "name or map",
     .help = "of the networks: a preset (--list), or a map as docs/nas.md describes it"},
    {.name = "search",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(own_settings, search),
     .shape = "name or map",
     .help = "how: a name (--list), or its choices and their options; default darts"},
    {.name = "search_epochs",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(own_settings, search_epochs),
     .fallback = "50",
     .min = 1,
     .max = 1e6,
     .help = "passes over a half of the training part; or the study's fidelity"},
    {.name = "limits",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(own_settings, limits),
     .shape = "map",
     .help = "of what is chosen, as the network that is retrained: {parameters: 190000, flops: 20e6} (below)"},
    {.name = RETRAIN,
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(own_settings, retrain),
     .shape = "map, or none",
     .help = "the training of what was found: settings of train's model cells; none: the genotype is all"},
    BASE_OPTIONS_END,
};

/* What the user may not say of the retraining: it is said already, or found. */
static const char *const fixed[] = {"model", "network", "genotype", "space", "seed"};

static bool is_fixed(const char *name) {
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(name, fixed[i]) == 0) return true;
    return base_options_find(eng_data_options, name) != NULL;
}

/* A recipe's options without those that are fixed. */
static const base_option *retrain_table(base_arena *arena) {
    const base_option *all = eng_recipe_table(kinds, arena);
    base_option *some = BASE_NEW_ARRAY(arena, base_options_count(all) + 1, base_option);
    size_t count = 0;
    for (size_t i = 0; all[i].name; i++)
        if (!is_fixed(all[i].name)) some[count++] = all[i];
    some[count] = (base_option)BASE_OPTIONS_END;
    return some;
}

const base_option *darts_table(base_arena *arena) {
    const base_options_part parts[] = {
        {.table = eng_data_options}, {.table = own_options}, {.table = nas_search_options}};
    return base_options_join(arena, parts, sizeof parts / sizeof *parts);
}

const base_option *darts_searched(base_arena *arena) {
    const base_options_part parts[] = {{.table = darts_table(arena)},
                                       {.table = retrain_table(arena), .prefix = RETRAIN}};
    return base_options_join(arena, parts, sizeof parts / sizeof *parts);
}

/* ---- reading ---- */

static bool is_none(const base_yaml_node *node) {
    return node && node->kind == BASE_YAML_STRING && strcmp(node->text, "none") == 0;
}

bool darts_retrains(const base_yaml_node *settings) {
    return !is_none(base_yaml_get(settings, RETRAIN));
}

/* A value that was drawn is written where its parameter is. */
static base_yaml_node *value_node(const hpo_param *param, const hpo_value *value, base_arena *arena) {
    base_yaml_node *node = hpo_value_node(arena, value);
    if (!param->where) return node;
    node->file = param->where->file;
    node->line = param->where->line;
    node->column = param->where->column;
    return node;
}

/* The user's map with searched parameters in it; those of the retraining go into *retrain. */
static base_yaml_node *fill_in(const hpo_objective_env *env, const double *config, base_yaml_node *retrain,
                               base_arena *arena) {
    const hpo_setting_extra extra = {.name = env->fidelity.name, .value = hpo_value_int((int64_t)env->fidelity.max)};
    base_yaml_node *map = hpo_settings_resolve(arena, env->settings, env->space, config, &extra, extra.name != NULL);
    for (size_t i = 0; i < hpo_space_count(env->space); i++) {
        const hpo_param *param = hpo_space_param(env->space, i);
        const hpo_value value = hpo_space_value(env->space, config, i);
        if (value.kind == HPO_VALUE_NULL || hpo_settings_mention(env->settings, param->name)) continue;
        const bool later = strncmp(param->name, PREFIX, sizeof PREFIX - 1) == 0;
        base_yaml_put(arena, later ? retrain : map, later ? param->name + sizeof PREFIX - 1 : param->name,
                      value_node(param, &value, arena));
    }
    if (extra.name) base_yaml_put(arena, map, extra.name, hpo_value_node(arena, &extra.value));
    return map;
}

static void put_default(base_yaml_node *map, const char *name, const char *value, base_arena *arena) {
    if (!base_yaml_get(map, name)) base_yaml_put(arena, map, name, base_yaml_scalar(arena, map, value, false));
}

/* Those of the paper; another optimizer than its own keeps its own rate and momentum. */
static void put_defaults(base_yaml_node *map, base_arena *arena) {
    const bool theirs = !base_options_given(map, "optimizer");
    put_default(map, "model", "cells", arena);
    put_default(map, "epochs", "25", arena);
    put_default(map, "batch_size", "96", arena);
    put_default(map, "schedule", "cosine", arena);
    put_default(map, "weight_decay", "0.0003", arena);
    put_default(map, "clip_norm", "5", arena);
    if (!theirs) return;
    put_default(map, "optimizer", "sgd", arena);
    put_default(map, "learning_rate", "0.025", arena);
    put_default(map, "momentum", "0.9", arena);
}

static base_status check_given(const base_yaml_node *given, base_arena *arena, base_err *err) {
    for (size_t i = 0; i < given->count; i++) {
        if (!is_fixed(given->keys[i]->text)) continue;
        return base_yaml_fail(given->keys[i], err, "%s cannot be set for the retraining alone: %s",
                              given->keys[i]->text,
                              base_options_find(eng_data_options, given->keys[i]->text)
                                  ? "its data are those of the search; set it one level up"
                                  : "it is what the search finds, in the space and with the seed of the search");
    }
    return base_options_known(retrain_table(arena), given, err);
}

base_status darts_check_keys(const base_yaml_node *settings, base_err *err) {
    base_arena *arena = base_arena_create();
    const base_yaml_node *retrain = base_yaml_get(settings, RETRAIN);
    const bool is_map = retrain && retrain->kind == BASE_YAML_MAP;
    base_status status = base_options_known(darts_table(arena), settings, err);
    if (status == BASE_OK && is_map) status = check_given(retrain, arena, err);
    if (status == BASE_OK && retrain && !is_map && !is_none(retrain))
        status = base_yaml_fail(retrain, err,
                                "retrain must be none, or a map such as {epochs: 25, learning_rate: 0.025}, but is %s",
                                base_yaml_kind_text(retrain->kind));
    base_arena_destroy(arena);
    return status;
}

/* map: everything that is said; searched: retrain.NAME. */
static base_status read_retrain(const base_yaml_node *map, const own_settings *own, base_yaml_node *searched,
                                base_arena *arena, darts_settings *out, base_err *err) {
    const base_yaml_node *given = own->retrain;
    out->retrains = !is_none(given);
    out->retrain = searched;
    if (!out->retrains) {
        if (searched->count == 0) return BASE_OK;
        return base_yaml_fail(given, err, "retrain: none has nothing to search: remove the parameter %s%s", PREFIX,
                              searched->keys[0]->text);
    }
    for (size_t i = 0; given && i < given->count; i++)
        base_yaml_put(arena, searched, given->keys[i]->text, given->items[i]);
    put_defaults(searched, arena);
    for (size_t i = 0; i < map->count; i++)
        if (base_options_find(eng_data_options, map->keys[i]->text))
            base_yaml_put(arena, searched, map->keys[i]->text, map->items[i]);
    base_yaml_put(arena, searched, "space", base_yaml_copy(arena, own->space));
    return eng_course_read(searched, arena, &out->course, err);
}

base_status darts_read(const hpo_objective_env *env, const double *config, base_arena *arena, darts_settings *out,
                       base_err *err) {
    own_settings own;
    base_yaml_node *retrain = base_yaml_new_map(arena, env->settings);
    const base_yaml_node *map = fill_in(env, config, retrain, arena);
    *out = (darts_settings){0};
    BASE_TRY(eng_data_read(map, arena, &out->data, err));
    BASE_TRY(base_options_fill(nas_search_options, map, &out->search, arena, err));
    BASE_TRY(base_options_fill(own_options, map, &own, arena, err));
    out->search.epochs = own.search_epochs;
    BASE_TRY(nas_space_read(own.space, arena, &out->space, err));
    BASE_TRY(nas_choices_read(own.search, arena, &out->choices, err));
    BASE_TRY(darts_limits_read(own.limits, arena, &out->limits, err));
    return read_retrain(map, &own, retrain, arena, out, err);
}

int64_t darts_seed(uint64_t trial_seed) {
    return (int64_t)(trial_seed >> 1);
}

base_status darts_recipe(const darts_settings *settings, const nas_genotype *genotype, uint64_t seed, base_arena *arena,
                         eng_recipe *out, base_err *err) {
    base_buf text = {0};
    base_yaml_node *map = base_yaml_copy(arena, settings->retrain);
    nas_genotype_write(genotype, &text);
    base_yaml_put(arena, map, "genotype", base_yaml_scalar(arena, map, base_buf_text(&text), true));
    base_buf_fini(&text);
    BASE_TRY(eng_recipe_read(map, kinds, arena, out, err));
    out->course.seed = darts_seed(seed);
    out->course.seed_given = true;
    return BASE_OK;
}

double darts_search_cost(const darts_settings *settings, double from, double to) {
    return nas_search_cost(&settings->choices, settings->search.epochs, from, to);
}

double darts_selection_cost(const darts_settings *settings) {
    return nas_selection_cost(&settings->choices, settings->space);
}

double darts_retrain_cost(const darts_settings *settings) {
    return settings->retrains ? (double)settings->course.epochs : 0;
}
