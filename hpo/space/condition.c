/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of parameters: what may be compared with what, and how a test is evaluated.
 *
 * A test of a choice is a truth table over its indices; ordered choices compare by position, numeric choices by value.
 * A test between two parameters compares the numbers that their values stand for; two lists of texts are numbered
 * alike, so that equal texts have equal numbers. A test of an inactive parameter is false, whatever it asks
 * (ConfigSpace's rule: Lindauer et al., "BOAH", 2019, and its conditions), so "ne" does not hold for it either. */
#include "hpo/space/space_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_ordering(hpo_cond_op op) {
    return op == HPO_COND_LT || op == HPO_COND_LE || op == HPO_COND_GT || op == HPO_COND_GE;
}

static bool compare(hpo_cond_op op, double a, double b) {
    switch (op) {
    case HPO_COND_EQ:
    case HPO_COND_IN: return a == b;
    case HPO_COND_NE:
    case HPO_COND_NOT_IN: return a != b;
    case HPO_COND_LT: return a < b;
    case HPO_COND_LE: return a <= b;
    case HPO_COND_GT: return a > b;
    case HPO_COND_GE: return a >= b;
    case HPO_COND_ALL:
    case HPO_COND_ANY: break;
    }
    return false;
}

/* ---- checking ---- */

static bool is_number(const hpo_value *value) {
    return value->kind == HPO_VALUE_INT || value->kind == HPO_VALUE_REAL;
}

const char *hpo_param_choice_hint(base_arena *arena, const hpo_param *param, const hpo_value *value) {
    if (is_number(value) && hpo_param_choices_are_numbers(param)) {
        size_t best = 0;
        for (size_t i = 1; i < param->n_choices; i++)
            if (fabs(param->choices[i].real - value->real) < fabs(param->choices[best].real - value->real)) best = i;
        return base_arena_printf(arena, "the nearest is %s", hpo_value_string(arena, &param->choices[best]));
    }
    const char **names = BASE_NEW_ARRAY(arena, param->n_choices, const char *);
    for (size_t i = 0; i < param->n_choices; i++) {
        base_buf text = {0};
        hpo_value_print(&param->choices[i], &text);
        names[i] = base_arena_strdup(arena, base_buf_text(&text));
        base_buf_fini(&text);
    }
    const char *word = value->kind == HPO_VALUE_TEXT ? value->text : hpo_value_string(arena, value);
    return hpo_space_hint(arena, word, names, param->n_choices);
}

static base_status check_number_value(const hpo_space *space, const hpo_param *param, hpo_cond_op op,
                                      const hpo_value *value, const base_yaml_node *where, base_err *err) {
    base_arena *arena = space->arena;
    const char *text = hpo_value_string(arena, value);
    const char *min = hpo_param_number(arena, param, param->min), *max = hpo_param_number(arena, param, param->max);
    if (!is_number(value))
        return hpo_space_fail(where, err, "%s is a number between %s and %s: it cannot be compared with %s",
                              param->name, min, max, text);
    if (!(value->real >= param->min && value->real <= param->max))
        return hpo_space_fail(where, err, "%s cannot be %s: its bounds are %s and %s", param->name, text, min, max);
    if (is_ordering(op)) {
        if ((op == HPO_COND_LT && value->real == param->min) || (op == HPO_COND_GT && value->real == param->max))
            return hpo_space_fail(where, err, "%s is never %s %s: its bounds are %s and %s", param->name,
                                  op == HPO_COND_LT ? "below" : "above", text, min, max);
        return BASE_OK;
    }
    if (param->step == 0) return BASE_OK;
    double level = hpo_param_level(param, hpo_param_nearest_level(param, value->real));
    if (fabs(level - value->real) <= 1e-9 * param->step) return BASE_OK;
    return hpo_space_fail(where, err, "%s cannot be %s: the nearest is %s", param->name, text,
                          hpo_param_number(arena, param, level));
}

