/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A YAML text as a tree of nodes that know their file, line and column.
 *
 * libyaml gives the events; scalars are resolved by the YAML 1.2 core schema (so 1e-5 is a number, no is a string, 010
 * is ten): null/~/empty, true/false, integers (also 0x, 0o), floats (also .inf, .nan); a quoted scalar is a string.
 * Refused with a position: duplicate keys (both lines), anchors and aliases, tags, several documents, keys that are not
 * scalars, nesting deeper than 64. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum base_yaml_kind {
    BASE_YAML_NULL,
    BASE_YAML_BOOL,
    BASE_YAML_INT,
    BASE_YAML_FLOAT,
    BASE_YAML_STRING,
    BASE_YAML_LIST,
    BASE_YAML_MAP,
} base_yaml_kind;

typedef struct base_yaml_node base_yaml_node;
struct base_yaml_node {
    base_yaml_kind kind;
    const char *file; /* as given to the parser; "--set" etc. for made nodes */
    int line, column; /* 1-based; 0 = made, no position */
    const char *text; /* scalars: the source text (a made scalar: how it would be written) */
    bool boolean;
    int64_t integer;
    double number; /* FLOAT, and INT converted */
    size_t count;  /* LIST: items; MAP: pairs */
    base_yaml_node **items;
    base_yaml_node **keys;    /* MAP only: scalars, in file order */
    struct base_index *index; /* MAP: its keys by hash, once there are many; else NULL. Only base_yaml_* touches it. */
};

/* Parses text into nodes that live in arena. *root is a NULL-kind node for an empty text.
 * BASE_INVALID "file:line:column: ..." on any fault. */
BASE_CHECK base_status base_yaml_parse(base_arena *arena, const char *file, const char *text, size_t length,
                                       base_yaml_node **root, base_err *err);
/* The value of key, or NULL (also when map is NULL or not a map). */
base_yaml_node *base_yaml_get(const base_yaml_node *map, const char *key);
/* The key node of key (for positions), or NULL. */
base_yaml_node *base_yaml_key(const base_yaml_node *map, const char *key);
const char *base_yaml_kind_text(base_yaml_kind kind); /* "a string", "a list", ... */
bool base_yaml_is_scalar(const base_yaml_node *node);
/* True for a number that is written as an integer but does not fit in 64 bits: its kind is FLOAT, and digits are lost.
 */
bool base_yaml_is_oversized(const base_yaml_node *node);
bool base_yaml_equal(const base_yaml_node *a, const base_yaml_node *b); /* 1 equals 1.0; maps in any order */

/* BASE_INVALID with "file:line:column: " of the node in front. */
base_status base_yaml_fail(const base_yaml_node *node, base_err *err, const char *fmt, ...) BASE_PRINTF(3, 4);

/* Made nodes (file "", no position unless `like` is given, whose position is copied). */
base_yaml_node *base_yaml_scalar(base_arena *arena, const base_yaml_node *like, const char *text, bool quoted);
base_yaml_node *base_yaml_new_map(base_arena *arena, const base_yaml_node *like);
base_yaml_node *base_yaml_new_list(base_arena *arena, const base_yaml_node *like);
void base_yaml_append(base_arena *arena, base_yaml_node *list, base_yaml_node *item);
/* Adds or replaces a pair of map. A key has at most 200 bytes (the parser refuses longer ones). */
void base_yaml_put(base_arena *arena, base_yaml_node *map, const char *key, base_yaml_node *value);
/* --set a.b.c=TEXT: walks and makes maps below root; TEXT is parsed as YAML with positions in file "--set a.b.c".
 * A name on the way that is missing or null becomes a map; any other value that is no map is BASE_INVALID with the
 * remedy (method: bohb, then --set method.eta=3), and root is then unchanged. */
BASE_CHECK base_status base_yaml_set(base_arena *arena, base_yaml_node *root, const char *assignment, base_err *err);
base_yaml_node *base_yaml_copy(base_arena *arena, const base_yaml_node *node); /* deep */
/* Sorts the pairs of every map in the tree by their keys' bytes. */
void base_yaml_sort(base_arena *arena, base_yaml_node *node);

/* Block or flow YAML text of a tree, readable by base_yaml_parse to an equal tree; strings are quoted when needed.
 * Numbers keep their source text. Block: a short list or map of scalars stays on its line, in flow style. */
void base_yaml_print(const base_yaml_node *node, int indent, base_buf *out);
void base_yaml_print_flow(const base_yaml_node *node, base_buf *out);
/* Block text for programs whose readers follow YAML 1.1, such as PyYAML: they, too, see every number as a number and
 * every string as a string. Numbers are written anew, so 1e-5 is 1.0e-05; no, 1_000 and 2001-12-14 are quoted. */
void base_yaml_print_portable(const base_yaml_node *node, base_buf *out);
/* JSON (non-finite floats as strings). */
void base_yaml_print_json(const base_yaml_node *node, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
