/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes of a YAML tree: resolving scalars, looking up, comparing, making and changing.
 *
 * Scalars follow the core schema of YAML 1.2 (section 10.3.2) and not libyaml's 1.1: 1e-5 is a number, no is a string
 * and 010 is ten. One deviation: an integer that does not fit in 64 bits is a float. The arrays of a list or map have
 * room for the next power of two (at least FIRST_ROOM), which makes appending cheap without a capacity field. */
#include "base/yaml_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/rng.h"

#define FIRST_ROOM 4u
#define FEW_KEYS   16u /* are faster searched from the front */

static bool is_one_of(const char *text, const char *a, const char *b, const char *c) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static size_t digits(const char *text) {
    return strspn(text, "0123456789");
}

/* 0o17 and 0x1F; the core schema allows no sign here. */
static bool resolve_radix(base_yaml_node *node) {
    const char *text = node->text;
    if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || text[2] == '\0') return false;
    const char *allowed = text[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF";
    if (text[2 + strspn(text + 2, allowed)] != '\0') return false;
    const uint64_t radix = text[1] == 'o' ? 8 : 16;
    uint64_t exact = 0;
    bool fits = true;
    double number = 0.0;
    for (const char *c = text + 2; *c != '\0'; c++) {
        const unsigned digit = *c <= '9' ? (unsigned)(*c - '0') : ((unsigned)*c | 0x20u) - (unsigned)'a' + 10u;
        fits = fits && exact <= ((uint64_t)INT64_MAX - digit) / radix;
        if (fits) exact = exact * radix + digit;
        number = number * (double)radix + (double)digit;
    }
    node->kind = fits ? BASE_YAML_INT : BASE_YAML_FLOAT;
    node->integer = fits ? (int64_t)exact : 0;
    node->number = fits ? (double)exact : number;
    return true;
}

/* [-+]? ( .[0-9]+ | [0-9]+ (.[0-9]*)? ) ([eE][-+]?[0-9]+)? : 0 = no number, 1 = integer, 2 = float. */
static int number_shape(const char *text) {
    if (*text == '-' || *text == '+') text++;
    const size_t whole = digits(text);
    text += whole;
    int shape = 1;
    if (*text == '.') {
        const size_t fraction = digits(text + 1);
        if (whole + fraction == 0) return 0;
        text += 1 + fraction;
        shape = 2;
    } else if (whole == 0) {
        return 0;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+') text++;
        const size_t exponent = digits(text);
        if (exponent == 0) return 0;
        text += exponent;
        shape = 2;
    }
    return *text == '\0' ? shape : 0;
}

static bool resolve_number(base_yaml_node *node) {
    const int shape = number_shape(node->text);
    if (shape == 0) return resolve_radix(node);
    const char *text = node->text + (node->text[0] == '+');
    if (shape == 1 && base_parse_i64(text, &node->integer)) {
        node->kind = BASE_YAML_INT;
        node->number = (double)node->integer;
        return true;
    }
    node->kind = BASE_YAML_FLOAT;
    if (!base_parse_double(text, &node->number)) {
        /* The shape is right, so only the magnitude can be at fault. */
        const double magnitude = strpbrk(text, "eE") && strstr(strpbrk(text, "eE"), "-") ? 0.0 : (double)INFINITY;
        node->number = *text == '-' ? -magnitude : magnitude;
    }
    return true;
}

static bool resolve_special(base_yaml_node *node) {
    const char *text = node->text;
    const bool negative = *text == '-';
    const char *name = text + (negative || *text == '+');
    if (is_one_of(name, ".inf", ".Inf", ".INF")) {
        node->number = negative ? -(double)INFINITY : (double)INFINITY;
    } else if (is_one_of(text, ".nan", ".NaN", ".NAN")) {
        node->number = (double)NAN;
    } else {
        return false;
    }
    node->kind = BASE_YAML_FLOAT;
    return true;
}