static base_status check_choice_value(const hpo_space *space, const hpo_param *param, hpo_cond_op op,
                                      const hpo_value *value, const base_yaml_node *where, base_err *err) {
    base_arena *arena = space->arena;
    bool by_value = hpo_param_choices_are_numbers(param);
    if (is_ordering(op) && !by_value && param->kind != HPO_ORDINAL)
        return hpo_space_fail(where, err, "%s has no order: test it with a list of values, or declare ordered: true",
                              param->name);
    if (is_ordering(op) && by_value && is_number(value)) return BASE_OK;
    if (hpo_param_find_choice(param, value) != SIZE_MAX) return BASE_OK;
    return hpo_space_fail(where, err, "%s cannot be %s: %s", param->name, hpo_value_string(arena, value),
                          hpo_param_choice_hint(arena, param, value));
}

static bool same_choices(const hpo_param *a, const hpo_param *b) {
    if (a->n_choices != b->n_choices) return false;
    for (size_t i = 0; i < a->n_choices; i++)
        if (!hpo_value_equal(&a->choices[i], &b->choices[i])) return false;
    return true;
}

static bool stands_for_numbers(const hpo_param *param) {
    return hpo_param_is_number(param) || hpo_param_choices_are_numbers(param);
}

static base_status check_against(const hpo_space *space, const hpo_cond *leaf, const base_yaml_node *where,
                                 base_err *err) {
    const hpo_param *a = &space->params[leaf->param], *b = &space->params[leaf->other];
    if (leaf->op == HPO_COND_IN || leaf->op == HPO_COND_NOT_IN)
        return hpo_space_fail(where, err,
                              "%s: in and not_in want a list: compare parameters with eq, ne, lt, le, gt, ge", a->name);
    if (a == b) return hpo_space_fail(where, err, "%s is compared with itself: name another parameter", a->name);
    if (stands_for_numbers(a) && stands_for_numbers(b)) return BASE_OK;
    if (stands_for_numbers(a) != stands_for_numbers(b))
        return hpo_space_fail(where, err, "%s and %s cannot be compared: only one of them is always a number", a->name,
                              b->name);
    if (!is_ordering(leaf->op)) return BASE_OK;
    if (a->kind == HPO_ORDINAL && b->kind == HPO_ORDINAL && same_choices(a, b)) return BASE_OK;
    return hpo_space_fail(where, err, "%s and %s have no common order: both need the same values and ordered: true",
                          a->name, b->name);
}

static bool some_choice_passes(const hpo_param *param, const hpo_cond *leaf);

base_status hpo_cond_check_leaf(const hpo_space *space, const hpo_cond *leaf, const base_yaml_node *where,
                                base_err *err) {
    BASE_ASSERT(leaf->param < space->count && (!leaf->against_param || leaf->other < space->count));
    if (leaf->against_param) return check_against(space, leaf, where, err);
    const hpo_param *param = &space->params[leaf->param];
    BASE_ASSERT(leaf->n_values >= 1 && (leaf->n_values == 1 || leaf->op == HPO_COND_IN || leaf->op == HPO_COND_NOT_IN));
    for (size_t i = 0; i < leaf->n_values; i++) {
        /* The very item of a list that is wrong. */
        const base_yaml_node *at = where && where->kind == BASE_YAML_LIST && i < where->count ? where->items[i] : where;
        if (hpo_param_is_number(param))
            BASE_TRY(check_number_value(space, param, leaf->op, &leaf->values[i], at, err));
        else
            BASE_TRY(check_choice_value(space, param, leaf->op, &leaf->values[i], at, err));
    }
    if (hpo_param_is_number(param)) return BASE_OK;
    if (some_choice_passes(param, leaf)) return BASE_OK;
    return hpo_space_fail(where, err, "no value of %s passes this test: it can never hold", param->name);
}

/* Whether a number passes a leaf against values; what a leaf asks of another parameter is not known here. */
static bool number_satisfies(const hpo_cond *leaf, double x) {
    if (leaf->against_param) return true;
    bool all = leaf->op == HPO_COND_NE || leaf->op == HPO_COND_NOT_IN;
    for (size_t i = 0; i < leaf->n_values; i++)
        if (compare(leaf->op, x, leaf->values[i].real) != all) return !all;
    return all;
}

static bool number_satisfies_all(const hpo_cond *const *leaves, size_t count, double x) {
    for (size_t i = 0; i < count; i++)
        if (!number_satisfies(leaves[i], x)) return false;
    return true;
}

