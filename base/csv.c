/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells are cut in place: each ends in a zero where its comma, line end or closing quote was. */
#include "base/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzfile.h"

typedef struct reader {
    const char *file;
    char *at, *end, *line_start;
    int line;
    base_csv_cell *cells;
    size_t count, capacity;
} reader;

base_yaml_node base_csv_where(const base_csv *csv, const base_csv_cell *cell) {
    return (base_yaml_node){.file = csv->file, .line = cell->line, .column = cell->column};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static base_yaml_node here(const reader *in) {
    return (base_yaml_node){.file = in->file, .line = in->line, .column = (int)(in->at - in->line_start) + 1};
}

static void next_line(reader *in) {
    in->line_start = in->at;
    in->line++;
}

/* Behind the opening quote; what stands between the quotes is moved to its beginning. */
static base_status read_quoted(reader *in, char **text_end, base_err *err) {
    const base_yaml_node start = here(in);
    char *to = ++in->at;
    for (; in->at < in->end; in->at++) {
        if (*in->at == '"' && (in->at + 1 == in->end || in->at[1] != '"')) {
            in->at++;
            *text_end = to;
            return BASE_OK;
        }
        if (*in->at == '"') in->at++;
        *to++ = *in->at;
        if (*in->at != '\n') continue;
        in->line_start = in->at + 1;
        in->line++;
    }
    return base_yaml_fail(&start, err, "this quote is never closed");
}

/* One field. *last: the line ends behind it. */
static base_status read_field(reader *in, bool *last, base_err *err) {
    while (in->at < in->end && is_blank(*in->at)) in->at++;
    const bool quoted = in->at < in->end && *in->at == '"';
    base_csv_cell cell = {.text = in->at + quoted, .line = in->line, .column = (int)(in->at - in->line_start) + 1};
    char *text_end = in->at;
    if (quoted) {
        BASE_TRY(read_quoted(in, &text_end, err));
        while (in->at < in->end && is_blank(*in->at)) in->at++;
    } else {
        while (in->at < in->end && !strchr(",\r\n", *in->at))
            if (!is_blank(*in->at++)) text_end = in->at;
    }
    if (in->at < in->end && *in->at == '\r') in->at++;
    if (in->at < in->end && *in->at != ',' && *in->at != '\n') {
        const base_yaml_node where = here(in);
        return base_yaml_fail(&where, err, "a comma or the end of the line must follow a value");
    }
    *last = in->at == in->end || *in->at == '\n';
    if (in->at < in->end) in->at++;
    *text_end = '\0'; /* the text ends in a zero, too */
    BASE_GROW(in->cells, in->capacity, in->count + 1);
    in->cells[in->count++] = cell;
    if (*last) next_line(in);
    return BASE_OK;
}

static void skip_blank_lines(reader *in) {
    for (;;) {
        char *c = in->at;
        while (c < in->end && (is_blank(*c) || *c == '\r')) c++;
        if (c < in->end && *c != '\n') return;
        in->at = c < in->end ? c + 1 : c;
        if (c == in->end) return;
        next_line(in);
    }
}

static base_status read_line(reader *in, size_t *fields, base_err *err) {
    bool last = false;
    for (*fields = 0; !last; (*fields)++) BASE_TRY(read_field(in, &last, err));
    return BASE_OK;
}

static base_status check_names(const base_csv *csv, base_err *err) {
    for (size_t i = 0; i < csv->n_columns; i++) {
        const base_yaml_node where = base_csv_where(csv, &csv->names[i]);
        if (csv->names[i].text[0] == '\0')
            return base_yaml_fail(&where, err, "column %zu has no name: give it one, or leave the column out", i + 1);
        if (base_csv_find(csv, csv->names[i].text) < i)
            return base_yaml_fail(&where, err, "two columns are called '%s'", csv->names[i].text);
    }
    return BASE_OK;
}

static base_status read_all(reader *in, base_csv *out, base_arena *arena, base_err *err) {
    size_t fields;
    skip_blank_lines(in);
    if (in->at == in->end) return BASE_FAIL(err, BASE_INVALID, "%s is empty", in->file);
    BASE_TRY(read_line(in, &out->n_columns, err));
    for (skip_blank_lines(in); in->at < in->end; skip_blank_lines(in)) {
        base_yaml_node where = here(in);
        BASE_TRY(read_line(in, &fields, err));
        if (fields != out->n_columns)
            return base_yaml_fail(&where, err, "this line has %zu fields, but the first has %zu", fields,
                                  out->n_columns);
        out->n_rows++;
    }
    base_csv_cell *cells = BASE_NEW_ARRAY(arena, in->count, base_csv_cell);
    memcpy(cells, in->cells, in->count * sizeof *cells);
    out->names = cells;
    out->cells = cells + out->n_columns;
    return check_names(out, err);
}

base_status base_csv_parse(const char *file, char *text, size_t length, base_arena *arena, base_csv *out,
                           base_err *err) {
    const size_t mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    reader in = {.file = base_arena_strdup(arena, file),
                 .at = text + mark,
                 .end = text + length,
                 .line_start = text + mark,
                 .line = 1};
    *out = (base_csv){.file = in.file};
    const base_status status = read_all(&in, out, arena, err);
    free(in.cells);
    return status;
}

base_status base_csv_read(const char *path, base_arena *arena, base_csv *out, base_err *err) {
    base_buf text = {0};
    base_status status = base_gz_read(path, 0, &text, err);
    if (status == BASE_OK) {
        char *kept = base_arena_alloc(arena, text.length + 1); /* with all bytes that are zero */
        memcpy(kept, base_buf_text(&text), text.length + 1);
        status = base_csv_parse(path, kept, text.length, arena, out, err);
    }
    base_buf_fini(&text);
    return status;
}

size_t base_csv_find(const base_csv *csv, const char *name) {
    for (size_t i = 0; i < csv->n_columns; i++)
        if (strcmp(csv->names[i].text, name) == 0) return i;
    return SIZE_MAX;
}

base_status base_csv_column(const base_csv *csv, const char *name, size_t *column, base_err *err) {
    *column = base_csv_find(csv, name);
    if (*column != SIZE_MAX) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s:1: there is no column '%s'", csv->file, name);
}

const base_csv_cell *base_csv_at(const base_csv *csv, size_t row, size_t column) {
    return &csv->cells[row * csv->n_columns + column];
}

static base_status not_that(const base_csv *csv, size_t row, size_t column, const char *what, base_err *err) {
    const base_csv_cell *cell = base_csv_at(csv, row, column);
    const base_yaml_node where = base_csv_where(csv, cell);
    return base_yaml_fail(&where, err, "%s should be %s, but is '%s'", csv->names[column].text, what, cell->text);
}

base_status base_csv_number(const base_csv *csv, size_t row, size_t column, double *out, base_err *err) {
    const char *text = base_csv_at(csv, row, column)->text;
    *out = (double)NAN;
    return !*text || base_parse_double(text, out) ? BASE_OK : not_that(csv, row, column, "a number", err);
}

base_status base_csv_integer(const base_csv *csv, size_t row, size_t column, int64_t *out, base_err *err) {
    const char *text = base_csv_at(csv, row, column)->text;
    return base_parse_i64(text, out) ? BASE_OK : not_that(csv, row, column, "an integer", err);
}

void base_csv_put(const char *text, base_buf *out) {
    if (!strpbrk(text, ",\"\n\r")) {
        base_buf_puts(out, text);
        return;
    }
    base_buf_putc(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"') base_buf_putc(out, '"');
        base_buf_putc(out, *c);
    }
    base_buf_putc(out, '"');
}