void base_yaml_resolve(base_yaml_node *node) {
    const char *text = node->text;
    if (*text == '\0' || strcmp(text, "~") == 0 || is_one_of(text, "null", "Null", "NULL")) {
        node->kind = BASE_YAML_NULL;
    } else if (is_one_of(text, "true", "True", "TRUE")) {
        node->kind = BASE_YAML_BOOL;
        node->boolean = true;
    } else if (is_one_of(text, "false", "False", "FALSE")) {
        node->kind = BASE_YAML_BOOL;
    } else if (!resolve_number(node) && !resolve_special(node)) {
        node->kind = BASE_YAML_STRING;
    }
}

static uint64_t hash_key(const char *key) {
    return base_hash64(key, strlen(key));
}

/* Every key of a map whose keys are not indexed, or not all of them. */
static void index_keys(base_arena *arena, base_yaml_node *map) {
    map->index = BASE_NEW(arena, base_index);
    for (size_t i = 0; i < map->count; i++) base_index_add(arena, map->index, hash_key(map->keys[i]->text), i);
}

static size_t find_key(const base_yaml_node *map, const char *key) {
    if (map->index != NULL && map->index->count == map->count) {
        const uint64_t hash = hash_key(key);
        size_t cursor = 0, at;
        do {
            at = base_index_next(map->index, hash, &cursor);
        } while (at != SIZE_MAX && strcmp(map->keys[at]->text, key) != 0);
        return at != SIZE_MAX ? at : map->count;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i]->text, key) == 0) return i;
    }
    return map->count;
}

base_yaml_node *base_yaml_get(const base_yaml_node *map, const char *key) {
    if (map == NULL || map->kind != BASE_YAML_MAP) return NULL;
    const size_t at = find_key(map, key);
    return at < map->count ? map->items[at] : NULL;
}

base_yaml_node *base_yaml_key(const base_yaml_node *map, const char *key) {
    if (map == NULL || map->kind != BASE_YAML_MAP) return NULL;
    const size_t at = find_key(map, key);
    return at < map->count ? map->keys[at] : NULL;
}

const char *base_yaml_kind_text(base_yaml_kind kind) {
    switch (kind) {
    case BASE_YAML_NULL: return "null";
    case BASE_YAML_BOOL: return "a boolean";
    case BASE_YAML_INT: return "an integer";
    case BASE_YAML_FLOAT: return "a float";
    case BASE_YAML_STRING: return "a string";
    case BASE_YAML_LIST: return "a list";
    case BASE_YAML_MAP: return "a map";
    }
    return "unknown";
}

bool base_yaml_is_scalar(const base_yaml_node *node) {
    return node->kind != BASE_YAML_LIST && node->kind != BASE_YAML_MAP;
}

bool base_yaml_is_oversized(const base_yaml_node *node) {
    if (node->kind != BASE_YAML_FLOAT || node->text == NULL) return false;
    if (node->text[0] == '0' && (node->text[1] == 'x' || node->text[1] == 'o')) return true; /* no fraction has these */
    return number_shape(node->text) == 1;
}

static bool is_number(const base_yaml_node *node) {
    return node->kind == BASE_YAML_INT || node->kind == BASE_YAML_FLOAT;
}

bool base_yaml_equal(const base_yaml_node *a, const base_yaml_node *b) {
    if (a->kind == BASE_YAML_INT && b->kind == BASE_YAML_INT) return a->integer == b->integer;
    if (is_number(a) && is_number(b)) return a->number == b->number || (isnan(a->number) && isnan(b->number));
    if (a->kind != b->kind || a->count != b->count) return false;
    switch (a->kind) {
    case BASE_YAML_BOOL: return a->boolean == b->boolean;
    case BASE_YAML_STRING: return strcmp(a->text, b->text) == 0;
    case BASE_YAML_LIST:
    case BASE_YAML_MAP:
        for (size_t i = 0; i < a->count; i++) {
            const base_yaml_node *other = a->kind == BASE_YAML_LIST ? b->items[i] : base_yaml_get(b, a->keys[i]->text);
            if (other == NULL || !base_yaml_equal(a->items[i], other)) return false;
        }
        return true;
    default: return true;
    }
}

base_status base_yaml_fail(const base_yaml_node *node, base_err *err, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    const base_status status = base_err_vset(err, BASE_INVALID, __FILE__, __LINE__, fmt, args);
    va_end(args);
    if (node == NULL || node->file == NULL || *node->file == '\0') return status;
    if (node->line > 0) {
        base_err_prefix(err, "%s:%d:%d", node->file, node->line, node->column);
    } else {
        base_err_prefix(err, "%s", node->file);
    }
    return status;
}

