/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a CSV table into a data set.
 *
 * The file is read whole and cut into fields in place (each ends in a NUL where its comma was), so a field costs no
 * allocation and keeps its line and column for the error that it may cause. The number of line ends bounds the number
 * of rows, and so does the length of the file, since each value takes a byte: the arrays are allocated once, no larger
 * than a few times the file, whatever its header promises. */
#include "engine/data/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzfile.h"
#include "base/index.h"
#include "base/options.h"
#include "base/rng.h"
#include "base/hint.h"

/* With more distinct integers than this in the target's column, AUTO means regression. */
enum { AUTO_CLASSES = 100 };

typedef struct field {
    const char *text;
    size_t line, column; /* 1-based */
} field;

typedef struct reader {
    const char *path;
    char *at, *end; /* *end == 0 */
    char *line_start;
    size_t line;
} reader;

typedef struct table {
    reader in;
    field *header;
    size_t columns, target;
    float *features; /* rows x (columns - 1) */
    field *targets;  /* rows */
    size_t rows, room;
} table;

static base_status fail_at(const reader *in, size_t line, size_t column, base_err *err, const char *fmt, ...)
    BASE_PRINTF(5, 6);
static base_status fail_at(const reader *in, size_t line, size_t column, base_err *err, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    (void)base_err_vset(err, BASE_INVALID, __FILE__, __LINE__, fmt, args);
    va_end(args);
    base_err_prefix(err, "%s:%zu:%zu", in->path, line, column);
    return BASE_INVALID;
}

/* Cuts a quoted field at in->at (on the quote): removes the quotes, makes "" one quote. */
static base_status cut_quoted(reader *in, field *out, base_err *err) {
    char *from = in->at + 1, *to = in->at;
    out->text = to;
    for (;; from++) {
        if (from >= in->end || *from == '\n')
            return fail_at(in, out->line, out->column, err, "this quote is not closed on its line");
        if (*from == '"') {
            if (from[1] != '"') break;
            from++;
        }
        *to++ = *from;
    }
    in->at = from + 1;
    while (*in->at == ' ' || *in->at == '\t') in->at++;
    if (in->at < in->end && *in->at != ',' && *in->at != '\n' && *in->at != '\r')
        return fail_at(in, in->line, (size_t)(in->at - in->line_start) + 1, err,
                       "a comma or the end of the line must follow a closing quote");
    *to = '\0';
    return BASE_OK;
}

/* Cuts the next field; *last tells whether the line ends behind it. */
static base_status cut_field(reader *in, field *out, bool *last, base_err *err) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t')) in->at++;
    out->line = in->line;
    out->column = (size_t)(in->at - in->line_start) + 1;
    out->text = in->at;
    char *tail = NULL; /* where the field's NUL goes when it was not quoted */
    if (*in->at == '"') {
        BASE_TRY(cut_quoted(in, out, err));
    } else {
        in->at += strcspn(in->at, ",\r\n");
        for (tail = in->at; tail > out->text && (tail[-1] == ' ' || tail[-1] == '\t');) tail--;
    }
    if (in->at[0] == '\r' && in->at[1] == '\n') in->at++;
    *last = in->at >= in->end || *in->at == '\n';
    if (!*last && *in->at != ',')
        return fail_at(in, in->line, (size_t)(in->at - in->line_start) + 1, err,
                       "byte 0x%02x does not belong into a text file", (unsigned char)*in->at);
    if (tail) *tail = '\0';
    if (in->at < in->end) in->at++;
    if (*last) {
        in->line++;
        in->line_start = in->at;
    }
    return BASE_OK;
}

static void skip_blank_lines(reader *in) {
    for (;;) {
        char *p = in->at + strspn(in->at, " \t\r");
        if (p >= in->end) in->at = in->end;
        if (*p != '\n') return;
        in->at = in->line_start = p + 1;
        in->line++;
    }
}

/* The column of this name that stands before, or SIZE_MAX. */
static size_t find_column(const table *t, const base_index *names, const char *name) {
    const uint64_t hash = base_hash64(name, strlen(name));
    size_t cursor = 0, at;
    do {
        at = base_index_next(names, hash, &cursor);
    } while (at != SIZE_MAX && strcmp(t->header[at].text, name) != 0);
    return at;
}

