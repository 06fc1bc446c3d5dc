/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table as comma-separated values (RFC 4180): a line with the names of the columns, then rows of as many fields. */
#ifndef BENCHMARKS_REPORT_CSV_H
#define BENCHMARKS_REPORT_CSV_H

#include <stdint.h>

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_csv {
    const char *file;
    const char **names; /* columns */
    size_t columns, rows;
    const char **fields; /* rows x columns, without their quotes */
    int *lines;          /* of rows: where each begins; the heading is line 1 */
} bench_csv;

/* In arena. A field in quotes may hold commas, line breaks and, written twice, quotes. Lines end with LF or CRLF, the
 * last one may lack its end; empty lines are skipped. BASE_CORRUPT "file:line: ..." for an open quote, text behind a
 * closing one, a row of another length, and a text without a heading. */
BASE_CHECK base_status bench_csv_parse(base_arena *arena, const char *file, const char *text, size_t length,
                                       bench_csv *out, base_err *err);
/* The same from a file. */
BASE_CHECK base_status bench_csv_read(base_arena *arena, const char *path, bench_csv *out, base_err *err);

/* BASE_CORRUPT with the file, when there is no column of this name. */
BASE_CHECK base_status bench_csv_column(const bench_csv *table, const char *name, size_t *column, base_err *err);
const char *bench_csv_field(const bench_csv *table, size_t row, size_t column);
/* Numbers; an empty field is NaN. BASE_CORRUPT with file, line, column and text for what is none. */
BASE_CHECK base_status bench_csv_number(const bench_csv *table, size_t row, size_t column, double *out, base_err *err);
BASE_CHECK base_status bench_csv_integer(const bench_csv *table, size_t row, size_t column, int64_t *out,
                                         base_err *err);

#ifdef __cplusplus
}
#endif
#endif
