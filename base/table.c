/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/svg.h"

enum { LABELS_MAX = 36, GAP = 2 };

base_table base_table_begin(base_arena *arena, const char *title, size_t labels, size_t columns,
                            const char *const *names) {
    base_table t = {.arena = arena, .title = title, .labels = labels, .columns = columns};
    t.names = BASE_NEW_ARRAY(arena, columns, const char *);
    memcpy(t.names, names, columns * sizeof *names);
    return t;
}

const char **base_table_row(base_table *t) {
    if (t->rows == t->capacity) {
        const size_t capacity = 2 * t->capacity + 8;
        const char **cells = BASE_NEW_ARRAY(t->arena, capacity * t->columns, const char *);
        if (t->rows > 0) memcpy(cells, t->cells, t->rows * t->columns * sizeof *cells);
        t->cells = cells;
        t->capacity = capacity;
    }
    const char **row = &t->cells[t->rows++ * t->columns];
    for (size_t i = 0; i < t->columns; i++) row[i] = "";
    return row;
}

/* ---- text ---- */

/* Characters, not bytes. */
static size_t width_of(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void put_spaces(size_t count, base_buf *out) {
    for (size_t i = 0; i < count; i++) base_buf_putc(out, ' ');
}

/* At the left of a field; what is cut ends in a tilde. */
static void put_label(const char *text, size_t width, base_buf *out) {
    const size_t whole = width_of(text), kept = whole <= width ? whole : width - 1;
    size_t count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
        if (count > kept) break;
        base_buf_putc(out, *text);
    }
    if (whole > width) base_buf_putc(out, '~');
    put_spaces(whole > width ? 0 : width - whole, out);
}

static size_t column_width(const base_table *t, size_t column) {
    size_t most = width_of(t->names[column]);
    for (size_t i = 0; i < t->rows; i++) {
        const size_t width = width_of(t->cells[i * t->columns + column]);
        if (width > most) most = width;
    }
    return most;
}

/* Labels that are too wide in all: the widest gives way. */
static void fit_labels(size_t *widths, size_t labels) {
    for (;;) {
        size_t sum = 0, widest = 0;
        for (size_t i = 0; i < labels; i++) {
            sum += widths[i] + GAP;
            if (widths[i] > widths[widest]) widest = i;
        }
        if (sum <= LABELS_MAX) return;
        widths[widest]--;
    }
}

/* above: the row before, or NULL. */
static void put_line(const base_table *t, const size_t *widths, const char *const *row, const char *const *above,
                     size_t first, size_t last, base_buf *out) {
    const size_t begin = out->length;
    bool repeated = above != NULL;
    for (size_t i = 0; i < t->labels; i++) {
        repeated = repeated && i + 1 < t->labels && strcmp(row[i], above[i]) == 0;
        put_label(repeated ? "" : row[i], widths[i], out);
        put_spaces(i + 1 < t->labels ? GAP : 0, out);
    }
    for (size_t i = first; i < last; i++) {
        put_spaces(GAP + widths[i] - width_of(row[i]), out);
        base_buf_puts(out, row[i]);
    }
    while (out->length > begin && out->data[out->length - 1] == ' ') out->data[--out->length] = 0;
    base_buf_putc(out, '\n');
}

/* How many of the columns from `first` on fit beside the labels; at least one. */
static size_t fitting(const base_table *t, const size_t *widths, size_t first) {
    size_t sum = 0, last = first;
    for (size_t i = 0; i < t->labels; i++) sum += widths[i] + (i + 1 < t->labels ? GAP : 0);
    while (last < t->columns && (last == first || sum + GAP + widths[last] <= BASE_TABLE_WIDTH))
        sum += GAP + widths[last++];
    return last;
}

/* Where a block of columns that begins with `first` ends. What does not fit on one line is parted evenly, so that no
 * last column stands alone. */
static size_t block_end(const base_table *t, const size_t *widths, size_t first) {
    size_t blocks = 0;
    for (size_t at = first; at < t->columns; blocks++) at = fitting(t, widths, at);
    const size_t even = first + (t->columns - first + blocks - 1) / blocks, last = fitting(t, widths, first);
    return even < last ? even : last;
}

/* A paragraph of lines that are at most 80 columns wide. */
static void put_wrapped(const char *text, base_buf *out) {
    size_t column = 0;
    while (*text) {
        const size_t length = strcspn(text, " "), from = out->length;
        base_buf_append(out, text, length);
        const size_t width = width_of(base_buf_text(out) + from);
        if (column > 0) { /* what parts it from the word before */
            const bool breaks = column + 1 + width > BASE_TABLE_WIDTH;
            out->length = from;
            base_buf_putc(out, breaks ? '\n' : ' ');
            base_buf_append(out, text, length);
            column = breaks ? 0 : column + 1;
        }
        column += width;
        text += length + strspn(text + length, " ");
    }
    base_buf_putc(out, '\n');
}

