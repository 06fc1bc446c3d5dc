/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as a user writes them: one tagged scalar.
 *
 * An integer keeps both its exact form and its double, so that a choice 128 prints as 128 and compares with 128.0. */
#include "hpo/space/value.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

hpo_value hpo_value_of_node(const base_yaml_node *scalar) {
    switch (scalar->kind) {
    case BASE_YAML_BOOL: return (hpo_value){.kind = HPO_VALUE_BOOL, .boolean = scalar->boolean};
    case BASE_YAML_INT: return hpo_value_int(scalar->integer);
    case BASE_YAML_FLOAT: return hpo_value_real(scalar->number);
    case BASE_YAML_STRING: return hpo_value_text(scalar->text);
    case BASE_YAML_NULL: break;
    case BASE_YAML_LIST:
    case BASE_YAML_MAP: BASE_ASSERT(false && "a scalar node");
    }
    return (hpo_value){.kind = HPO_VALUE_NULL};
}

hpo_value hpo_value_int(int64_t value) {
    return (hpo_value){.kind = HPO_VALUE_INT, .integer = value, .real = (double)value};
}

hpo_value hpo_value_real(double value) {
    return (hpo_value){.kind = HPO_VALUE_REAL, .real = value};
}

hpo_value hpo_value_text(const char *text) {
    return (hpo_value){.kind = HPO_VALUE_TEXT, .text = text};
}

bool hpo_value_equal(const hpo_value *a, const hpo_value *b) {
    if (a->kind != b->kind) {
        bool numbers = (a->kind == HPO_VALUE_INT && b->kind == HPO_VALUE_REAL) ||
                       (a->kind == HPO_VALUE_REAL && b->kind == HPO_VALUE_INT);
        return numbers && a->real == b->real;
    }
    switch (a->kind) {
    case HPO_VALUE_NULL: return true;
    case HPO_VALUE_BOOL: return a->boolean == b->boolean;
    case HPO_VALUE_INT: return a->integer == b->integer;
    case HPO_VALUE_REAL: return a->real == b->real;
    case HPO_VALUE_TEXT: return strcmp(a->text, b->text) == 0;
    }
    return false;
}

uint64_t hpo_value_hash(const hpo_value *value) {
    if (value->kind == HPO_VALUE_TEXT) return base_hash64(value->text, strlen(value->text));
    if (value->kind != HPO_VALUE_INT && value->kind != HPO_VALUE_REAL)
        return (uint64_t)value->kind << 1 | (value->kind == HPO_VALUE_BOOL && value->boolean);
    const double number = value->real + 0.0; /* -0.0 equals 0.0 */
    return base_hash64(&number, sizeof number);
}

/* YAML's words for what has no digits. */
static const char *nonfinite_word(double x) {
    return isnan(x) ? ".nan" : x > 0 ? ".inf" : "-.inf";
}

void hpo_value_print(const hpo_value *value, base_buf *out) {
    switch (value->kind) {
    case HPO_VALUE_NULL: base_buf_puts(out, "null"); break;
    case HPO_VALUE_BOOL: base_buf_puts(out, value->boolean ? "true" : "false"); break;
    case HPO_VALUE_INT: base_buf_put_i64(out, value->integer); break;
    case HPO_VALUE_REAL:
        if (isfinite(value->real))
            base_buf_put_double(out, value->real);
        else
            base_buf_puts(out, nonfinite_word(value->real));
        break;
    case HPO_VALUE_TEXT: base_buf_puts(out, value->text); break;
    }
}

void hpo_value_print_json(const hpo_value *value, base_buf *out) {
    if (value->kind == HPO_VALUE_TEXT) {
        base_buf_put_json(out, value->text);
    } else if (value->kind == HPO_VALUE_REAL && !isfinite(value->real)) {
        base_buf_putc(out, '"');
        base_buf_put_double(out, value->real); /* nan, inf, -inf */
        base_buf_putc(out, '"');
    } else {
        hpo_value_print(value, out);
    }
}

base_yaml_node *hpo_value_node(base_arena *arena, const hpo_value *value) {
    base_buf text = {0};
    hpo_value_print(value, &text);
    base_yaml_node *node = base_yaml_scalar(arena, NULL, base_buf_text(&text), value->kind == HPO_VALUE_TEXT);
    base_buf_fini(&text);
    return node;
}
