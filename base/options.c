/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a map by a table of options.
 *
 * A default goes through the same reader as a user's value, so a table cannot promise what it would refuse; one that
 * does is our own mistake and asserts. Nothing is converted silently: an integer is no string, 3.0 is no integer, and
 * null stands only for an option that has no default. A real is finite unless the default is itself infinite. */
#include "base/options_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN_KEYS_LENGTH  240
#define SHORTEST_BEGINNING 3 /* of a choice, that may stand for the whole */

const char BASE_REQUIRED[] = "required";

bool base_option_is_optional(const base_option *option) {
    return option->fallback == NULL || *option->fallback == '\0';
}

static bool has_name(const base_option *option, const char *name) {
    return strcmp(option->name, name) == 0 || (option->formerly != NULL && strcmp(option->formerly, name) == 0);
}

const base_option *base_options_find(const base_option *table, const char *name) {
    for (const base_option *option = table; option->name != NULL; option++) {
        if (has_name(option, name)) return option;
    }
    return NULL;
}

size_t base_options_count(const base_option *table) {
    size_t count = 0;
    while (table[count].name != NULL) count++;
    return count;
}

bool base_options_given(const base_yaml_node *map, const char *key) {
    const base_yaml_node *value = base_yaml_get(map, key);
    return value != NULL && value->kind != BASE_YAML_NULL;
}

static const char *prefixed(base_arena *arena, const char *prefix, const char *name) {
    if (prefix == NULL) return name;
    const size_t length = strlen(prefix) + strlen(name) + 2;
    char *text = base_arena_alloc(arena, length);
    snprintf(text, length, "%s.%s", prefix, name);
    return text;
}

base_option *base_options_join(base_arena *arena, const base_options_part *parts, size_t count) {
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) lines += base_options_count(parts[i].table);
    base_option *joined = BASE_NEW_ARRAY(arena, lines + 1, base_option), *line = joined;
    for (size_t i = 0; i < count; i++) {
        for (const base_option *option = parts[i].table; option->name != NULL; option++, line++) {
            *line = *option;
            line->name = prefixed(arena, parts[i].prefix, option->name);
            if (option->formerly != NULL) line->formerly = prefixed(arena, parts[i].prefix, option->formerly);
            line->offset += parts[i].offset;
        }
    }
    *line = (base_option)BASE_OPTIONS_END;
    return joined;
}

/* Both bounds 0 stand for none, unless one is declared open; max below min for no upper bound. */
static bool has_min(const base_option *option) {
    return option->min == 0.0 && option->max == 0.0 ? option->open_min : (bool)isfinite(option->min);
}

static bool has_max(const base_option *option) {
    if (option->min == 0.0 && option->max == 0.0) return option->open_max;
    return isfinite(option->max) && option->max >= option->min;
}

static bool in_bounds(const base_option *option, double value) {
    if (has_min(option) && !(option->open_min ? value > option->min : value >= option->min)) return false;
    return !has_max(option) || (option->open_max ? value < option->max : value <= option->max);
}

static void put_bound(const base_option *option, double bound, base_buf *out) {
    if (fabs(bound) < 1e15 && bound == floor(bound)) {
        base_buf_put_i64(out, (int64_t)bound);
    } else {
        base_buf_put_double(out, bound);
    }
    if (option->kind == BASE_OPTION_DURATION) base_buf_putc(out, 's');
}

static void put_bounds(const base_option *option, base_buf *out) {
    const bool lower = has_min(option), upper = has_max(option);
    if (lower && upper && !option->open_min && !option->open_max) {
        base_buf_puts(out, " between ");
        put_bound(option, option->min, out);
        base_buf_puts(out, " and ");
        put_bound(option, option->max, out);
        return;
    }
    if (lower) {
        base_buf_puts(out, option->open_min ? " greater than " : " of at least ");
        put_bound(option, option->min, out);
    }
    if (upper) {
        base_buf_puts(out, lower ? " and " : option->open_max ? " " : " of ");
        base_buf_puts(out, option->open_max ? "less than " : "at most ");
        put_bound(option, option->max, out);
    }
}

void base_option_rule(const base_option *option, base_buf *out) {
    switch (option->kind) {
    case BASE_OPTION_BOOL: base_buf_puts(out, "true or false"); return;
    case BASE_OPTION_STRING: base_buf_puts(out, "string"); return;
    case BASE_OPTION_NODE: base_buf_puts(out, option->shape ? option->shape : "list or map"); return;
    case BASE_OPTION_CHOICE:
        base_buf_puts(out, "one of ");
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            base_buf_printf(out, "%s%s", i > 0 ? ", " : "", option->choices[i]);
        }
        return;
    case BASE_OPTION_INT: base_buf_puts(out, "integer"); break;
    case BASE_OPTION_REAL: base_buf_puts(out, "number"); break;
    case BASE_OPTION_DURATION: base_buf_puts(out, "duration (90s, 10m, 1.5h, 2d)"); break;
    case BASE_OPTION_BYTES: base_buf_puts(out, "size with a unit (100MiB, 2GiB, 2G, 1MB)"); break;
    }
    put_bounds(option, out);
}

