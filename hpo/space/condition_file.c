/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions and forbidden clauses as they stand in a study file.
 *
 *   condition  {name: test, ...} (and)   {any: [condition, ...]}   {all: [condition, ...]}
 *   test       scalar (equals)   [scalar, ...] (in)   {eq ne lt le gt ge: operand, in not_in: [scalar, ...]} (and)
 *   operand    scalar   {parameter: name}
 */
#include "hpo/space/space_file.h"

#include <string.h>

#include "hpo/space/space_impl.h"

/* The parts of a condition while it is read: all of them must hold. */
typedef struct parts {
    const hpo_cond **items;
    size_t count;
} parts;

static base_status fail_with_kind(const base_yaml_node *node, const char *what, const char *wanted, base_err *err) {
    return hpo_space_fail(node, err, "%s must be %s, not %s", what, wanted, base_yaml_kind_text(node->kind));
}

static base_status find_param(const hpo_space *space, const base_yaml_node *node, const char *name, size_t *index,
                              base_err *err) {
    *index = hpo_space_find(space, name);
    if (*index != SIZE_MAX) return BASE_OK;
    return hpo_space_fail(node, err, "there is no parameter \"%s\": %s", name, hpo_space_name_hint(space, name));
}

static base_status read_values(const hpo_space *space, const base_yaml_node *node, hpo_cond *leaf, base_err *err) {
    bool list = node->kind == BASE_YAML_LIST;
    leaf->n_values = list ? node->count : 1;
    hpo_value *values = BASE_NEW_ARRAY(space->arena, leaf->n_values, hpo_value);
    for (size_t i = 0; i < leaf->n_values; i++) {
        const base_yaml_node *item = list ? node->items[i] : node;
        if (!base_yaml_is_scalar(item))
            return fail_with_kind(item, "a tested value", "a number, a text or a boolean", err);
        if (base_yaml_is_oversized(item))
            return hpo_space_fail(item, err, "the integer %s does not fit in 64 bits", item->text);
        values[i] = hpo_value_of_node(item);
    }
    leaf->values = values;
    return BASE_OK;
}

static base_status read_other(const hpo_space *space, const base_yaml_node *node, hpo_cond *leaf, base_err *err) {
    const base_yaml_node *name = base_yaml_get(node, "parameter");
    if (!name || node->count != 1) return hpo_space_fail(node, err, "compare with a value, or with {parameter: name}");
    if (name->kind != BASE_YAML_STRING) return fail_with_kind(name, "parameter", "the name of a parameter", err);
    leaf->against_param = true;
    return find_param(space, name, name->text, &leaf->other, err);
}

/* Adds the test `op operand` of a parameter. */
static base_status read_leaf(const hpo_space *space, size_t param, hpo_cond_op op, const base_yaml_node *operand,
                             parts *out, base_err *err) {
    const char *word = HPO_COND_OP_WORDS[op];
    bool wants_list = op == HPO_COND_IN || op == HPO_COND_NOT_IN;
    hpo_cond *leaf = BASE_NEW(space->arena, hpo_cond);
    *leaf = (hpo_cond){.op = op, .param = param};
    if (wants_list && operand->kind != BASE_YAML_LIST) return fail_with_kind(operand, word, "a list of values", err);
    if (wants_list && operand->count == 0)
        return hpo_space_fail(operand, err, "%s is empty: list at least one value", word);
    if (!wants_list && operand->kind == BASE_YAML_LIST)
        return hpo_space_fail(operand, err, "%s takes one value: write in or not_in for a list", word);
    if (operand->kind == BASE_YAML_MAP)
        BASE_TRY(read_other(space, operand, leaf, err));
    else
        BASE_TRY(read_values(space, operand, leaf, err));
    BASE_TRY(hpo_cond_check_leaf(space, leaf, operand, err));
    out->items[out->count++] = leaf;
    return BASE_OK;
}

static base_status read_op(const hpo_space *space, const base_yaml_node *key, hpo_cond_op *op, base_err *err) {
    for (int i = HPO_COND_EQ; i <= HPO_COND_NOT_IN; i++) {
        if (strcmp(key->text, HPO_COND_OP_WORDS[i]) != 0) continue;
        *op = (hpo_cond_op)i;
        return BASE_OK;
    }
    if (strcmp(key->text, "parameter") == 0)
        return hpo_space_fail(key, err,
                              "a comparison is missing: write {eq: {parameter: name}}, or ne, lt, le, gt, ge");
    const char *const *words = &HPO_COND_OP_WORDS[HPO_COND_EQ];
    return hpo_space_fail(key, err, "unknown test \"%s\": %s", key->text,
                          hpo_space_hint(space->arena, key->text, words, HPO_COND_NOT_IN - HPO_COND_EQ + 1));
}