static base_yaml_node *new_node(base_arena *arena, const base_yaml_node *like, base_yaml_kind kind) {
    base_yaml_node *node = BASE_NEW(arena, base_yaml_node);
    node->kind = kind;
    node->file = like != NULL ? like->file : "";
    node->line = like != NULL ? like->line : 0;
    node->column = like != NULL ? like->column : 0;
    return node;
}

base_yaml_node *base_yaml_scalar(base_arena *arena, const base_yaml_node *like, const char *text, bool quoted) {
    base_yaml_node *node = new_node(arena, like, BASE_YAML_STRING);
    node->text = base_arena_strdup(arena, text);
    if (!quoted) base_yaml_resolve(node);
    return node;
}

base_yaml_node *base_yaml_new_map(base_arena *arena, const base_yaml_node *like) {
    return new_node(arena, like, BASE_YAML_MAP);
}

base_yaml_node *base_yaml_new_list(base_arena *arena, const base_yaml_node *like) {
    return new_node(arena, like, BASE_YAML_LIST);
}

/* Room for one more in an array of count elements that follows the rule at the head of this file. */
static base_yaml_node **make_room(base_arena *arena, base_yaml_node **array, size_t count) {
    if (count != 0 && (count < FIRST_ROOM || (count & (count - 1)) != 0)) return array;
    base_yaml_node **grown = BASE_NEW_ARRAY(arena, count == 0 ? FIRST_ROOM : 2 * count, base_yaml_node *);
    if (count > 0) memcpy(grown, array, count * sizeof(*grown));
    return grown;
}

void base_yaml_append(base_arena *arena, base_yaml_node *list, base_yaml_node *item) {
    BASE_ASSERT(list->kind == BASE_YAML_LIST);
    list->items = make_room(arena, list->items, list->count);
    list->items[list->count++] = item;
}

void base_yaml_put(base_arena *arena, base_yaml_node *map, const char *key, base_yaml_node *value) {
    BASE_ASSERT(map->kind == BASE_YAML_MAP && strlen(key) <= BASE_YAML_KEY_LIMIT);
    const size_t at = find_key(map, key);
    if (at < map->count) {
        map->items[at] = value;
        return;
    }
    map->keys = make_room(arena, map->keys, map->count);
    map->items = make_room(arena, map->items, map->count);
    map->keys[at] = base_yaml_scalar(arena, value, key, true);
    map->items[at] = value;
    map->count++;
    if (map->count <= FEW_KEYS) return;
    if (map->index != NULL && map->index->count + 1 == map->count) {
        base_index_add(arena, map->index, hash_key(key), at);
    } else {
        index_keys(arena, map);
    }
}

base_yaml_node *base_yaml_copy(base_arena *arena, const base_yaml_node *node) {
    base_yaml_node *copy = BASE_NEW(arena, base_yaml_node);
    *copy = *node;
    copy->file = base_arena_strdup(arena, node->file != NULL ? node->file : "");
    if (node->text != NULL) copy->text = base_arena_strdup(arena, node->text);
    copy->items = copy->keys = NULL;
    copy->index = NULL;
    for (copy->count = 0; copy->count < node->count; copy->count++) {
        const size_t i = copy->count;
        if (node->kind == BASE_YAML_MAP) {
            copy->keys = make_room(arena, copy->keys, i);
            copy->keys[i] = base_yaml_copy(arena, node->keys[i]);
        }
        copy->items = make_room(arena, copy->items, i);
        copy->items[i] = base_yaml_copy(arena, node->items[i]);
    }
    if (copy->kind == BASE_YAML_MAP && copy->count > FEW_KEYS) index_keys(arena, copy);
    return copy;
}

/* A pair while a map is sorted. */
typedef struct pair {
    base_yaml_node *key, *item;
} pair;

static int compare_pairs(const void *a, const void *b) {
    return strcmp(((const pair *)a)->key->text, ((const pair *)b)->key->text);
}