static const char *article(base_option_kind kind) {
    switch (kind) {
    case BASE_OPTION_BOOL:
    case BASE_OPTION_CHOICE: return "";
    case BASE_OPTION_INT: return "an ";
    default: return "a ";
    }
}

static void put_value(const base_yaml_node *value, bool wrong_kind, base_buf *out) {
    switch (value->kind) {
    case BASE_YAML_NULL: base_buf_puts(out, "empty (null)"); return;
    case BASE_YAML_LIST:
    case BASE_YAML_MAP: base_buf_puts(out, base_yaml_kind_text(value->kind)); return;
    default: break;
    }
    const char *quote = value->kind == BASE_YAML_STRING ? "\"" : "";
    const char *more = strlen(value->text) > 60 ? "..." : "";
    base_buf_printf(out, "%s%.60s%s%s", quote, value->text, more, quote);
    if (wrong_kind) {
        const char *kind = base_yaml_kind_text(value->kind);
        base_buf_printf(out, " (%s)", base_yaml_is_oversized(value) ? "an integer beyond 64 bits" : kind);
    }
}

/* A small number is meant as megabytes or gigabytes; a large one may well be bytes. */
static void put_sizes(int64_t number, base_buf *out) {
    if (number < 1 << 20) {
        base_buf_printf(out, "; write %lldMiB or %lldGiB", (long long)number, (long long)number);
    } else {
        base_buf_puts(out, "; for bytes write ");
        base_put_bytes((uint64_t)number, out);
    }
}

/* The one choice that begins with the word, as minimize does with min; NULL when several do, or none. */
static const char *begun_choice(const char *word, const char *const *choices) {
    const char *found = NULL;
    for (; *choices != NULL && strlen(word) >= SHORTEST_BEGINNING; choices++) {
        if (strncasecmp(*choices, word, strlen(word)) != 0) continue;
        if (found != NULL) return NULL;
        found = *choices;
    }
    return found;
}

/* What would mend the value, where that can be told. */
static void put_remedy(const base_option *option, const base_yaml_node *value, base_buf *out) {
    const bool is_number = value->kind == BASE_YAML_INT || value->kind == BASE_YAML_FLOAT;
    double number = 0.0;
    if (option->kind == BASE_OPTION_STRING && (is_number || value->kind == BASE_YAML_BOOL)) {
        base_buf_puts(out, "; put it in quotes");
    } else if (option->kind == BASE_OPTION_INT && value->kind == BASE_YAML_FLOAT &&
               value->number == floor(value->number) && fabs(value->number) < 0x1p53) {
        base_buf_puts(out, "; write ");
        base_buf_put_i64(out, (int64_t)value->number);
    } else if ((option->kind == BASE_OPTION_INT || option->kind == BASE_OPTION_REAL) &&
               value->kind == BASE_YAML_STRING && base_parse_double(value->text, &number) && isfinite(number)) {
        base_buf_puts(out, "; remove the quotes");
    } else if (option->kind == BASE_OPTION_BYTES && value->kind == BASE_YAML_INT && value->integer > 0) {
        put_sizes(value->integer, out);
    } else if (option->kind == BASE_OPTION_DURATION && value->kind == BASE_YAML_STRING) {
        base_buf written = {0};
        if (base_suggest_duration(value->text, &written)) base_buf_printf(out, "; write %s", base_buf_text(&written));
        base_buf_fini(&written);
    } else if (option->kind == BASE_OPTION_CHOICE && value->kind == BASE_YAML_STRING) {
        size_t count = 0;
        while (option->choices[count] != NULL) count++;
        const char *near = base_nearest(value->text, option->choices, count);
        if (near == NULL) near = begun_choice(value->text, option->choices);
        if (near != NULL) base_buf_printf(out, "; did you mean '%s'?", near);
    }
}

