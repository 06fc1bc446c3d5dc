/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of comma-separated values as cells that know their place: RFC 4180, where fields in quotes may hold commas,
 * line ends and doubled quotes. Blanks around a field, blank lines and a byte order mark are skipped. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct base_csv_cell {
    const char *text; /* "" when it is empty */
    int line, column; /* where it begins, from 1; columns are bytes */
} base_csv_cell;

typedef struct base_csv {
    const char *file;
    size_t n_columns, n_rows;   /* rows below the line of names */
    const base_csv_cell *names; /* n_columns */
    const base_csv_cell *cells; /* n_rows x n_columns */
} base_csv;

/* Reads the file, which may be gzipped, into arena. BASE_INVALID with file, line and column: a name that is empty or
 * stands twice, a line with more or fewer fields than the first, a quote that is not closed, no line of names.
 * BASE_NOTFOUND, BASE_IO, BASE_CORRUPT. */
BASE_CHECK base_status base_csv_read(const char *path, base_arena *arena, base_csv *out, base_err *err);
/* The same from text, which is changed: cells point into it. */
BASE_CHECK base_status base_csv_parse(const char *file, char *text, size_t length, base_arena *arena, base_csv *out,
                                      base_err *err);
/* Column of this name, or SIZE_MAX. */
size_t base_csv_find(const base_csv *csv, const char *name);
/* The same; BASE_INVALID when there is none. */
BASE_CHECK base_status base_csv_column(const base_csv *csv, const char *name, size_t *column, base_err *err);
const base_csv_cell *base_csv_at(const base_csv *csv, size_t row, size_t column);
/* Numbers; an empty cell is NaN. BASE_INVALID with the place of what is none. */
BASE_CHECK base_status base_csv_number(const base_csv *csv, size_t row, size_t column, double *out, base_err *err);
BASE_CHECK base_status base_csv_integer(const base_csv *csv, size_t row, size_t column, int64_t *out, base_err *err);
/* Writes a field: what has commas, quotes or line breaks stands in quotes, a quote twice. */
void base_csv_put(const char *text, base_buf *out);
/* A position for base_yaml_fail. */
base_yaml_node base_csv_where(const base_csv *csv, const base_csv_cell *cell);

#ifdef __cplusplus
}
#endif
#endif