static void sort_pairs(base_arena *arena, base_yaml_node *map) {
    pair *pairs = BASE_NEW_ARRAY(arena, map->count, pair);
    for (size_t i = 0; i < map->count; i++) pairs[i] = (pair){map->keys[i], map->items[i]};
    qsort(pairs, map->count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < map->count; i++) {
        map->keys[i] = pairs[i].key;
        map->items[i] = pairs[i].item;
    }
    if (map->index != NULL) index_keys(arena, map);
}

void base_yaml_sort(base_arena *arena, base_yaml_node *node) {
    if (base_yaml_is_scalar(node)) return;
    if (node->kind == BASE_YAML_MAP && node->count > 0) sort_pairs(arena, node);
    for (size_t i = 0; i < node->count; i++) base_yaml_sort(arena, node->items[i]);
}

/* Turns a missing value into an empty map; anything else that is no map cannot hold the next name. walked is the part
 * of the path that leads to node, of the given length. */
static base_status need_map(base_yaml_node *node, const char *path, int walked, const char *text, base_err *err) {
    if (node->kind == BASE_YAML_MAP) return BASE_OK;
    if (node->kind == BASE_YAML_NULL) {
        node->kind = BASE_YAML_MAP;
        node->text = NULL;
        return BASE_OK;
    }
    if (walked == 0) {
        return BASE_FAIL(err, BASE_INVALID, "--set %s: the file holds %s, not a map of names", path,
                         base_yaml_kind_text(node->kind));
    }
    if (node->kind == BASE_YAML_LIST) {
        return BASE_FAIL(err, BASE_INVALID,
                         "--set %s: '%.*s' is a list, and one item of a list cannot be set; set the whole list, for "
                         "example --set '%.*s=[...]'",
                         path, walked, path, walked, path);
    }
    return BASE_FAIL(err, BASE_INVALID,
                     "--set %s: '%.*s' is %.60s (%s), which has no names below it; replace it whole: --set "
                     "'%.*s={name: %.60s, %s: %.60s}'",
                     path, walked, path, node->text, base_yaml_kind_text(node->kind), walked, path, node->text,
                     path + walked + 1, text);
}

/* Splits name=text and checks the names, so that base_yaml_set changes either everything or nothing. */
static base_status split_assignment(base_arena *arena, const char *assignment, const char **path, const char **text,
                                    base_err *err) {
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        return BASE_FAIL(err, BASE_INVALID, "--set %.200s: write it as name=value, for example --set budget.trials=50",
                         assignment);
    }
    *path = base_arena_strndup(arena, assignment, (size_t)(equals - assignment));
    *text = equals + 1;
    for (const char *name = *path;; name++) {
        const size_t length = strcspn(name, ".");
        if (length == 0 || length > BASE_YAML_KEY_LIMIT) {
            return BASE_FAIL(err, BASE_INVALID,
                             "--set %.200s: the name before '=' has %s; write names with a dot between them, for "
                             "example budget.trials",
                             *path, length == 0 ? "an empty part" : "a part that is too long");
        }
        name += length;
        if (*name == '\0') return BASE_OK;
    }
}

base_status base_yaml_set(base_arena *arena, base_yaml_node *root, const char *assignment, base_err *err) {
    const char *path = NULL, *text = NULL;
    BASE_TRY(split_assignment(arena, assignment, &path, &text, err));
    const base_yaml_node here = {.file = base_arena_printf(arena, "--set %s", path), .line = 1, .column = 1};
    base_yaml_node *value = NULL;
    BASE_TRY(base_yaml_parse(arena, here.file, text, strlen(text), &value, err));

    base_yaml_node *node = root;
    const char *name = path;
    for (;;) {
        BASE_TRY(need_map(node, path, name == path ? 0 : (int)(name - path) - 1, text, err));
        const size_t length = strcspn(name, ".");
        const char *key = base_arena_strndup(arena, name, length);
        if (name[length] == '\0') {
            base_yaml_put(arena, node, key, value);
            return BASE_OK;
        }
        base_yaml_node *child = base_yaml_get(node, key);
        if (child == NULL) {
            child = base_yaml_new_map(arena, &here);
            base_yaml_put(arena, node, key, child);
        }
        node = child;
        name += length + 1;
    }
}