static base_status fail_value(const base_option *option, const base_yaml_node *value, bool wrong_kind, base_err *err) {
    base_buf text = {0};
    base_buf_printf(&text, "%s must be %s", option->name, article(option->kind));
    base_option_rule(option, &text);
    base_buf_puts(&text, ", but is ");
    put_value(value, wrong_kind, &text);
    if (wrong_kind) put_remedy(option, value, &text);
    const base_status status = base_yaml_fail(value, err, "%s", base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

/* Up to the end of both, or of the first `length` letters of b. */
static bool is_same_word(const char *a, const char *b, size_t length) {
    size_t i = 0;
    for (; i < length && a[i] != '\0'; i++) {
        const char x = a[i] == '_' ? '-' : a[i], y = b[i] == '_' ? '-' : b[i];
        if (x != y) return false;
    }
    return i == length && a[i] == '\0';
}

static bool find_choice(const char *word, size_t length, const char *const *choices, int *out) {
    for (int i = 0; choices[i] != NULL; i++) {
        if (!is_same_word(choices[i], word, length)) continue;
        *out = i;
        return true;
    }
    return false;
}

static bool read_choice(const base_option *option, const base_yaml_node *value, int *out) {
    if (!base_yaml_is_scalar(value)) return false;
    if (find_choice(value->text, strlen(value->text), option->choices, out)) return true;
    for (const char *at = option->synonyms; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        const char *equals = at + strcspn(at, "="), *end = at + strcspn(at, " ");
        if (is_same_word(value->text, at, (size_t)(equals - at)))
            return find_choice(equals + 1, (size_t)(end - equals - 1), option->choices, out);
        at = end;
    }
    return false;
}

/* A number, whatever unit it was written in; false when value is of another kind. */
static bool read_duration(const base_yaml_node *value, double *out) {
    if (value->kind == BASE_YAML_STRING) return base_parse_duration(value->text, out);
    if (value->kind != BASE_YAML_INT && value->kind != BASE_YAML_FLOAT) return false;
    *out = value->number;
    return value->number >= 0.0;
}

/* A number alone is refused: 100 would be a hundred bytes, and is meant as megabytes by everybody who writes it. */
static bool read_bytes(const base_yaml_node *value, uint64_t *out) {
    return value->kind == BASE_YAML_STRING && base_parse_bytes(value->text, out);
}

/* The field of one option; aligned for every kind. */
typedef union option_field {
    bool boolean;
    int64_t integer;
    double real;
    const char *string;
    int choice;
    uint64_t bytes;
    const base_yaml_node *node;
} option_field;

static size_t field_size(base_option_kind kind) {
    switch (kind) {
    case BASE_OPTION_BOOL: return sizeof(bool);
    case BASE_OPTION_INT: return sizeof(int64_t);
    case BASE_OPTION_REAL:
    case BASE_OPTION_DURATION: return sizeof(double);
    case BASE_OPTION_STRING: return sizeof(const char *);
    case BASE_OPTION_CHOICE: return sizeof(int);
    case BASE_OPTION_BYTES: return sizeof(uint64_t);
    case BASE_OPTION_NODE: return sizeof(const base_yaml_node *);
    }
    return 0;
}

/* Reads the value into *field; *number is what the bounds hold for (0 for kinds without). False: the wrong kind. */
static bool read_kind(const base_option *option, const base_yaml_node *value, option_field *field, double *number) {
    *number = 0.0;
    switch (option->kind) {
    case BASE_OPTION_BOOL: field->boolean = value->boolean; return value->kind == BASE_YAML_BOOL;
    case BASE_OPTION_STRING: field->string = value->text; return value->kind == BASE_YAML_STRING;
    case BASE_OPTION_CHOICE: return read_choice(option, value, &field->choice);
    case BASE_OPTION_NODE: field->node = value; return true;
    case BASE_OPTION_INT:
        field->integer = value->integer;
        *number = (double)value->integer;
        return value->kind == BASE_YAML_INT;
    case BASE_OPTION_REAL:
        field->real = *number = value->number;
        return value->kind == BASE_YAML_INT || value->kind == BASE_YAML_FLOAT;
    case BASE_OPTION_DURATION:
        if (!read_duration(value, &field->real)) return false;
        *number = field->real;
        return true;
    case BASE_OPTION_BYTES:
        if (!read_bytes(value, &field->bytes)) return false;
        *number = (double)field->bytes;
        return true;
    }
    return false;
}

static base_status read_value(const base_option *option, const base_yaml_node *value, option_field *field,
                              base_err *err) {
    double number = 0.0;
    if (!read_kind(option, value, field, &number)) return fail_value(option, value, true, err);
    const bool has_bounds = option->kind == BASE_OPTION_INT || option->kind == BASE_OPTION_REAL ||
                            option->kind == BASE_OPTION_DURATION || option->kind == BASE_OPTION_BYTES;
    if (!has_bounds) return BASE_OK;
    const bool may_be_infinite = !base_option_is_optional(option) && strstr(option->fallback, ".inf") != NULL;
    if (isnan(number) || (isinf(number) && !may_be_infinite)) {
        return base_yaml_fail(value, err, "%s must be a finite number, but is %s", option->name, value->text);
    }
    return in_bounds(option, number) ? BASE_OK : fail_value(option, value, false, err);
}

base_status base_option_check(const base_option *option, const base_yaml_node *value, base_err *err) {
    option_field field = {0};
    if (value->kind == BASE_YAML_NULL && base_option_is_optional(option)) return BASE_OK;
    return read_value(option, value, &field, err);
}

static const base_yaml_node *fallback_node(const base_option *option, base_arena *arena) {
    if (option->kind == BASE_OPTION_STRING || option->kind == BASE_OPTION_CHOICE) {
        return base_yaml_scalar(arena, NULL, option->fallback, true);
    }
    if (option->kind != BASE_OPTION_NODE) return base_yaml_scalar(arena, NULL, option->fallback, false);
    base_yaml_node *node = NULL;
    const base_status status = base_yaml_parse(arena, "", option->fallback, strlen(option->fallback), &node, NULL);
    BASE_ASSERT(status == BASE_OK);
    return node;
}

static base_status read_option(const base_option *option, const base_yaml_node *map, void *target, base_arena *arena,
                               base_err *err) {
    option_field field = {0};
    const bool optional = base_option_is_optional(option);
    const base_yaml_node *value = base_yaml_get(map, option->name);
    if (value == NULL && option->formerly != NULL) value = base_yaml_get(map, option->formerly);
    if (value != NULL && !(optional && value->kind == BASE_YAML_NULL)) {
        BASE_TRY(read_value(option, value, &field, err));
    } else if (option->fallback == BASE_REQUIRED) {
        return base_yaml_fail(map, err, "the key '%s' is missing here: %s", option->name, option->help);
    } else if (!optional) {
        const base_status status = read_value(option, fallback_node(option, arena), &field, NULL);
        BASE_ASSERT(status == BASE_OK);
    }
    memcpy((char *)target + option->offset, &field, field_size(option->kind));
    return BASE_OK;
}

static bool has_word(const char *words, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = words; at && (at = strstr(at, word)) != NULL; at++) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    }
    return false;
}

