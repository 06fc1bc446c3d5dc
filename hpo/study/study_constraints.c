/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `constraints:` of a study file: bounds of metrics. */
#include <math.h>
#include <string.h>

#include "hpo/study/study_keys.h"

/* A parameter is known before the trial: what is not allowed is not tried. */
static base_status mean_forbid(const base_yaml_node *node, const char *parameter, const char *side, const char *bound,
                               base_err *err) {
    return base_yaml_fail(node, err,
                          "'%s' is a parameter, and constraints are on metrics, known after a trial; what a "
                          "configuration may not be is said by forbid: [{%s: {%s: %s}}]",
                          parameter, parameter, side, bound);
}

/* {layers: {gt: 4}}, as forbid has it. */
static base_status check_keys(const hpo_study_spec *spec, const base_yaml_node *item, base_err *err) {
    for (size_t i = 0; i < item->count; i++) {
        const char *key = item->keys[i]->text;
        if (base_options_find(constraint_keys_table, key) || hpo_space_find(spec->space, key) == SIZE_MAX) continue;
        return mean_forbid(item->keys[i], key, "gt", "4", err);
    }
    return BASE_OK;
}

static bool is_declared(const hpo_study_spec *spec, const char *metric) {
    const char *const *declared = spec->objective->metrics ? spec->objective->metrics(spec->settings) : NULL;
    for (size_t i = 0; declared && declared[i]; i++)
        if (strcmp(declared[i], metric) == 0) return true;
    return false;
}

static base_status add_bound(hpo_study_spec *spec, hpo_constraint *all, hpo_constraint constraint,
                             const base_yaml_node *node, base_err *err) {
    const size_t count = spec->constraints.count;
    BASE_TRY(base_option_check(&study_bound_option, node, err));
    constraint.bound = node->number;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].metric, constraint.metric) != 0 || all[i].is_max != constraint.is_max) continue;
        return base_yaml_fail(node, err, "the metric '%s' has a %s already", constraint.metric,
                              constraint.is_max ? "max" : "min");
    }
    if (count == HPO_MAX_CONSTRAINTS)
        return base_yaml_fail(node, err, "a study has at most %d bounds of metrics", HPO_MAX_CONSTRAINTS);
    all[count] = constraint;
    spec->constraints.count++;
    return BASE_OK;
}

static base_status read_item(hpo_study_spec *spec, hpo_constraint *all, const base_yaml_node *item, base_err *err) {
    if (item->kind != BASE_YAML_MAP) {
        return base_yaml_fail(item, err, "a constraint must be a map such as {metric: latency, max: 0.01}, but is %s",
                              base_yaml_kind_text(item->kind));
    }
    constraint_keys keys;
    BASE_TRY(check_keys(spec, item, err));
    BASE_TRY(base_options_read(constraint_keys_table, item, &keys, spec->arena, err));
    const base_yaml_node *metric = base_yaml_get(item, "metric"), *min = study_given(keys.min),
                         *max = study_given(keys.max);
    if (!min && !max) {
        return base_yaml_fail(item, err, "a constraint has a min, a max, or both, e.g. {metric: %s, max: 0.01}",
                              keys.metric);
    }
    if (!is_declared(spec, keys.metric) && hpo_space_find(spec->space, keys.metric) != SIZE_MAX) {
        return mean_forbid(metric, keys.metric, max ? "gt" : "lt",
                           base_yaml_is_scalar(max ? max : min) ? (max ? max : min)->text : "4", err);
    }
    BASE_TRY(study_check_metric(spec, keys.metric, metric, err));
    if (min) BASE_TRY(add_bound(spec, all, (hpo_constraint){.metric = keys.metric}, min, err));
    if (max) BASE_TRY(add_bound(spec, all, (hpo_constraint){.metric = keys.metric, .is_max = true}, max, err));
    if (min && max && min->number > max->number) {
        return base_yaml_fail(max, err, "no value of '%s' is at least %s and at most %s", keys.metric, min->text,
                              max->text);
    }
    return BASE_OK;
}

base_status study_read_constraints(hpo_study_spec *spec, const base_yaml_node *list, base_err *err) {
    if (!study_given(list)) return BASE_OK;
    if (list->kind != BASE_YAML_LIST || list->count == 0) {
        return base_yaml_fail(list, err, "constraints must be a list such as [{metric: latency, max: 0.01}], but is %s",
                              list->kind == BASE_YAML_LIST ? "empty" : base_yaml_kind_text(list->kind));
    }
    hpo_constraint *all = BASE_NEW_ARRAY(spec->arena, HPO_MAX_CONSTRAINTS, hpo_constraint);
    spec->constraints.items = all;
    for (size_t i = 0; i < list->count; i++) BASE_TRY(read_item(spec, all, list->items[i], err));
    return BASE_OK;
}

base_yaml_node *study_constraints_node(const hpo_study_spec *spec, base_arena *arena) {
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    for (size_t c = 0; c < spec->constraints.count; c++) {
        const hpo_constraint *constraint = &spec->constraints.items[c];
        const hpo_value bound = hpo_value_real(constraint->bound);
        base_yaml_node *item = base_yaml_new_map(arena, NULL);
        base_yaml_put(arena, item, "metric", base_yaml_scalar(arena, NULL, constraint->metric, true));
        base_yaml_put(arena, item, constraint->is_max ? "max" : "min", hpo_value_node(arena, &bound));
        base_yaml_append(arena, list, item);
    }
    return list;
}