static base_status read_names(table *t, base_arena *arena, base_err *err) {
    size_t room = 0;
    bool last = false;
    base_index names = {0};
    skip_blank_lines(&t->in);
    if (t->in.at >= t->in.end)
        return fail_at(&t->in, 1, 1, err, "the file is blank; a line of column names is missing");
    while (!last) {
        field f;
        double number;
        BASE_TRY(cut_field(&t->in, &f, &last, err));
        if (!*f.text) return fail_at(&t->in, f.line, f.column, err, "a column without a name");
        if (base_parse_double(f.text, &number))
            return fail_at(&t->in, f.line, f.column, err,
                           "'%s' is a number where the name of a column belongs; put a first line with names in",
                           f.text);
        const size_t first = find_column(t, &names, f.text);
        if (first != SIZE_MAX)
            return fail_at(&t->in, f.line, f.column, err, "a second column is called '%s' (the first is at column %zu)",
                           f.text, t->header[first].column);
        base_index_add(arena, &names, base_hash64(f.text, strlen(f.text)), t->columns);
        BASE_GROW(t->header, room, t->columns + 1);
        t->header[t->columns++] = f;
    }
    if (t->columns < 2)
        return fail_at(&t->in, t->header[0].line, 1, err,
                       "one column only; features and a target, divided by commas, are needed");
    return BASE_OK;
}

static base_status read_header(table *t, base_err *err) {
    base_arena *arena = base_arena_create();
    const base_status status = read_names(t, arena, err);
    base_arena_destroy(arena);
    return status;
}

static base_status choose_target(table *t, const char *name, base_err *err) {
    t->target = t->columns - 1;
    if (!name) return BASE_OK;
    const char **names = base_calloc(t->columns, sizeof *names);
    bool found = false;
    for (size_t i = 0; i < t->columns; i++) {
        names[i] = t->header[i].text;
        if (strcmp(names[i], name) != 0) continue;
        t->target = i;
        found = true;
    }
    const char *near = found ? NULL : base_nearest(name, names, t->columns);
    free(names);
    if (found) return BASE_OK;
    return fail_at(&t->in, t->header[0].line, 1, err, "there is no column '%s'%s; the last of %zu columns is '%s'",
                   name, base_did_you_mean(near).text, t->columns, t->header[t->columns - 1].text);
}

static base_status read_cell(const table *t, const field *f, size_t column, float *out, base_err *err) {
    double number;
    const char *name = t->header[column].text;
    if (!*f->text)
        return fail_at(&t->in, f->line, f->column, err, "no value in column '%s'; fill it in or delete the line", name);
    if (!base_parse_double(f->text, &number))
        return fail_at(&t->in, f->line, f->column, err, "'%s' in column '%s' is not a number; features must be numbers",
                       f->text, name);
    if (!isfinite(number) || fabs(number) > 3.4e38)
        return fail_at(&t->in, f->line, f->column, err, "'%s' in column '%s' is not a finite 32-bit number", f->text,
                       name);
    *out = (float)number;
    return BASE_OK;
}

static base_status read_row(table *t, base_err *err) {
    float *row = t->features + t->rows * (t->columns - 1);
    size_t line = t->in.line;
    bool last = false;
    for (size_t column = 0; !last; column++) {
        field f;
        BASE_TRY(cut_field(&t->in, &f, &last, err));
        if (column >= t->columns)
            return fail_at(&t->in, f.line, f.column, err, "more values than the %zu columns of the header", t->columns);
        if (last && column + 1 < t->columns)
            return fail_at(&t->in, line, f.column, err, "the line ends after %zu values; the header names %zu columns",
                           column + 1, t->columns);
        if (column != t->target) {
            BASE_TRY(read_cell(t, &f, column, row++, err));
        } else {
            if (!*f.text)
                return fail_at(&t->in, f.line, f.column, err, "no value in the target's column '%s'",
                               t->header[column].text);
            t->targets[t->rows] = f;
        }
    }
    t->rows++;
    return BASE_OK;
}

