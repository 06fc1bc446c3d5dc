/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of texts, once made, for terminals and for a page. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BASE_TABLE_WIDTH = 80 };

/* Texts are the arena's or constant. */
typedef struct base_table {
    base_arena *arena;
    const char *title, *note;    /* above and below; NULL: none */
    size_t labels, columns;      /* the first `labels` columns are words, what follows are numbers */
    const char **names, **cells; /* of columns; rows x columns */
    size_t rows, capacity;
} base_table;

/* names: of all columns; they are copied. */
base_table base_table_begin(base_arena *arena, const char *title, size_t labels, size_t columns,
                            const char *const *names);
/* Room for a row of empty cells, valid until the next one. */
const char **base_table_row(base_table *table);

/* Lines of at most 80 columns, and an empty one: where the numbers are too many, they go on below, with the labels
 * again. A label that repeats that of the row above is left out, one that is too long is cut. */
void base_table_print(const base_table *table, base_buf *out);
/* An element of HTML. */
void base_table_html(const base_table *table, base_buf *out);
/* A table of Markdown between its title and its note. */
void base_table_markdown(const base_table *table, base_buf *out);

/* ---- texts of cells, in arena ---- */

/* Three digits; NaN: "", INFINITY: "none", for a run without an incumbent has found nothing. */
const char *base_table_number(base_arena *arena, double value);
/* The same with this many decimals. */
const char *base_table_fixed(base_arena *arena, double value, int decimals);
/* A probability: 0.0123, or <0.0001. */
const char *base_table_p(base_arena *arena, double p);
/* Whole numbers without a point, others with four digits. */
const char *base_table_cost(base_arena *arena, double cost);

#ifdef __cplusplus
}
#endif
#endif