/* The truth of a conjunction changes only at tested values: it is enough to try those, what lies next to them, and the
 * bounds. Next to a value is the level above or below, on a continuum the next double. */
static bool some_number_satisfies(const hpo_param *param, const hpo_cond *const *leaves, size_t count) {
    if (number_satisfies_all(leaves, count, param->min) || number_satisfies_all(leaves, count, param->max)) return true;
    for (size_t i = 0; i < count; i++) {
        for (size_t v = 0; v < leaves[i]->n_values; v++) {
            double x = leaves[i]->values[v].real;
            for (int side = -1; side <= 1; side++) {
                double k = hpo_param_nearest_level(param, x) + side;
                double y = param->step > 0 ? hpo_param_level(param, k) : side == 0 ? x : nextafter(x, side * HUGE_VAL);
                if (y < param->min || y > param->max) continue;
                if (number_satisfies_all(leaves, count, y)) return true;
            }
        }
    }
    return false;
}

void hpo_cond_choices(const hpo_param *param, const hpo_cond *leaf, bool *table) {
    const size_t n = param->n_choices;
    if (leaf->op == HPO_COND_IN || leaf->op == HPO_COND_NOT_IN) {
        memset(table, leaf->op == HPO_COND_NOT_IN, n);
        for (size_t i = 0; i < leaf->n_values; i++) {
            const size_t at = hpo_param_find_choice(param, &leaf->values[i]);
            if (at != SIZE_MAX) table[at] = leaf->op == HPO_COND_IN;
        }
        return;
    }
    if (is_ordering(leaf->op) && hpo_param_choices_are_numbers(param) && is_number(&leaf->values[0])) {
        for (size_t i = 0; i < n; i++) table[i] = compare(leaf->op, param->choices[i].real, leaf->values[0].real);
        return;
    }
    const double at = (double)hpo_param_find_choice(param, &leaf->values[0]);
    for (size_t i = 0; i < n; i++) table[i] = compare(leaf->op, (double)i, at);
}

static bool some_choice_satisfies(const hpo_param *param, const hpo_cond *const *leaves, size_t count) {
    bool *passes = base_calloc(param->n_choices, 2 * sizeof *passes), *table = passes + param->n_choices, some = false;
    memset(passes, true, param->n_choices);
    for (size_t i = 0; i < count; i++) {
        if (leaves[i]->against_param) continue;
        hpo_cond_choices(param, leaves[i], table);
        for (size_t k = 0; k < param->n_choices; k++) passes[k] &= table[k];
    }
    for (size_t k = 0; k < param->n_choices; k++) some |= passes[k];
    free(passes);
    return some;
}

/* The values of a leaf have been found among the choices, so one that asks for them passes. */
static bool some_choice_passes(const hpo_param *param, const hpo_cond *leaf) {
    if (leaf->op == HPO_COND_EQ || leaf->op == HPO_COND_IN) return true;
    if (leaf->op == HPO_COND_NE) return param->n_choices > 1;
    return some_choice_satisfies(param, &leaf, 1);
}

base_status hpo_cond_check_together(const hpo_space *space, const hpo_cond *const *leaves, size_t count,
                                    const base_yaml_node *where, base_err *err) {
    const hpo_param *param = &space->params[leaves[0]->param];
    bool possible = hpo_param_is_number(param) ? some_number_satisfies(param, leaves, count)
                                               : some_choice_satisfies(param, leaves, count);
    if (possible) return BASE_OK;
    return hpo_space_fail(where, err, "no value of %s passes all of these tests: they can never hold together",
                          param->name);
}

/* ---- compiling ---- */

/* A long list needs no table for one position: ten thousand children of one parent would have ten thousand tables. */
static bool compares_positions(const hpo_param *param, const hpo_cond *leaf) {
    enum { SHORT_LIST = 64 };
    if (param->n_choices <= SHORT_LIST || leaf->op == HPO_COND_IN || leaf->op == HPO_COND_NOT_IN) return false;
    return !is_ordering(leaf->op) || !(hpo_param_choices_are_numbers(param) && is_number(&leaf->values[0]));
}

