/* SPDX-License-Identifier: GPL-3.0-or-later */
/* References to parameters in an objective's settings: found, checked, replaced.
 *
 * One scanner cuts a text into literal stretches and names; checking, replacing and asking whether a name occurs are
 * three loops over it. A text that is a single reference keeps the type of the value; anything else becomes a text. */
#include "hpo/space/settings.h"

#include <math.h>
#include <string.h>

#include "hpo/space/space_impl.h"

/* A stretch of a text: bytes to copy, or the name between two braces. */
typedef enum piece_kind { PIECE_END, PIECE_BYTES, PIECE_NAME, PIECE_LONE_BRACE } piece_kind;
typedef struct piece {
    piece_kind kind;
    const char *start;
    size_t length;
} piece;

static piece next_piece(const char **cursor) {
    const char *at = *cursor;
    if (*at == '\0') return (piece){.kind = PIECE_END, .start = at};
    if ((at[0] == '{' || at[0] == '}') && at[1] == at[0]) {
        *cursor = at + 2;
        return (piece){.kind = PIECE_BYTES, .start = at, .length = 1};
    }
    if (*at == '{') {
        size_t length = strcspn(at + 1, "{}");
        if (length == 0 || at[1 + length] != '}') return (piece){.kind = PIECE_LONE_BRACE, .start = at, .length = 1};
        *cursor = at + length + 2;
        return (piece){.kind = PIECE_NAME, .start = at + 1, .length = length};
    }
    if (*at == '}') return (piece){.kind = PIECE_LONE_BRACE, .start = at, .length = 1};
    size_t length = strcspn(at, "{}");
    *cursor = at + length;
    return (piece){.kind = PIECE_BYTES, .start = at, .length = length};
}

static bool piece_is(const piece *p, const char *name) {
    return strlen(name) == p->length && memcmp(p->start, name, p->length) == 0;
}

static size_t find_piece(const hpo_space *space, const piece *p) {
    return hpo_space_find_bytes(space, p->start, p->length);
}

/* ---- checking ---- */

typedef struct checker {
    const hpo_space *space;
    const char *const *extras;
    size_t n_extras;
} checker;

static bool name_exists(const checker *c, const piece *p) {
    for (size_t i = 0; i < c->n_extras; i++)
        if (piece_is(p, c->extras[i])) return true;
    return find_piece(c->space, p) != SIZE_MAX;
}

static base_status fail_with_name(const checker *c, const base_yaml_node *node, const piece *p, base_err *err) {
    base_arena *arena = c->space->arena;
    size_t count = c->space->count + c->n_extras;
    const char **names = BASE_NEW_ARRAY(arena, count, const char *);
    for (size_t i = 0; i < c->space->count; i++) names[i] = c->space->params[i].name;
    for (size_t i = 0; i < c->n_extras; i++) names[c->space->count + i] = c->extras[i];
    const char *name = base_arena_strndup(arena, p->start, p->length);
    return hpo_space_fail(node, err, "there is no parameter \"%s\" for {%s}: %s (literal braces are {{ and }})", name,
                          name, hpo_space_hint(arena, name, names, count));
}

static base_status check_text(const checker *c, const base_yaml_node *node, base_err *err) {
    const char *cursor = node->text;
    for (piece p = next_piece(&cursor); p.kind != PIECE_END; p = next_piece(&cursor)) {
        if (p.kind == PIECE_LONE_BRACE)
            return hpo_space_fail(node, err, "a single %c in \"%s\": write {name} for a parameter, %c%c for the brace",
                                  *p.start, node->text, *p.start, *p.start);
        if (p.kind == PIECE_NAME && !name_exists(c, &p)) return fail_with_name(c, node, &p, err);
    }
    return BASE_OK;
}

/* {name} without quotes is a YAML map with one empty pair: surely meant as a reference when the name exists. */
static base_status check_unquoted(const checker *c, const base_yaml_node *map, base_err *err) {
    if (map->count != 1 || map->items[0]->kind != BASE_YAML_NULL) return BASE_OK;
    if (map->items[0]->text && *map->items[0]->text) return BASE_OK; /* null was written */
    const char *key = map->keys[0]->text;
    piece p = {.kind = PIECE_NAME, .start = key, .length = strlen(key)};
    if (!name_exists(c, &p)) return BASE_OK;
    return hpo_space_fail(map, err, "{%s} without quotes is a map in YAML: write \"{%s}\"", key, key);
}

static base_status check_tree(const checker *c, const base_yaml_node *node, base_err *err) {
    if (node->kind == BASE_YAML_STRING) return check_text(c, node, err);
    if (node->kind == BASE_YAML_MAP) BASE_TRY(check_unquoted(c, node, err));
    for (size_t i = 0; i < node->count; i++) BASE_TRY(check_tree(c, node->items[i], err));
    return BASE_OK;
}

base_status hpo_settings_check(const base_yaml_node *settings, const hpo_space *space, const char *const *extras,
                               size_t count, base_err *err) {
    checker c = {.space = space, .extras = extras, .n_extras = count};
    return settings ? check_tree(&c, settings, err) : BASE_OK;
}

