/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A map of values as a user writes it becomes a point, whole or in part.
 *
 * Values may come from a table that knows no types, or from another program that writes 3.0 for 3: what stands for
 * exactly one value of a parameter is taken. What stands for none is refused, never moved to the nearest. */
#include "hpo/space/space_file.h"

#include <math.h>
#include <string.h>

#include "hpo/space/space_impl.h"

static base_status read_number(const hpo_space *space, const hpo_param *param, const base_yaml_node *node, double *out,
                               base_err *err) {
    base_arena *arena = space->arena;
    if (node->kind != BASE_YAML_INT && node->kind != BASE_YAML_FLOAT)
        return hpo_space_fail(node, err, "%s must be a number, not %s", param->name,
                              node->kind == BASE_YAML_STRING ? base_arena_printf(arena, "\"%.60s\"", node->text)
                                                             : base_yaml_kind_text(node->kind));
    const double x = node->number + 0.0;
    if (!(x >= param->min && x <= param->max))
        return hpo_space_fail(node, err, "%s: %s lies outside of %s to %s", param->name, node->text,
                              hpo_param_number(arena, param, param->min), hpo_param_number(arena, param, param->max));
    *out = x;
    if (param->step == 0) return BASE_OK;
    *out = hpo_param_level(param, hpo_param_nearest_level(param, x));
    if (fabs(*out - x) <= 1e-9 * param->step) return BASE_OK;
    return hpo_space_fail(node, err, "%s cannot be %s: the nearest is %s", param->name, node->text,
                          hpo_param_number(arena, param, *out));
}

/* By value, else by its text: a table does not tell the text 3 from the number. */
static size_t find_choice(const hpo_param *param, const base_yaml_node *node) {
    const hpo_value value = hpo_value_of_node(node), text = hpo_value_text(node->text);
    size_t index = hpo_param_find_choice(param, &value);
    if (index == SIZE_MAX) index = hpo_param_find_choice(param, &text);
    if (index != SIZE_MAX || node->kind != BASE_YAML_STRING) return index;
    base_buf shown = {0};
    for (size_t i = 0; i < param->n_choices && index == SIZE_MAX; i++) {
        base_buf_clear(&shown);
        hpo_value_print(&param->choices[i], &shown);
        if (strcmp(base_buf_text(&shown), node->text) == 0) index = i;
    }
    base_buf_fini(&shown);
    return index;
}

static base_status read_choice(const hpo_space *space, const hpo_param *param, const base_yaml_node *node, double *out,
                               base_err *err) {
    const size_t index = find_choice(param, node);
    *out = (double)index;
    if (index != SIZE_MAX) return BASE_OK;
    const hpo_value value = hpo_value_of_node(node);
    return hpo_space_fail(node, err, "%s cannot be %s: %s", param->name, hpo_value_string(space->arena, &value),
                          hpo_param_choice_hint(space->arena, param, &value));
}

/* Nothing, or a null that is no choice. */
static bool is_left_out(const hpo_param *param, const base_yaml_node *node) {
    if (node->kind != BASE_YAML_NULL) return false;
    return *node->text == '\0' || hpo_param_is_number(param) || find_choice(param, node) == SIZE_MAX;
}

base_status hpo_space_read_point(const hpo_space *space, const base_yaml_node *map, double *given, base_err *err) {
    BASE_ASSERT(space->sealed && map->kind == BASE_YAML_MAP);
    for (size_t i = 0; i < space->count; i++) given[i] = (double)NAN;
    for (size_t k = 0; k < map->count; k++) {
        const base_yaml_node *key = map->keys[k], *node = map->items[k];
        const size_t i = hpo_space_find(space, key->text);
        if (i == SIZE_MAX)
            return hpo_space_fail(key, err, "there is no parameter \"%s\": %s", key->text,
                                  hpo_space_name_hint(space, key->text));
        const hpo_param *param = &space->params[i];
        if (!base_yaml_is_scalar(node))
            return hpo_space_fail(node, err, "%s must be one value, not %s", param->name,
                                  base_yaml_kind_text(node->kind));
        if (is_left_out(param, node)) continue;
        if (hpo_param_is_number(param))
            BASE_TRY(read_number(space, param, node, &given[i], err));
        else
            BASE_TRY(read_choice(space, param, node, &given[i], err));
    }
    return BASE_OK;
}
