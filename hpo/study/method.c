/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Methods: names that people know for pairs of a sampler (where to look) and a scheduler (how much to spend), and the
 * key `method:` of a study file. An option belongs to whoever has it in its table; to both if both have it. */
#include <string.h>
#include <strings.h>

#include "hpo/study/study_keys.h"

static const hpo_method methods[] = {
    {"random", "random", "full", "random search"},
    {"grid", "grid", "full", "every combination of a few values per parameter"},
    {"sobol", "sobol", "full", "quasi-random search by Sobol's sequence"},
    {"tpe", "tpe", "full", "tree-structured Parzen estimator"},
    {"gp", "gp", "full", "Bayesian optimization with a Gaussian process"},
    {"gp-hyperband", "gp", "hyperband", "brackets of successive halving over a Gaussian process"},
    {"mobster", "gp", "asha", "asynchronous successive halving over a Gaussian process"},
    {"successive-halving", "random", "successive-halving", "many cheap random trials, the best promoted"},
    {"smac", "rf", "hyperband", "random forest in the brackets of hyperband"},
    {"hyperband", "random", "hyperband", "brackets of successive halving over random trials"},
    {"dehb", "dehb", "dehb", "Hyperband whose rungs are evolved, each from the one below"},
    {"bohb", "kde", "hyperband", "Hyperband whose trials come from kernel densities"},
    {"priorband", "priorband", "hyperband", "Hyperband whose trials come from the user's priors and the incumbent"},
    {"priorband-bo", "priorband-bo", "hyperband", "PriorBand whose trials later come from a Gaussian process"},
    {"asha", "random", "asha", "random trials, promoted without waiting as soon as they are among the best"},
    {"async-hyperband", "random", "async-hyperband", "asha in brackets that begin on different rungs"},
    {"pbt", "perturb", "pbt", "population-based training: hyperparameters that change while networks are trained"},
    {"pb2", "tv-gp-ucb", "pbt", "population-based bandits: PBT whose changes a Gaussian process chooses"},
    {"median-stop", "random", "median-stop", "random trials, stopped when worse than the median of the completed"},
};
enum { METHODS = sizeof methods / sizeof *methods };

/* What other programs call these: W&B, Optuna, Ray, scikit-learn. */
static const struct {
    const char *word, *ours;
} other_words[] = {
    {"bayes", "gp"},
    {"bayesian", "gp"},
    {"GPSampler", "gp"},
    {"TPESampler", "tpe"},
    {"hyperopt", "tpe"},
    {"RandomSampler", "random"},
    {"GridSampler", "grid"},
    {"QMCSampler", "sobol"},
    {"CmaEsSampler", "cma-es"},
    {"NSGAIISampler", "nsga2"},
    {"HyperbandPruner", "hyperband"},
    {"ASHAScheduler", "asha"},
    {"MedianPruner", "median-stop"},
    {"PopulationBasedTraining", "pbt"},
    {"PopulationBasedBandits", "pb2"},
    {"SuccessiveHalvingPruner", "asha"},
};

/* Options that a method sets where its user does not. */
static const struct {
    const char *method, *option, *value;
} presets[] = {
    {"gp-hyperband", "data", "joint"},   {"mobster", "data", "joint"},           {"bohb", "trust", "false"},
    {"priorband", "full_first", "true"}, {"priorband-bo", "full_first", "true"},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const hpo_method *hpo_methods(size_t *count) {
    *count = METHODS;
    return methods;
}

const hpo_method *hpo_method_find(const char *name) {
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(methods[i].name, name) == 0) return &methods[i];
    }
    return NULL;
}

typedef struct name_list {
    const char **names;
    size_t count, capacity;
} name_list;

static void add_name(base_arena *arena, name_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) return;
    }
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 8;
        const char **names = BASE_NEW_ARRAY(arena, list->capacity, const char *);
        if (list->count > 0) memcpy(names, list->names, list->count * sizeof *names);
        list->names = names;
    }
    list->names[list->count++] = name;
}

static void add_samplers(base_arena *arena, name_list *list) {
    size_t count;
    const hpo_sampler_type *const *samplers = hpo_samplers(&count);
    for (size_t i = 0; i < count; i++) add_name(arena, list, samplers[i]->name);
}

static void add_schedulers(base_arena *arena, name_list *list) {
    size_t count;
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&count);
    for (size_t i = 0; i < count; i++) add_name(arena, list, schedulers[i]->name);
}

static base_status need_text(const base_yaml_node *value, const char *what, base_err *err) {
    if (value->kind == BASE_YAML_STRING) return BASE_OK;
    return base_yaml_fail(value, err, "%s must be a name, but is %s", what, base_yaml_kind_text(value->kind));
}

/* The name of a method; a sampler or a scheduler alone means that with random search or without early stopping. */
static base_status take_name(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    BASE_TRY(need_text(node, "method", err));
    const hpo_method *method = hpo_method_find(node->text);
    if (method) {
        spec->sampler = hpo_sampler_find(method->sampler);
        spec->scheduler = hpo_scheduler_find(method->scheduler);
        BASE_ASSERT(spec->sampler && spec->scheduler);
    } else {
        spec->sampler = hpo_sampler_find(node->text);
        spec->scheduler = hpo_scheduler_find(node->text);
    }
    if (!spec->sampler && !spec->scheduler) {
        for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++) {
            if (strcasecmp(node->text, other_words[i].word) != 0) continue;
            return base_yaml_fail(node, err, "there is no method '%s'; here it is '%s'", node->text,
                                  other_words[i].ours);
        }
        name_list list = {0};
        add_name(spec->arena, &list, STUDY_AUTO);
        for (size_t i = 0; i < METHODS; i++) add_name(spec->arena, &list, methods[i].name);
        add_samplers(spec->arena, &list);
        add_schedulers(spec->arena, &list);
        return base_yaml_fail(node, err, "there is no method '%s'%s", node->text,
                              base_hint(spec->arena, node->text, list.names, list.count));
    }
    spec->method = node->text;
    return BASE_OK;
}