void base_table_print(const base_table *t, base_buf *out) {
    size_t *widths = base_calloc(t->columns + 1, sizeof *widths);
    for (size_t i = 0; i < t->columns; i++) widths[i] = column_width(t, i);
    fit_labels(widths, t->labels);
    if (t->title) put_wrapped(t->title, out);
    for (size_t first = t->labels, last; first < t->columns; first = last) {
        last = block_end(t, widths, first);
        put_line(t, widths, t->names, NULL, first, last, out);
        for (size_t i = 0; i < t->rows; i++)
            put_line(t, widths, &t->cells[i * t->columns], i > 0 ? &t->cells[(i - 1) * t->columns] : NULL, first, last,
                     out);
    }
    if (t->note) put_wrapped(t->note, out);
    base_buf_putc(out, '\n');
    free(widths);
}

/* ---- HTML ---- */

/* above: as put_line has it. */
static void put_cells(const base_table *t, const char *element, const char *const *row, const char *const *above,
                      base_buf *out) {
    bool repeated = above != NULL;
    base_buf_puts(out, "<tr>");
    for (size_t i = 0; i < t->columns; i++) {
        repeated = repeated && i + 1 < t->labels && strcmp(row[i], above[i]) == 0;
        base_buf_printf(out, "<%s%s>", element, i < t->labels ? " class=\"label\"" : "");
        base_put_xml(repeated ? "" : row[i], out);
        base_buf_printf(out, "</%s>", element);
    }
    base_buf_puts(out, "</tr>\n");
}

void base_table_html(const base_table *t, base_buf *out) {
    base_buf_puts(out, "<div class=\"wide\"><table>\n");
    if (t->title) {
        base_buf_puts(out, "<caption>");
        base_put_xml(t->title, out);
        base_buf_puts(out, "</caption>\n");
    }
    put_cells(t, "th", t->names, NULL, out);
    for (size_t i = 0; i < t->rows; i++)
        put_cells(t, "td", &t->cells[i * t->columns], i > 0 ? &t->cells[(i - 1) * t->columns] : NULL, out);
    base_buf_puts(out, "</table></div>\n");
    if (!t->note) return;
    base_buf_puts(out, "<p class=\"note\">");
    base_put_xml(t->note, out);
    base_buf_puts(out, "</p>\n");
}

/* ---- Markdown ---- */

/* A bar would end the cell, a line break the row; what stands between < and > would be HTML. */
static void put_markdown_cells(const base_table *t, const char *const *row, base_buf *out) {
    for (size_t i = 0; i < t->columns; i++) {
        base_buf_puts(out, i == 0 ? "| " : " ");
        for (const char *c = row[i]; *c; c++) {
            if (*c == '|' || *c == '<' || *c == '`') base_buf_putc(out, '\\');
            base_buf_putc(out, *c == '\n' ? ' ' : *c);
        }
        base_buf_puts(out, " |");
    }
    base_buf_putc(out, '\n');
}

void base_table_markdown(const base_table *t, base_buf *out) {
    if (t->title) base_buf_printf(out, "%s\n\n", t->title);
    put_markdown_cells(t, t->names, out);
    for (size_t i = 0; i < t->columns; i++) base_buf_puts(out, i < t->labels ? "|---" : "|--:");
    base_buf_puts(out, "|\n");
    for (size_t i = 0; i < t->rows; i++) put_markdown_cells(t, &t->cells[i * t->columns], out);
    base_buf_putc(out, '\n');
    if (t->note) base_buf_printf(out, "%s\n\n", t->note);
}

/* ---- texts of cells ---- */

const char *base_table_number(base_arena *arena, double value) {
    if (isnan(value)) return "";
    return isinf(value) ? "none" : base_arena_printf(arena, "%.3g", value);
}

const char *base_table_fixed(base_arena *arena, double value, int decimals) {
    if (isnan(value)) return "";
    return isinf(value) ? "none" : base_arena_printf(arena, "%.*f", decimals, value);
}

const char *base_table_p(base_arena *arena, double p) {
    if (isnan(p)) return "";
    return p < 1e-4 ? "<0.0001" : base_arena_printf(arena, "%.4f", p);
}

const char *base_table_cost(base_arena *arena, double cost) {
    return cost == floor(cost) && fabs(cost) < 1e15 ? base_arena_printf(arena, "%.0f", cost)
                                                    : base_arena_printf(arena, "%.4g", cost);
}