static void compile_values(const hpo_space *space, const hpo_cond *leaf, hpo_test *test) {
    const hpo_param *param = &space->params[leaf->param];
    if (!hpo_param_is_number(param) && compares_positions(param, leaf)) {
        double *at = BASE_NEW(space->arena, double);
        *at = (double)hpo_param_find_choice(param, &leaf->values[0]);
        test->values = at;
        test->n_values = 1;
        return;
    }
    if (!hpo_param_is_number(param)) {
        bool *table = BASE_NEW_ARRAY(space->arena, param->n_choices, bool);
        hpo_cond_choices(param, leaf, table);
        test->table = table;
        return;
    }
    double *values = BASE_NEW_ARRAY(space->arena, leaf->n_values, double);
    for (size_t i = 0; i < leaf->n_values; i++) {
        values[i] = leaf->values[i].real;
        if (param->step > 0 && !is_ordering(leaf->op)) /* equality is of levels: free of the last bit of the text */
            values[i] = hpo_param_level(param, hpo_param_nearest_level(param, values[i]));
    }
    test->values = values;
    test->n_values = leaf->n_values;
}

/* The number each choice stands for; of texts: the position in base's list, or -1, which no choice of base has. */
static const double *numbers_of(const hpo_space *space, const hpo_param *param, const hpo_param *base) {
    if (hpo_param_is_number(param)) return NULL;
    double *numbers = BASE_NEW_ARRAY(space->arena, param->n_choices, double);
    bool by_value = hpo_param_choices_are_numbers(param);
    for (size_t i = 0; i < param->n_choices; i++) {
        size_t at = by_value ? 0 : hpo_param_find_choice(base, &param->choices[i]);
        numbers[i] = by_value ? param->choices[i].real : at != SIZE_MAX ? (double)at : -1;
    }
    return numbers;
}

static base_status compile_into(const hpo_space *space, const hpo_cond *cond, const base_yaml_node *where,
                                hpo_test *test, base_err *err) {
    *test = (hpo_test){.op = cond->op};
    if (cond->op == HPO_COND_ALL || cond->op == HPO_COND_ANY) {
        hpo_test *children = BASE_NEW_ARRAY(space->arena, cond->n_children, hpo_test);
        for (size_t i = 0; i < cond->n_children; i++)
            BASE_TRY(compile_into(space, cond->children[i], where, &children[i], err));
        test->children = children;
        test->n_children = cond->n_children;
        return BASE_OK;
    }
    BASE_TRY(hpo_cond_check_leaf(space, cond, where, err));
    test->param = cond->param;
    if (!cond->against_param) {
        compile_values(space, cond, test);
        return BASE_OK;
    }
    const hpo_param *param = &space->params[cond->param], *other = &space->params[cond->other];
    test->against_param = true;
    test->other = cond->other;
    test->left = numbers_of(space, param, param);
    test->right = numbers_of(space, other, param);
    return BASE_OK;
}

base_status hpo_cond_compile(const hpo_space *space, const hpo_cond *cond, const base_yaml_node *where,
                             const hpo_test **test, base_err *err) {
    hpo_test *made = BASE_NEW(space->arena, hpo_test);
    BASE_TRY(compile_into(space, cond, where, made, err));
    *test = made;
    return BASE_OK;
}

/* ---- evaluating ---- */

static bool leaf_holds(const hpo_test *test, const double *config) {
    double x = config[test->param];
    if (isnan(x)) return false;
    if (test->table) return test->table[(size_t)x];
    if (test->against_param) {
        double y = config[test->other];
        if (isnan(y)) return false;
        return compare(test->op, test->left ? test->left[(size_t)x] : x, test->right ? test->right[(size_t)y] : y);
    }
    bool all = test->op == HPO_COND_NOT_IN; /* every value differs, else: some value compares as asked */
    for (size_t i = 0; i < test->n_values; i++)
        if (compare(test->op, x, test->values[i]) != all) return !all;
    return all;
}

bool hpo_test_holds(const hpo_test *test, const double *config) {
    if (test->op != HPO_COND_ALL && test->op != HPO_COND_ANY) return leaf_holds(test, config);
    bool all = test->op == HPO_COND_ALL;
    for (size_t i = 0; i < test->n_children; i++)
        if (hpo_test_holds(&test->children[i], config) != all) return !all;
    return all;
}
