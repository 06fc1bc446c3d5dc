/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study optimizes: `metric:` or `metrics:`, and the target of its budget. */
#include <math.h>
#include <string.h>

#include "hpo/study/study_keys.h"

static const char *const *declared_metrics(const hpo_study_spec *spec) {
    return spec->objective->metrics ? spec->objective->metrics(spec->settings) : NULL;
}

static base_status check_metric(const hpo_study_spec *spec, const char *metric, const base_yaml_node *node,
                                const char *const *declared, base_err *err) {
    if (strlen(metric) >= HPO_METRIC_NAME || !*metric) {
        return base_yaml_fail(node, err, "the name of a metric has 1 to %d characters", HPO_METRIC_NAME - 1);
    }
    size_t count = 0;
    for (; declared && declared[count]; count++) {
        if (strcmp(declared[count], metric) == 0) return BASE_OK;
    }
    if (!declared) return BASE_OK;
    return base_yaml_fail(node, err, "the objective %s does not report a metric '%s'%s", spec->objective->name, metric,
                          base_hint(spec->arena, metric, declared, count));
}

/* A study that does not say which way its metric is better gets the objective's word. key: what stands before the map
 * that would say it. */
static base_status assume_goal(const hpo_study_spec *spec, hpo_goal *goal, const char *key, const base_yaml_node *node,
                               base_err *err) {
    const hpo_objective_type *type = spec->objective;
    if (type->needs_goal && type->needs_goal(spec->settings, goal->name)) {
        return base_yaml_fail(node, err,
                              "is a larger '%s' better? write %s{name: %s, goal: maximize} or %s{name: %s, goal: "
                              "minimize}",
                              goal->name, key, goal->name, key, goal->name);
    }
    goal->maximize = type->maximize && type->maximize(spec->settings, goal->name);
    return BASE_OK;
}

/* `metric:`, or what stands for it. */
static base_status read_metric(const hpo_study_spec *spec, hpo_goal *goal, const base_yaml_node *root,
                               const base_yaml_node *node, base_err *err) {
    const char *const *declared = declared_metrics(spec);
    if (!study_given(node)) {
        if (!declared || !declared[0]) {
            return base_yaml_fail(root, err,
                                  "the key 'metric' is missing: what the objective reports, e.g. metric: "
                                  "{name: accuracy, goal: maximize}");
        }
        goal->name = declared[0];
        return assume_goal(spec, goal, "metric: ", root, err);
    }
    if (node->kind == BASE_YAML_STRING) {
        goal->name = node->text;
        BASE_TRY(check_metric(spec, goal->name, node, declared, err));
        return assume_goal(spec, goal, "metric: ", node, err);
    }
    if (node->kind != BASE_YAML_MAP) {
        return base_yaml_fail(node, err, "metric must be a map, e.g. {name: accuracy, goal: maximize}, but is %s%s",
                              base_yaml_kind_text(node->kind),
                              node->kind == BASE_YAML_LIST ? "; the key for several is `metrics`" : "");
    }
    metric_keys keys;
    BASE_TRY(base_options_read(metric_keys_table, node, &keys, spec->arena, err));
    goal->name = keys.name;
    goal->maximize = keys.goal == 1;
    const base_yaml_node *name = base_yaml_get(node, "name");
    BASE_TRY(check_metric(spec, goal->name, name, declared, err));
    return study_given(base_yaml_get(node, "goal")) ? BASE_OK : assume_goal(spec, goal, "metric: ", name, err);
}

/* An item of `metrics:`. */
static base_status read_item(const hpo_study_spec *spec, hpo_goal *goal, const base_yaml_node *node, base_err *err) {
    const char *const *declared = declared_metrics(spec);
    if (node->kind == BASE_YAML_STRING) {
        goal->name = node->text;
        BASE_TRY(check_metric(spec, goal->name, node, declared, err));
        return assume_goal(spec, goal, "", node, err);
    }
    if (node->kind != BASE_YAML_MAP) {
        return base_yaml_fail(node, err,
                              "an item of metrics must be a name or a map such as {name: accuracy, goal: "
                              "maximize}, but is %s",
                              base_yaml_kind_text(node->kind));
    }
    goal_keys keys;
    BASE_TRY(base_options_read(goal_keys_table, node, &keys, spec->arena, err));
    const base_yaml_node *name = base_yaml_get(node, "name");
    goal->name = keys.name;
    goal->maximize = keys.goal == 1;
    BASE_TRY(check_metric(spec, goal->name, name, declared, err));
    if (study_given(keys.reference)) {
        BASE_TRY(base_option_check(&study_reference_option, keys.reference, err));
        goal->reference = keys.reference->number;
    }
    return study_given(base_yaml_get(node, "goal")) ? BASE_OK : assume_goal(spec, goal, "", name, err);
}

