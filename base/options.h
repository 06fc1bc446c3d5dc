/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options are declared in a table; the table reads them, gives defaults, checks bounds, prints help and is the
 * documentation. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum base_option_kind {
    BASE_OPTION_BOOL,     /* bool */
    BASE_OPTION_INT,      /* int64_t */
    BASE_OPTION_REAL,     /* double */
    BASE_OPTION_STRING,   /* const char *, in the arena; NULL when the default is absent */
    BASE_OPTION_CHOICE,   /* int: index into choices */
    BASE_OPTION_DURATION, /* double seconds; written 90, 90s, 10m, 1.5h, 2d */
    BASE_OPTION_BYTES,    /* uint64_t; written 512B, 64KiB, 2GiB, 2G (the same), 1MB; never without a unit */
    BASE_OPTION_NODE,     /* const base_yaml_node *: a structure that the owner reads itself; NULL when absent */
} base_option_kind;

/* min and max are inclusive for INT, REAL, DURATION and BYTES; both 0 = unbounded (with open_min: greater than 0). An
 * infinite bound is none, and max below min is no upper bound, so that {.min = 1} reads "at least 1". Values are finite
 * unless the default is infinite. */
typedef struct base_option {
    const char *name;
    base_option_kind kind;
    size_t offset;        /* of the field in the target struct */
    const char *fallback; /* the default as a user would write it; BASE_REQUIRED = must be given; "" = absent/NULL/0 */
    double min, max;
    bool open_min, open_max;    /* the bound itself is excluded */
    const char *const *choices; /* CHOICE: NULL-terminated; - and _ are alike */
    const char *synonyms;       /* CHOICE: what else is taken for one, "silu=swish" and such between blanks; or NULL */
    const char *shape;          /* NODE: what it is, for --help, e.g. "list of integers"; NULL: "list or map" */
    const char *help;           /* one line, with the unit */
    const char *alias;          /* what other programs call it, words between blanks: an error then names ours */
    const char *formerly;       /* its name in older files, which is still read; or NULL */
} base_option;

extern const char BASE_REQUIRED[];
#define BASE_OPTIONS_END                                                                                               \
    { .name = NULL }

/* Reads map (may be NULL: all defaults) into *target by the table (ends with BASE_OPTIONS_END). Unknown keys, wrong
 * types and values out of bounds are BASE_INVALID with position, what would be right, and the nearest valid key.
 * Strings and nodes point into map's tree or arena. */
BASE_CHECK base_status base_options_read(const base_option *table, const base_yaml_node *map, void *target,
                                         base_arena *arena, base_err *err);
/* The two halves of it, for a map whose keys belong to several tables: are all keys known to table; and the fields of
 * one table, whatever else the map has. */
BASE_CHECK base_status base_options_known(const base_option *table, const base_yaml_node *map, base_err *err);
BASE_CHECK base_status base_options_fill(const base_option *table, const base_yaml_node *map, void *target,
                                         base_arena *arena, base_err *err);
/* A table as a part of a larger one: its struct lies at offset of the larger struct, and its names begin with prefix
 * and a dot; NULL: with neither. */
typedef struct base_options_part {
    const base_option *table;
    size_t offset;
    const char *prefix;
} base_options_part;
/* One table of all lines of count parts, in the arena. */
base_option *base_options_join(base_arena *arena, const base_options_part *parts, size_t count);
/* One value alone (a searched parameter's bound is checked with it). The node's position is named on error. */
BASE_CHECK base_status base_option_check(const base_option *option, const base_yaml_node *value, base_err *err);
/* The line of that name, or of that former name; NULL: none. */
const base_option *base_options_find(const base_option *table, const char *name);
size_t base_options_count(const base_option *table);
/* Whether the map (may be NULL) has a value for the key that is not null. */
bool base_options_given(const base_yaml_node *map, const char *key);
/* Help for --help NAME: aligned at most 80 columns: name, type, bounds, default, text. */
void base_options_help(const base_option *table, base_buf *out);
/* A paragraph for people, indented and broken before column 80. */
void base_put_text(const char *text, size_t indent, base_buf *out);
/* One row of a list for people: "  name text", the text from `column` on and broken before column 80. A name that is
 * too long for that has a line of its own. */
void base_put_row(const char *name, size_t column, const char *text, base_buf *out);
/* Every option with its value now, as a flow-YAML map: what --check prints and what the identity is made of. */
void base_options_print(const base_option *table, const void *target, base_buf *out);

/* Durations and sizes as standalone readers; false when malformed. */
bool base_parse_duration(const char *text, double *seconds);
bool base_parse_bytes(const char *text, uint64_t *bytes);
/* A size in the largest binary unit that is exact: 2GiB, 1000B. base_parse_bytes reads it back. */
void base_put_bytes(uint64_t bytes, base_buf *out);
/* Appends how a duration with other words for its unit is written (30min: 30m); false when that is not known. */
bool base_suggest_duration(const char *text, base_buf *out);

/* The candidate nearest to word by edit distance (Damerau, insensitive to case, - and _ alike), or NULL when none is
 * near enough to be meant. names: count pointers. */
const char *base_nearest(const char *word, const char *const *names, size_t count);

#ifdef __cplusplus
}
#endif
#endif
