/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that `try_first:` names becomes a list of maps whose nodes know their places.
 *
 * YAML is a best.yaml as a run leaves it (whose configuration is under `config`), one map of values, or a list of
 * either. CSV has a line of names and then a configuration per line (RFC 4180: fields in quotes may hold commas, line
 * ends and doubled quotes); a cell reads as a YAML value would, and an empty one leaves its parameter out. */
#include <string.h>
#include <strings.h>

#include "hpo/study/try_first.h"

/* ---- YAML ---- */

/* The map itself, or the one under `config` of a best.yaml: a parameter's value is never a map. */
static base_yaml_node *config_of(base_yaml_node *node) {
    base_yaml_node *config = base_yaml_get(node, "config");
    return config && config->kind == BASE_YAML_MAP ? config : node;
}

static base_status parse_yaml(base_arena *arena, const char *file, const char *text, size_t length,
                              base_yaml_node **out, base_err *err) {
    base_yaml_node *root = NULL;
    BASE_TRY(base_yaml_parse(arena, file, text, length, &root, err));
    if (base_yaml_is_scalar(root)) {
        return base_yaml_fail(root, err, "expected a best.yaml, or a list of configurations, but this is %s",
                              base_yaml_kind_text(root->kind));
    }
    base_yaml_node *list = base_yaml_new_list(arena, root);
    if (root->kind == BASE_YAML_MAP) base_yaml_append(arena, list, config_of(root));
    for (size_t i = 0; root->kind == BASE_YAML_LIST && i < root->count; i++) {
        base_yaml_append(arena, list, config_of(root->items[i]));
    }
    *out = list;
    return BASE_OK;
}

/* ---- CSV ---- */

typedef struct table_reader {
    base_arena *arena;
    const char *at, *end, *line_start;
    base_yaml_node where; /* of the field that is read: file, line, column */
} table_reader;

static void next_line(table_reader *in) {
    in->line_start = in->at;
    in->where.line++;
}

static void locate(table_reader *in) {
    in->where.column = (int)(in->at - in->line_start) + 1;
}

/* Behind the opening quote; appends what stands between the quotes. */
static base_status read_quoted(table_reader *in, base_buf *out, base_err *err) {
    const base_yaml_node start = in->where;
    for (in->at++; in->at < in->end; in->at++) {
        if (*in->at == '"' && (in->at + 1 == in->end || in->at[1] != '"')) {
            in->at++;
            return BASE_OK;
        }
        if (*in->at == '"') in->at++;
        base_buf_putc(out, *in->at);
        if (*in->at == '\n') {
            in->line_start = in->at + 1;
            in->where.line++;
        }
    }
    return base_yaml_fail(&start, err, "this quote is never closed");
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* One field as a scalar; *last: the line ends behind it. */
static base_status read_field(table_reader *in, base_yaml_node **out, bool *last, base_err *err) {
    base_buf text = {0};
    base_status status = BASE_OK;
    while (in->at < in->end && is_blank(*in->at)) in->at++;
    locate(in);
    const base_yaml_node where = in->where;
    if (in->at < in->end && *in->at == '"') {
        status = read_quoted(in, &text, err);
        while (in->at < in->end && is_blank(*in->at)) in->at++;
    } else {
        while (in->at < in->end && !strchr(",\r\n", *in->at)) base_buf_putc(&text, *in->at++);
        while (text.length > 0 && is_blank(text.data[text.length - 1])) text.data[--text.length] = '\0';
    }
    *out = base_yaml_scalar(in->arena, &where, base_buf_text(&text), false);
    base_buf_fini(&text);
    BASE_TRY(status);
    const bool comma = in->at < in->end && *in->at == ',';
    *last = !comma;
    if (comma) {
        in->at++;
        return BASE_OK;
    }
    if (in->at < in->end && *in->at == '\r') in->at++;
    if (in->at < in->end && *in->at != '\n') {
        locate(in);
        return base_yaml_fail(&in->where, err, "a comma or the end of the line must follow a value");
    }
    if (in->at < in->end) in->at++;
    next_line(in);
    return BASE_OK;
}

static void skip_blank_lines(table_reader *in) {
    for (;;) {
        const char *c = in->at;
        while (c < in->end && (is_blank(*c) || *c == '\r')) c++;
        if (c < in->end && *c != '\n') return;
        in->at = c < in->end ? c + 1 : c;
        if (c == in->end) return;
        next_line(in);
    }
}

static base_status read_names(table_reader *in, base_yaml_node *names, base_err *err) {
    enum { NAME_LIMIT = 200 };
    base_yaml_node *seen = base_yaml_new_map(in->arena, NULL);
    for (bool last = false; !last;) {
        base_yaml_node *name = NULL;
        BASE_TRY(read_field(in, &name, &last, err));
        if (*name->text == '\0' || strlen(name->text) > NAME_LIMIT) {
            return base_yaml_fail(name, err, "the name of a column has 1 to %d characters", NAME_LIMIT);
        }
        if (base_yaml_get(seen, name->text)) {
            return base_yaml_fail(name, err, "a second column is called '%s'", name->text);
        }
        base_yaml_put(in->arena, seen, name->text, name);
        base_yaml_append(in->arena, names, name);
    }
    return BASE_OK;
}

static base_status read_line(table_reader *in, const base_yaml_node *names, base_yaml_node *list, base_err *err) {
    locate(in);
    base_yaml_node *map = base_yaml_new_map(in->arena, &in->where);
    size_t column = 0;
    for (bool last = false; !last; column++) {
        base_yaml_node *value = NULL;
        BASE_TRY(read_field(in, &value, &last, err));
        if (column == names->count) {
            return base_yaml_fail(value, err, "more values than the %zu columns of the header", names->count);
        }
        if (*value->text == '\0') continue;
        base_yaml_put(in->arena, map, names->items[column]->text, value);
        map->keys[map->count - 1] = names->items[column]; /* an unknown name is wrong in the header */
    }
    base_yaml_append(in->arena, list, map);
    if (column == names->count) return BASE_OK;
    return base_yaml_fail(map, err, "this line has %zu values, but the header names %zu columns", column, names->count);
}

static base_status parse_csv(base_arena *arena, const char *file, const char *text, size_t length, base_yaml_node **out,
                             base_err *err) {
    const bool marked = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    const char *start = marked ? text + 3 : text;
    table_reader in = {.arena = arena,
                       .at = start,
                       .end = text + length,
                       .line_start = start,
                       .where = {.file = base_arena_strdup(arena, file), .line = 1, .column = 1}};
    if (memchr(text, '\0', length)) return base_yaml_fail(&in.where, err, "a NUL byte; this is not a text file");
    base_yaml_node *names = base_yaml_new_list(arena, &in.where), *list = base_yaml_new_list(arena, &in.where);
    skip_blank_lines(&in);
    if (in.at == in.end) return base_yaml_fail(&in.where, err, "a line with the names of parameters is missing");
    BASE_TRY(read_names(&in, names, err));
    for (skip_blank_lines(&in); in.at < in.end; skip_blank_lines(&in)) BASE_TRY(read_line(&in, names, list, err));
    locate(&in);
    if (list->count == 0) return base_yaml_fail(&in.where, err, "no configuration follows the names");
    *out = list;
    return BASE_OK;
}

base_status hpo_try_first_parse(base_arena *arena, const char *file, const char *text, size_t length,
                                base_yaml_node **list, base_err *err) {
    const char *dot = strrchr(file, '.');
    const bool table = dot && strcasecmp(dot, ".csv") == 0;
    return table ? parse_csv(arena, file, text, length, list, err) : parse_yaml(arena, file, text, length, list, err);
}