static base_status read_list(hpo_study_spec *spec, const base_yaml_node *list, hpo_goal *goals, base_err *err) {
    if (list->kind != BASE_YAML_LIST || list->count == 0) {
        return base_yaml_fail(list, err,
                              "metrics must be a list such as [error, {name: accuracy, goal: maximize}], but "
                              "is %s",
                              list->kind == BASE_YAML_LIST ? "empty" : base_yaml_kind_text(list->kind));
    }
    if (list->count > HPO_MAX_GOALS) {
        return base_yaml_fail(list->items[HPO_MAX_GOALS], err, "a study has at most %d metrics", HPO_MAX_GOALS);
    }
    for (size_t i = 0; i < list->count; i++) {
        goals[i] = (hpo_goal){.reference = (double)NAN};
        BASE_TRY(read_item(spec, &goals[i], list->items[i], err));
        for (size_t before = 0; before < i; before++) {
            if (strcmp(goals[before].name, goals[i].name) != 0) continue;
            return base_yaml_fail(list->items[i], err, "the metric '%s' is there twice", goals[i].name);
        }
    }
    spec->n_goals = list->count;
    return BASE_OK;
}

base_status study_check_metric(const hpo_study_spec *spec, const char *metric, const base_yaml_node *node,
                               base_err *err) {
    return check_metric(spec, metric, node, declared_metrics(spec), err);
}

base_status study_read_goals(hpo_study_spec *spec, const base_yaml_node *root, const study_keys *keys, base_err *err) {
    hpo_goal *goals = BASE_NEW_ARRAY(spec->arena, HPO_MAX_GOALS, hpo_goal);
    goals[0] = (hpo_goal){.reference = (double)NAN};
    spec->goals = goals;
    spec->n_goals = 1;
    if (!study_given(keys->metrics)) return read_metric(spec, goals, root, keys->metric, err);
    if (study_given(keys->metric)) {
        return base_yaml_fail(
            base_yaml_key(root, "metrics"), err,
            "a study has either `metric` or `metrics`, and both are given here; remove one of the two");
    }
    return read_list(spec, keys->metrics, goals, err);
}

base_status study_set_metrics(hpo_space *space, const hpo_goal *goals, size_t n_goals, base_err *err) {
    const char *names[HPO_MAX_GOALS];
    for (size_t g = 0; g < n_goals; g++) names[g] = goals[g].name;
    return hpo_space_set_metrics(space, names, n_goals, err);
}

/* ---- the target ---- */

static size_t find_goal(const hpo_study_spec *spec, const char *name) {
    size_t g = 0;
    while (g < spec->n_goals && strcmp(spec->goals[g].name, name) != 0) g++;
    return g;
}

static base_status read_targets(hpo_study_spec *spec, const base_yaml_node *map, base_err *err) {
    const char *names[HPO_MAX_GOALS];
    for (size_t g = 0; g < spec->n_goals; g++) names[g] = spec->goals[g].name;
    for (size_t i = 0; i < map->count; i++) {
        const size_t g = find_goal(spec, map->keys[i]->text);
        if (g == spec->n_goals) {
            return base_yaml_fail(map->keys[i], err, "the study has no metric '%s'%s", map->keys[i]->text,
                                  base_hint(spec->arena, map->keys[i]->text, names, spec->n_goals));
        }
        BASE_TRY(base_option_check(&study_target_option, map->items[i], err));
        spec->budget.target[g] = map->items[i]->number;
    }
    if (map->count == 0) return base_yaml_fail(map, err, "target names no metric");
    return BASE_OK;
}

base_status study_read_target(hpo_study_spec *spec, const base_yaml_node *target, base_err *err) {
    for (size_t g = 0; g < HPO_MAX_GOALS; g++) spec->budget.target[g] = (double)NAN;
    spec->budget.has_target = true;
    if (target->kind == BASE_YAML_MAP) return read_targets(spec, target, err);
    BASE_TRY(base_option_check(&study_target_option, target, err));
    if (spec->n_goals > 1) {
        return base_yaml_fail(target, err, "of several metrics a target is a map: target: {%s: %s}",
                              spec->goals[0].name, target->text);
    }
    spec->budget.target[0] = target->number;
    return BASE_OK;
}

/* ---- as text ---- */

base_yaml_node *study_goals_node(const hpo_study_spec *spec, base_arena *arena) {
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    for (size_t g = 0; g < spec->n_goals; g++) {
        const hpo_goal *goal = &spec->goals[g];
        const hpo_value reference = hpo_value_real(goal->reference);
        base_yaml_node *item = base_yaml_new_map(arena, NULL);
        base_yaml_put(arena, item, "name", base_yaml_scalar(arena, NULL, goal->name, true));
        base_yaml_put(arena, item, "goal",
                      base_yaml_scalar(arena, NULL, goal->maximize ? "maximize" : "minimize", true));
        if (!isnan(goal->reference)) base_yaml_put(arena, item, "reference", hpo_value_node(arena, &reference));
        base_yaml_append(arena, list, item);
    }
    return list;
}
