/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of comma-separated values as cells that know their place: RFC 4180, where fields in quotes may hold commas,
 * line ends and doubled quotes. Blanks around a field, blank lines and a byte order mark are skipped. */
#ifndef BENCHMARKS_PROBLEMS_CSV_H
#define BENCHMARKS_PROBLEMS_CSV_H

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_csv_cell {
    const char *text; /* "" when it is empty */
    int line, column; /* where it begins, from 1; columns are bytes */
} bench_csv_cell;

typedef struct bench_csv {
    const char *file;
    size_t n_columns, n_rows;    /* rows below the line of names */
    const bench_csv_cell *names; /* n_columns */
    const bench_csv_cell *cells; /* n_rows x n_columns */
} bench_csv;

/* Reads the file, which may be gzipped, into arena. BASE_INVALID with file, line and column: a name that is empty or
 * stands twice, a line with more or fewer fields than the first, a quote that is not closed, no line of values.
 * BASE_NOTFOUND, BASE_IO, BASE_CORRUPT. */
BASE_CHECK base_status bench_csv_read(const char *path, base_arena *arena, bench_csv *out, base_err *err);
/* The same from text, which is changed: cells point into it. */
BASE_CHECK base_status bench_csv_parse(const char *file, char *text, size_t length, base_arena *arena, bench_csv *out,
                                       base_err *err);
/* Column of this name, or SIZE_MAX. */
size_t bench_csv_find(const bench_csv *csv, const char *name);
/* A position for base_yaml_fail. */
base_yaml_node bench_csv_where(const bench_csv *csv, const bench_csv_cell *cell);

#ifdef __cplusplus
}
#endif
#endif