static base_status take_sampler(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    BASE_TRY(need_text(node, "sampler", err));
    spec->sampler = hpo_sampler_find(node->text);
    if (spec->sampler) return BASE_OK;
    name_list list = {0};
    add_samplers(spec->arena, &list);
    return base_yaml_fail(node, err, "there is no sampler '%s'%s", node->text,
                          base_hint(spec->arena, node->text, list.names, list.count));
}

static base_status take_scheduler(hpo_study_spec *spec, const base_yaml_node *node, base_err *err) {
    BASE_TRY(need_text(node, "scheduler", err));
    spec->scheduler = hpo_scheduler_find(node->text);
    if (spec->scheduler) return BASE_OK;
    name_list list = {0};
    add_schedulers(spec->arena, &list);
    return base_yaml_fail(node, err, "there is no scheduler '%s'%s", node->text,
                          base_hint(spec->arena, node->text, list.names, list.count));
}

static base_status unknown_option(const hpo_study_spec *spec, const base_yaml_node *key, base_err *err) {
    name_list list = {0};
    const base_option *tables[] = {spec->sampler->options, spec->scheduler->options};
    for (size_t t = 0; t < 2; t++) {
        for (const base_option *o = tables[t]; o && o->name; o++) add_name(spec->arena, &list, o->name);
    }
    const char *const reserved[] = {"name", "sampler", "scheduler"};
    for (size_t i = 0; i < 3; i++) add_name(spec->arena, &list, reserved[i]);
    return base_yaml_fail(key, err, "neither the sampler %s nor the scheduler %s has an option '%s'%s",
                          spec->sampler->name, spec->scheduler->name, key->text,
                          base_hint(spec->arena, key->text, list.names, list.count));
}

/* Gives every other key of the map to the sampler's options, the scheduler's, or both. A name alone has no keys. */
static base_status split_options(hpo_study_spec *spec, const base_yaml_node *map, base_err *err) {
    base_yaml_node *sampler = base_yaml_new_map(spec->arena, map), *scheduler = base_yaml_new_map(spec->arena, map);
    for (size_t i = 0; i < map->count; i++) {
        const base_yaml_node *key = map->keys[i];
        const char *name = key->text;
        if (strcmp(name, "name") == 0 || strcmp(name, "sampler") == 0 || strcmp(name, "scheduler") == 0) continue;
        const bool of_sampler = spec->sampler->options && base_options_find(spec->sampler->options, name);
        const bool of_scheduler = spec->scheduler->options && base_options_find(spec->scheduler->options, name);
        if (!of_sampler && !of_scheduler) return unknown_option(spec, key, err);
        if (of_sampler) base_yaml_put(spec->arena, sampler, name, map->items[i]);
        if (of_scheduler) base_yaml_put(spec->arena, scheduler, name, map->items[i]);
    }
    for (size_t i = 0; i < PRESETS; i++) {
        const char *name = presets[i].option;
        if (strcmp(presets[i].method, spec->method) != 0) continue;
        base_yaml_node *value = base_yaml_scalar(spec->arena, map, presets[i].value, false);
        base_yaml_node *of = base_options_find(spec->scheduler->options, name) ? scheduler : sampler;
        if (!base_yaml_get(of, name)) base_yaml_put(spec->arena, of, name, value);
    }
    spec->sampler_options = sampler;
    spec->scheduler_options = scheduler;
    return BASE_OK;
}

base_status study_read_method(hpo_study_spec *spec, const base_yaml_node *method, base_err *err) {
    const base_yaml_node *name = method, *sampler = NULL, *scheduler = NULL;
    if (method->kind == BASE_YAML_MAP) {
        name = base_yaml_get(method, "name");
        sampler = base_yaml_get(method, "sampler");
        scheduler = base_yaml_get(method, "scheduler");
        if (name && (sampler || scheduler)) {
            return base_yaml_fail(method, err,
                                  "a method has either a name or a sampler and a scheduler; both are given here");
        }
        if (!name && !sampler && !scheduler) {
            return base_yaml_fail(method, err,
                                  "a method needs a name, or a sampler and a scheduler, e.g. {name: "
                                  "hyperband, eta: 4}");
        }
    }
    spec->method = NULL;
    spec->sampler = NULL;
    spec->scheduler = NULL;
    if (name) BASE_TRY(take_name(spec, name, err));
    if (sampler) BASE_TRY(take_sampler(spec, sampler, err));
    if (scheduler) BASE_TRY(take_scheduler(spec, scheduler, err));
    if (!spec->sampler) spec->sampler = hpo_sampler_find("random");
    if (!spec->scheduler) spec->scheduler = hpo_scheduler_find("full");
    if (!spec->method) {
        spec->method = base_arena_printf(spec->arena, "%s + %s", spec->sampler->name, spec->scheduler->name);
    }
    BASE_TRY(split_options(spec, method, err));
    return study_replicate_method(spec, method, err);
}