static base_status read_rows(table *t, base_err *err) {
    const size_t most = (size_t)(t->in.end - t->in.at) / t->columns + 1; /* a comma or line end for each value */
    t->room = 1;
    for (const char *p = t->in.at; p < t->in.end && t->room < most; p++) t->room += *p == '\n';
    t->features = calloc(t->room, (t->columns - 1) * sizeof *t->features);
    t->targets = calloc(t->room, sizeof *t->targets);
    if (!t->features || !t->targets)
        return BASE_FAIL(err, BASE_NOMEM, "no memory for %zu lines of %s", t->room, t->in.path);
    for (skip_blank_lines(&t->in); t->in.at < t->in.end; skip_blank_lines(&t->in)) BASE_TRY(read_row(t, err));
    if (t->rows == 0) return fail_at(&t->in, t->in.line, 1, err, "no line of values follows the header");
    return BASE_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_integer(const void *a, const void *b) {
    int64_t x = 0, y = 0;
    (void)base_parse_i64(*(char *const *)a, &x);
    (void)base_parse_i64(*(char *const *)b, &y);
    if (x != y) return x < y ? -1 : 1;
    return 0;
}

typedef struct class_list {
    const char **names; /* distinct, sorted by order */
    size_t count;
    int (*order)(const void *, const void *);
    bool numbers, integers;
} class_list;

static void list_classes(const table *t, class_list *list) {
    double number;
    int64_t integer;
    list->names = base_calloc(t->rows, sizeof *list->names);
    list->numbers = list->integers = true;
    for (size_t i = 0; i < t->rows; i++) {
        list->names[i] = t->targets[i].text;
        list->numbers = list->numbers && base_parse_double(list->names[i], &number);
        list->integers = list->integers && base_parse_i64(list->names[i], &integer);
    }
    list->order = list->integers ? by_integer : by_text;
    qsort(list->names, t->rows, sizeof *list->names, list->order);
    for (size_t i = 0; i < t->rows; i++)
        if (list->count == 0 || list->order(&list->names[list->count - 1], &list->names[i]) != 0)
            list->names[list->count++] = list->names[i];
}

static void fill_labels(const table *t, const class_list *list, eng_dataset *set) {
    for (size_t i = 0; i < t->rows; i++) {
        const char **found = bsearch(&t->targets[i].text, list->names, list->count, sizeof *list->names, list->order);
        set->labels[i] = (int32_t)(found - list->names);
    }
    eng_dataset_name_classes(set, list->names, list->count);
}

static base_status fill_targets(const table *t, eng_dataset *set, base_err *err) {
    for (size_t i = 0; i < t->rows; i++) {
        const field *f = &t->targets[i];
        double number;
        if (!base_parse_double(f->text, &number) || !isfinite(number) || fabs(number) > 3.4e38)
            return fail_at(&t->in, f->line, f->column, err,
                           "'%s' in the target's column '%s' is not a finite number, as regression needs", f->text,
                           t->header[t->target].text);
        set->targets[i] = (float)number;
    }
    return BASE_OK;
}

static eng_target_kind choose_kind(eng_target_hint hint, const class_list *list) {
    if (hint != ENG_TARGET_AUTO) return hint == ENG_TARGET_AS_CLASSES ? ENG_TARGET_CLASSES : ENG_TARGET_NUMBERS;
    bool many = list->integers && list->count > AUTO_CLASSES;
    return (list->numbers && !list->integers) || many ? ENG_TARGET_NUMBERS : ENG_TARGET_CLASSES;
}

static base_status build(const char *name, const table *t, eng_target_hint hint, eng_dataset **out, base_err *err) {
    class_list list = {0};
    size_t width = t->columns - 1;
    list_classes(t, &list);
    eng_target_kind kind = choose_kind(hint, &list);
    base_status status = eng_dataset_create(name, kind, ENG_STORE_REALS, t->rows, 1, &width, out, err);
    if (status != BASE_OK) goto out;
    eng_dataset *set = *out;
    memcpy(set->reals, t->features, t->rows * width * sizeof *set->reals);
    set->feature_names = BASE_NEW_ARRAY(set->arena, width, const char *);
    for (size_t i = 0, j = 0; i < t->columns; i++)
        if (i != t->target) set->feature_names[j++] = base_arena_strdup(set->arena, t->header[i].text);
    set->target_name = base_arena_strdup(set->arena, t->header[t->target].text);
    if (kind == ENG_TARGET_NUMBERS) {
        status = fill_targets(t, set, err);
    } else if (list.count < 2) {
        status = fail_at(&t->in, t->targets[0].line, t->targets[0].column, err,
                         "every line has '%s' in the target's column '%s'; at least two classes are needed",
                         list.names[0], set->target_name);
    } else {
        fill_labels(t, &list, set);
    }
out:
    free(list.names);
    return status;
}

base_status eng_csv_load(const char *name, const char *path, const eng_dataset_source *source, eng_dataset **out,
                         base_err *err) {
    base_buf text = {0};
    table t = {.in = {.path = path, .line = 1}};
    *out = NULL;
    base_status status = base_gz_read(path, 0, &text, err);
    if (status == BASE_OK && text.length == 0)
        status = fail_at(&t.in, 1, 1, err, "the file is empty; a line of column names is missing");
    if (status != BASE_OK) goto out;
    t.in.at = t.in.line_start = text.data;
    t.in.end = text.data + text.length;
    if (text.length >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) t.in.at = t.in.line_start = text.data + 3;
    status = read_header(&t, err);
    if (status == BASE_OK) status = choose_target(&t, source->target, err);
    if (status == BASE_OK) status = read_rows(&t, err);
    if (status == BASE_OK) status = build(name, &t, source->target_is, out, err);
out:
    free(t.header);
    free(t.features);
    free(t.targets);
    base_buf_fini(&text);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    return eng_csv_load("csv", source->path, source, out, err);
}

const eng_dataset_type eng_dataset_csv = {
    .name = "csv",
    .summary = "a table with named columns of numbers and a target, gzipped or not: path is the file",
    .needs_path = true,
    .load = load,
};
