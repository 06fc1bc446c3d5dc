/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of texts, once made, for terminals and for a page. */
#ifndef BENCHMARKS_REPORT_TABLE_H
#define BENCHMARKS_REPORT_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_TABLE_WIDTH = 80 };

/* Texts are the arena's or constant. */
typedef struct bench_table {
    base_arena *arena;
    const char *title, *note;    /* above and below; NULL: none */
    size_t labels, columns;      /* the first `labels` columns are words, what follows are numbers */
    const char **names, **cells; /* of columns; rows x columns */
    size_t rows, capacity;
} bench_table;

/* names: of all columns; they are copied. */
bench_table bench_table_begin(base_arena *arena, const char *title, size_t labels, size_t columns,
                              const char *const *names);
/* Room for a row of empty cells, valid until the next one. */
const char **bench_table_row(bench_table *table);

/* Lines of at most 80 columns, and an empty one: where the numbers are too many, they go on below, with the labels
 * again. A label that repeats that of the row above is left out, one that is too long is cut. */
void bench_table_print(const bench_table *table, base_buf *out);
/* An element of HTML. */
void bench_table_html(const bench_table *table, base_buf *out);
/* A table of Markdown between its title and its note. */
void bench_table_markdown(const bench_table *table, base_buf *out);

/* ---- texts of cells, in arena ---- */

/* Three digits; NaN: "", INFINITY: "none", for a run without an incumbent has found nothing. */
const char *bench_number_text(base_arena *arena, double value);
/* The same with this many decimals. */
const char *bench_table_fixed(base_arena *arena, double value, int decimals);
/* A probability: 0.0123, or <0.0001. */
const char *bench_table_p(base_arena *arena, double p);
/* Whole numbers without a point, others with four digits. */
const char *bench_table_cost(base_arena *arena, double cost);

#ifdef __cplusplus
}
#endif
#endif