/* The option that another program calls by this word, or NULL. */
static const base_option *find_alias(const base_option *table, const char *word) {
    for (const base_option *option = table; option->name != NULL; option++) {
        if (*word != '\0' && has_word(option->alias, word)) return option;
    }
    return NULL;
}

static base_status fail_unknown(const base_option *table, const base_yaml_node *key, base_err *err) {
    size_t count = 0, capacity = 0;
    const char **names = NULL;
    base_buf list = {0};
    for (const base_option *option = table; option->name != NULL; option++) {
        BASE_GROW(names, capacity, count + 1);
        names[count++] = option->name;
        if (list.length < SHOWN_KEYS_LENGTH) {
            base_buf_printf(&list, "%s%s", count > 1 ? ", " : "", option->name);
        } else if (option[1].name == NULL) {
            base_buf_puts(&list, ", ...");
        }
    }
    const base_option *alias = find_alias(table, key->text);
    const char *near = base_nearest(key->text, names, count);
    base_status status;
    if (alias != NULL) {
        status = base_yaml_fail(key, err, "unknown key '%s'; here it is '%s': %s", key->text, alias->name, alias->help);
    } else if (near != NULL) {
        status = base_yaml_fail(key, err, "unknown key '%s'; did you mean '%s'?", key->text, near);
    } else if (count == 0) {
        status = base_yaml_fail(key, err, "unknown key '%s'; no keys are known here", key->text);
    } else {
        status = base_yaml_fail(key, err, "unknown key '%s'; the keys here are %s", key->text, base_buf_text(&list));
    }
    free(names);
    base_buf_fini(&list);
    return status;
}

base_status base_options_known(const base_option *table, const base_yaml_node *map, base_err *err) {
    if (map != NULL && map->kind != BASE_YAML_MAP && map->kind != BASE_YAML_NULL) {
        return base_yaml_fail(map, err, "a map of options is expected here (name: value), but this is %s",
                              base_yaml_kind_text(map->kind));
    }
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const base_option *option = base_options_find(table, map->keys[i]->text);
        if (option == NULL) return fail_unknown(table, map->keys[i], err);
        if (strcmp(option->name, map->keys[i]->text) != 0 && base_yaml_get(map, option->name) != NULL)
            return base_yaml_fail(map->keys[i], err, "%s is what '%s' was called before, which is set, too; remove one",
                                  option->formerly, option->name);
    }
    return BASE_OK;
}

base_status base_options_fill(const base_option *table, const base_yaml_node *map, void *target, base_arena *arena,
                              base_err *err) {
    for (const base_option *option = table; option->name != NULL; option++) {
        BASE_TRY(read_option(option, map, target, arena, err));
    }
    return BASE_OK;
}

base_status base_options_read(const base_option *table, const base_yaml_node *map, void *target, base_arena *arena,
                              base_err *err) {
    BASE_TRY(base_options_known(table, map, err));
    return base_options_fill(table, map, target, arena, err);
}