/* Adds the tests of one parameter. */
static base_status read_tests(const hpo_space *space, const base_yaml_node *key, const base_yaml_node *node, parts *out,
                              base_err *err) {
    size_t param;
    BASE_TRY(find_param(space, key, key->text, &param, err));
    if (node->kind == BASE_YAML_LIST) return read_leaf(space, param, HPO_COND_IN, node, out, err);
    if (node->kind != BASE_YAML_MAP) return read_leaf(space, param, HPO_COND_EQ, node, out, err);
    if (node->count == 0)
        return hpo_space_fail(node, err, "the test of %s is empty: write {lt: 3} for instance", key->text);
    size_t first = out->count;
    for (size_t i = 0; i < node->count; i++) {
        hpo_cond_op op = HPO_COND_EQ;
        BASE_TRY(read_op(space, node->keys[i], &op, err));
        BASE_TRY(read_leaf(space, param, op, node->items[i], out, err));
    }
    return hpo_cond_check_together(space, &out->items[first], out->count - first, node, err);
}

/* {any: [...]} and {all: [...]} */
static base_status read_group(const hpo_space *space, hpo_cond_op op, const base_yaml_node *list, parts *out,
                              base_err *err) {
    if (list->kind != BASE_YAML_LIST) return fail_with_kind(list, HPO_COND_OP_WORDS[op], "a list of conditions", err);
    if (list->count == 0)
        return hpo_space_fail(list, err, "%s is empty: list at least one condition", HPO_COND_OP_WORDS[op]);
    const hpo_cond **children = BASE_NEW_ARRAY(space->arena, list->count, const hpo_cond *);
    for (size_t i = 0; i < list->count; i++) BASE_TRY(hpo_cond_read(space, list->items[i], &children[i], err));
    hpo_cond *group = BASE_NEW(space->arena, hpo_cond);
    *group = (hpo_cond){.op = op, .children = children, .n_children = list->count};
    out->items[out->count++] = list->count == 1 ? children[0] : group;
    return BASE_OK;
}

static size_t count_parts(const base_yaml_node *map) {
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++) count += map->items[i]->kind == BASE_YAML_MAP ? map->items[i]->count : 1;
    return count;
}

base_status hpo_cond_read(const hpo_space *space, const base_yaml_node *node, const hpo_cond **cond, base_err *err) {
    if (node->kind == BASE_YAML_LIST)
        return hpo_space_fail(node, err, "a condition is a map, not a list: write {any: [...]} or {all: [...]}");
    if (node->kind != BASE_YAML_MAP) return fail_with_kind(node, "a condition", "a map such as {optimizer: sgd}", err);
    if (node->count == 0)
        return hpo_space_fail(node, err, "the condition is empty: write {name: value} or leave it out");
    parts all = {.items = BASE_NEW_ARRAY(space->arena, count_parts(node), const hpo_cond *)};
    for (size_t i = 0; i < node->count; i++) {
        const base_yaml_node *key = node->keys[i], *value = node->items[i];
        if (strcmp(key->text, "any") == 0)
            BASE_TRY(read_group(space, HPO_COND_ANY, value, &all, err));
        else if (strcmp(key->text, "all") == 0)
            BASE_TRY(read_group(space, HPO_COND_ALL, value, &all, err));
        else
            BASE_TRY(read_tests(space, key, value, &all, err));
    }
    if (all.count == 1) {
        *cond = all.items[0];
        return BASE_OK;
    }
    hpo_cond *both = BASE_NEW(space->arena, hpo_cond);
    *both = (hpo_cond){.op = HPO_COND_ALL, .children = all.items, .n_children = all.count};
    *cond = both;
    return BASE_OK;
}

base_status hpo_space_read_forbid(hpo_space *space, const base_yaml_node *forbid, base_err *err) {
    if (!forbid) return BASE_OK;
    if (forbid->kind != BASE_YAML_LIST)
        return fail_with_kind(forbid, "forbid", "a list of combinations, one {name: value, ...} per line", err);
    for (size_t i = 0; i < forbid->count; i++) {
        const hpo_cond *clause = NULL;
        BASE_TRY(hpo_cond_read(space, forbid->items[i], &clause, err));
        hpo_space_forbid(space, clause, forbid->items[i]);
    }
    return BASE_OK;
}