bool hpo_settings_mention(const base_yaml_node *settings, const char *name) {
    if (!settings) return false;
    if (settings->kind == BASE_YAML_STRING) {
        const char *cursor = settings->text;
        for (piece p = next_piece(&cursor); p.kind == PIECE_BYTES || p.kind == PIECE_NAME; p = next_piece(&cursor))
            if (p.kind == PIECE_NAME && piece_is(&p, name)) return true;
        return false;
    }
    for (size_t i = 0; i < settings->count; i++)
        if (hpo_settings_mention(settings->items[i], name)) return true;
    return false;
}

size_t hpo_settings_mark(const base_yaml_node *settings, const hpo_space *space, bool *mentioned) {
    if (!settings) return 0;
    size_t found = 0;
    if (settings->kind == BASE_YAML_STRING) {
        const char *cursor = settings->text;
        for (piece p = next_piece(&cursor); p.kind == PIECE_BYTES || p.kind == PIECE_NAME; p = next_piece(&cursor)) {
            const size_t index = p.kind == PIECE_NAME ? find_piece(space, &p) : SIZE_MAX;
            if (index == SIZE_MAX) continue;
            if (mentioned) mentioned[index] = true;
            found++;
        }
        return found;
    }
    for (size_t i = 0; i < settings->count; i++) found += hpo_settings_mark(settings->items[i], space, mentioned);
    return found;
}

/* ---- replacing ---- */

typedef struct resolver {
    base_arena *arena;
    const hpo_space *space;
    const double *config;
    const hpo_setting_extra *extras;
    size_t n_extras;
} resolver;

/* False: the parameter is inactive. A parameter hides an extra of the same name. */
static bool look_up(const resolver *r, const piece *p, hpo_value *out) {
    size_t index = find_piece(r->space, p);
    if (index != SIZE_MAX) {
        *out = hpo_space_value(r->space, r->config, index);
        return !isnan(r->config[index]);
    }
    size_t i = 0;
    while (i < r->n_extras && !piece_is(p, r->extras[i].name)) i++;
    BASE_ASSERT(i < r->n_extras); /* hpo_settings_check saw to it */
    *out = r->extras[i].value;
    return true;
}

/* NULL: an inactive parameter is mentioned. */
static base_yaml_node *resolve_text(const resolver *r, const base_yaml_node *node) {
    const char *cursor = node->text;
    piece p = next_piece(&cursor);
    hpo_value value;
    if (p.kind == PIECE_NAME && *cursor == '\0') {
        if (!look_up(r, &p, &value)) return NULL;
        base_buf text = {0};
        hpo_value_print(&value, &text);
        base_yaml_node *made = base_yaml_scalar(r->arena, node, base_buf_text(&text), value.kind == HPO_VALUE_TEXT);
        base_buf_fini(&text);
        return made;
    }
    base_buf text = {0};
    base_yaml_node *made = NULL;
    for (; p.kind != PIECE_END; p = next_piece(&cursor)) {
        BASE_ASSERT(p.kind != PIECE_LONE_BRACE);
        if (p.kind == PIECE_BYTES) {
            base_buf_append(&text, p.start, p.length);
            continue;
        }
        if (!look_up(r, &p, &value)) goto out;
        hpo_value_print(&value, &text);
    }
    made = base_yaml_scalar(r->arena, node, base_buf_text(&text), true);
out:
    base_buf_fini(&text);
    return made;
}

/* NULL: dropped from a list, null elsewhere. */
static base_yaml_node *resolve_tree(const resolver *r, const base_yaml_node *node) {
    switch (node->kind) {
    case BASE_YAML_STRING: return resolve_text(r, node);
    case BASE_YAML_LIST: {
        base_yaml_node *list = base_yaml_new_list(r->arena, node);
        for (size_t i = 0; i < node->count; i++) {
            base_yaml_node *item = resolve_tree(r, node->items[i]);
            if (item) base_yaml_append(r->arena, list, item);
        }
        return list;
    }
    case BASE_YAML_MAP: {
        base_yaml_node *map = base_yaml_new_map(r->arena, node);
        for (size_t i = 0; i < node->count; i++) {
            base_yaml_node *item = resolve_tree(r, node->items[i]);
            if (!item) item = base_yaml_scalar(r->arena, node->items[i], "null", false);
            base_yaml_put(r->arena, map, node->keys[i]->text, item);
        }
        return map;
    }
    case BASE_YAML_NULL:
    case BASE_YAML_BOOL:
    case BASE_YAML_INT:
    case BASE_YAML_FLOAT: break;
    }
    return base_yaml_copy(r->arena, node);
}

base_yaml_node *hpo_settings_resolve(base_arena *arena, const base_yaml_node *settings, const hpo_space *space,
                                     const double *config, const hpo_setting_extra *extras, size_t count) {
    resolver r = {.arena = arena, .space = space, .config = config, .extras = extras, .n_extras = count};
    base_yaml_node *made = resolve_tree(&r, settings);
    return made ? made : base_yaml_scalar(arena, settings, "null", false);
}
