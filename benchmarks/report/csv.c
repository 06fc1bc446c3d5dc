/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

typedef struct reader {
    base_arena *arena;
    const char *file, *at, *end;
    int line;      /* of what is read */
    base_buf text; /* of the field */
    const char **fields;
    int *lines;
    size_t n_fields, fields_capacity, rows, lines_capacity, columns; /* columns: 0 before the heading */
} reader;

static base_status fail(const reader *r, int line, const char *what, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: %s", r->file, line, what);
}

static bool ends_field(const reader *r) {
    return r->at == r->end || *r->at == ',' || *r->at == '\n' ||
           (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static base_status read_quoted(reader *r, base_err *err) {
    const int begun = r->line;
    for (r->at++;; r->at++) {
        if (r->at == r->end) return fail(r, begun, "a quote is opened here and never closed", err);
        if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"')) break;
        if (*r->at == '"') r->at++;
        r->line += *r->at == '\n';
        base_buf_putc(&r->text, *r->at);
    }
    r->at++;
    return ends_field(r) ? BASE_OK : fail(r, r->line, "text behind a closing quote", err);
}

static base_status read_plain(reader *r, base_err *err) {
    for (; !ends_field(r); r->at++) {
        if (*r->at == '"') return fail(r, r->line, "a quote in a field that does not begin with one", err);
        if (*r->at == 0) return fail(r, r->line, "a zero byte", err);
        base_buf_putc(&r->text, *r->at);
    }
    return BASE_OK;
}

static base_status read_field(reader *r, base_err *err) {
    base_buf_clear(&r->text);
    BASE_TRY(r->at < r->end && *r->at == '"' ? read_quoted(r, err) : read_plain(r, err));
    BASE_GROW(r->fields, r->fields_capacity, r->n_fields + 1);
    r->fields[r->n_fields++] = base_arena_strdup(r->arena, base_buf_text(&r->text));
    return BASE_OK;
}

/* Past a line's end; false at the text's. */
static bool next_line(reader *r) {
    if (r->at < r->end && *r->at == '\r') r->at++;
    if (r->at == r->end) return false;
    r->at++;
    r->line++;
    return true;
}

static base_status read_row(reader *r, base_err *err) {
    const int line = r->line;
    const size_t before = r->n_fields;
    for (bool more = true; more; r->at += more) {
        BASE_TRY(read_field(r, err));
        more = r->at < r->end && *r->at == ',';
    }
    const size_t count = r->n_fields - before;
    if (r->columns == 0) {
        r->columns = count;
    } else if (count != r->columns) {
        return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: %zu fields, but the heading has %zu", r->file, line, count,
                         r->columns);
    } else {
        BASE_GROW(r->lines, r->lines_capacity, r->rows + 1);
        r->lines[r->rows++] = line;
    }
    return BASE_OK;
}

static base_status read_rows(reader *r, base_err *err) {
    do {
        if (r->at == r->end) break;
        if (*r->at == '\n' || (*r->at == '\r' && ends_field(r))) continue;
        BASE_TRY(read_row(r, err));
    } while (next_line(r));
    return r->columns > 0 ? BASE_OK
                          : fail(r, 1, "a table begins with the names of its columns, but this is empty", err);
}

base_status bench_csv_parse(base_arena *arena, const char *file, const char *text, size_t length, bench_csv *out,
                            base_err *err) {
    reader r = {.arena = arena, .file = file, .at = text, .end = text + length, .line = 1};
    const base_status status = read_rows(&r, err);
    if (status == BASE_OK) {
        *out = (bench_csv){.file = base_arena_strdup(arena, file), .columns = r.columns, .rows = r.rows};
        out->names = BASE_NEW_ARRAY(arena, r.n_fields, const char *);
        memcpy(out->names, r.fields, r.n_fields * sizeof *r.fields);
        out->fields = out->names + r.columns;
        out->lines = BASE_NEW_ARRAY(arena, r.rows + 1, int);
        if (r.rows > 0) memcpy(out->lines, r.lines, r.rows * sizeof *r.lines);
    }
    base_buf_fini(&r.text);
    free(r.fields);
    free(r.lines);
    return status;
}

base_status bench_csv_read(base_arena *arena, const char *path, bench_csv *out, base_err *err) {
    base_buf text = {0};
    base_status status = base_read_file(path, &text, err);
    if (status == BASE_OK) status = bench_csv_parse(arena, path, base_buf_text(&text), text.length, out, err);
    base_buf_fini(&text);
    return status;
}

base_status bench_csv_column(const bench_csv *t, const char *name, size_t *column, base_err *err) {
    for (*column = 0; *column < t->columns; ++*column)
        if (strcmp(t->names[*column], name) == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_CORRUPT, "%s:1: there is no column \"%s\"", t->file, name);
}

const char *bench_csv_field(const bench_csv *t, size_t row, size_t column) {
    return t->fields[row * t->columns + column];
}

static base_status not_that(const bench_csv *t, size_t row, size_t column, const char *what, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT, "%s:%d: %s should be %s, but is \"%s\"", t->file, t->lines[row],
                     t->names[column], what, bench_csv_field(t, row, column));
}

base_status bench_csv_number(const bench_csv *t, size_t row, size_t column, double *out, base_err *err) {
    const char *text = bench_csv_field(t, row, column);
    *out = NAN;
    if (*text == 0 || base_parse_double(text, out)) return BASE_OK;
    return not_that(t, row, column, "a number", err);
}

base_status bench_csv_integer(const bench_csv *t, size_t row, size_t column, int64_t *out, base_err *err) {
    if (base_parse_i64(bench_csv_field(t, row, column), out)) return BASE_OK;
    return not_that(t, row, column, "an integer", err);
}
