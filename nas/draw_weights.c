/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the weights of operations went: a row for each edge, with the last epoch as a heat map and all epochs as lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/svg.h"
#include "nas/draw.h"

enum {
    MARGIN = 16,
    TITLE = 26,
    LEGEND = 20,
    ROW = 40,
    NAME = 60,
    CHART = 300,
    BOUND = 52,
    GAP = 24,
    MAX_OPERATIONS = 64
};

typedef struct figure {
    const nas_space *space;
    const nas_genotype *chosen;
    const double *weights;
    size_t epochs, stride; /* weights of an epoch */
    base_svg svg;
    const nas_operation *operations[MAX_OPERATIONS]; /* columns: all that the space has, as they come */
    size_t count;
    double cell; /* width of a column */
} figure;

static size_t column_of(const figure *f, const nas_operation *operation) {
    size_t i = 0;
    while (i < f->count && f->operations[i] != operation) i++;
    return i;
}

/* The first line of a column's name: "sep_conv" of sep_conv_3x3; *tail: the second, or NULL. */
static void split_name(const char *name, char head[64], const char **tail) {
    const char *last = strrchr(name, '_');
    *tail = last != NULL ? last + 1 : NULL;
    snprintf(head, 64, "%.*s", last != NULL ? (int)(last - name) : 63, name);
}

static void find_columns(figure *f) {
    for (size_t c = 0; c < f->space->n_cells; c++)
        for (size_t e = 0; e < f->space->cells[c].n_edges; e++) {
            const nas_space_edge *edge = &f->space->cells[c].edges[e];
            for (size_t k = 0; k < edge->n_operations; k++)
                if (column_of(f, edge->operations[k]) == f->count && f->count < MAX_OPERATIONS)
                    f->operations[f->count++] = edge->operations[k];
        }
}

static void find_width(figure *f) {
    f->cell = 54.0;
    for (size_t k = 0; k < f->count; k++) {
        const char *tail;
        char head[64];
        split_name(f->operations[k]->name, head, &tail);
        const double width = base_svg_text_width(head, true) + 6.0;
        f->cell = width > f->cell ? width : f->cell;
    }
}

static double weight_at(const figure *f, size_t epoch, size_t index) {
    const double weight = f->weights[epoch * f->stride + index];
    return weight >= 0.0 && weight <= 1.0 ? weight : 0.0;
}

static const nas_operation *chosen_on(const figure *f, size_t type, size_t edge) {
    if (f->chosen == NULL) return NULL;
    const nas_genotype_cell *cell = &f->chosen->cells[type];
    for (size_t i = 0; i < cell->count; i++)
        if (cell->genes[i].edge == edge) return cell->genes[i].operation;
    return NULL;
}

static double chart_left(const figure *f) {
    return MARGIN + NAME + f->cell * (double)f->count + GAP;
}

static const char *series(char kind, size_t column, char text[4]) {
    text[0] = kind;
    text[1] = (char)('0' + column % BASE_SVG_SERIES);
    text[2] = 0;
    return text;
}

static void draw_heat(figure *f, const nas_space_edge *edge, size_t index, const nas_operation *chosen, double y) {
    for (size_t k = 0; k < edge->n_operations; k++) {
        const double weight = weight_at(f, f->epochs - 1, index + k);
        const double x = MARGIN + NAME + f->cell * (double)column_of(f, edge->operations[k]);
        char number[16];
        snprintf(number, sizeof number, "%.3f", weight);
        base_svg_tint(&f->svg, "f0", x + 1.0, y + 1.0, f->cell - 2.0, ROW - 2.0, 0.75 * weight);
        base_svg_text(&f->svg, edge->operations[k] == chosen ? "ink small strong" : "ink small", x + f->cell / 2.0,
                      y + ROW / 2.0, BASE_SVG_MIDDLE, number);
        if (edge->operations[k] == chosen)
            base_svg_rect(&f->svg, "chosen", x + 1.5, y + 1.5, f->cell - 3.0, ROW - 3.0, 0.0);
    }
}

/* The smallest and the largest weight that an edge had. */
static void find_range(const figure *f, const nas_space_edge *edge, size_t index, double *least, double *most) {
    *least = 1.0;
    *most = 0.0;
    for (size_t t = 0; t < f->epochs; t++)
        for (size_t k = 0; k < edge->n_operations; k++) {
            const double weight = weight_at(f, t, index + k);
            *least = weight < *least ? weight : *least;
            *most = weight > *most ? weight : *most;
        }
}

static void draw_bound(figure *f, double y, double bound, double range) {
    char text[32];
    snprintf(text, sizeof text, "%.*f", range < 0.01 ? 5 : 3, bound);
    base_svg_text(&f->svg, "muted small", chart_left(f) + CHART + 6.0, y, BASE_SVG_START, text);
}

/* Lines between the smallest weight of the row, at its bottom, and the largest, at its top. */
static void draw_chart(figure *f, const nas_space_edge *edge, size_t index, double y) {
    const double left = chart_left(f), top = y + 5.0, height = ROW - 10.0;
    double least, most, *points = base_calloc(2 * f->epochs, sizeof *points);
    find_range(f, edge, index, &least, &most);
    base_svg_line(&f->svg, "grid", left, top + height, left + CHART, top + height);
    for (size_t k = 0; k < edge->n_operations; k++) {
        char text[4];
        for (size_t t = 0; t < f->epochs; t++) {
            points[2 * t] = left + CHART * (double)t / (double)(f->epochs - 1);
            const double share = most > least ? (most - weight_at(f, t, index + k)) / (most - least) : 0.5;
            points[2 * t + 1] = top + height * share;
        }
        base_svg_polyline(&f->svg, series('s', column_of(f, edge->operations[k]), text), points, f->epochs);
    }
    draw_bound(f, top + 2.0, most, most - least);
    draw_bound(f, top + height - 3.0, least, most - least);
    free(points);
}

static void draw_row(figure *f, size_t type, size_t index, size_t first, double y) {
    const nas_space_edge *edge = &f->space->cells[type].edges[index];
    const nas_operation *chosen = chosen_on(f, type, index);
    char name[32];
    snprintf(name, sizeof name, "%zu to %zu", edge->from, edge->to);
    base_svg_text(&f->svg, f->chosen != NULL && chosen == NULL ? "muted" : "ink", MARGIN, y + ROW / 2.0, BASE_SVG_START,
                  name);
    draw_heat(f, edge, first + edge->offset, chosen, y);
    if (f->epochs > 1) draw_chart(f, edge, first + edge->offset, y);
}

/* The names of the columns, in two lines where they are long: "sep_conv" above "3x3". */
static void draw_columns(figure *f, double y) {
    for (size_t k = 0; k < f->count; k++) {
        const char *tail;
        const double x = MARGIN + NAME + f->cell * ((double)k + 0.5);
        char head[64], class_name[4];
        split_name(f->operations[k]->name, head, &tail);
        base_svg_text(&f->svg, "ink small", x, y + (tail != NULL ? 6.0 : 12.0), BASE_SVG_MIDDLE, head);
        if (tail != NULL) base_svg_text(&f->svg, "ink small", x, y + 18.0, BASE_SVG_MIDDLE, tail);
        base_svg_rect(&f->svg, series('f', k, class_name), x - f->cell / 2.0 + 6.0, y + 26.0, f->cell - 12.0, 3.0, 0.0);
    }
}

static void draw_epochs(figure *f, double y) {
    char text[48];
    if (f->epochs < 2) return;
    base_svg_text(&f->svg, "muted small", chart_left(f), y, BASE_SVG_START, "epoch 1");
    snprintf(text, sizeof text, "epoch %zu", f->epochs);
    base_svg_text(&f->svg, "muted small", chart_left(f) + CHART, y, BASE_SVG_END, text);
}

static double cell_height(const nas_space_cell *cell) {
    return TITLE + 36.0 + ROW * (double)cell->n_edges + LEGEND;
}

static void draw_cell(figure *f, size_t type, size_t first, double y) {
    const nas_space_cell *cell = &f->space->cells[type];
    base_svg_text(&f->svg, "ink strong", MARGIN, y + 8.0, BASE_SVG_START, cell->name);
    if (f->epochs > 1)
        base_svg_text(&f->svg, "muted small", chart_left(f), y + TITLE + 18.0, BASE_SVG_START,
                      "each row from its smallest to its largest weight");
    draw_columns(f, y + TITLE);
    y += TITLE + 36.0;
    for (size_t e = 0; e < cell->n_edges; e++) {
        const bool new_node = e > 0 && cell->edges[e].to != cell->edges[e - 1].to;
        const double right = f->epochs > 1 ? chart_left(f) + CHART : chart_left(f) - GAP;
        if (new_node) base_svg_line(&f->svg, "grid", MARGIN, y, right, y);
        draw_row(f, type, e, first, y);
        y += ROW;
    }
    draw_epochs(f, y + 8.0);
}

void nas_draw_weights(const nas_space *space, const double *weights, size_t epochs, const nas_genotype *chosen,
                      base_buf *out) {
    figure f = {.space = space, .chosen = chosen, .weights = weights, .epochs = epochs};
    double height = 2.0 * MARGIN;
    BASE_ASSERT(epochs > 0);
    f.stride = nas_space_weights(space);
    find_columns(&f);
    find_width(&f);
    for (size_t c = 0; c < space->n_cells; c++) height += cell_height(&space->cells[c]);
    const double width = epochs > 1 ? chart_left(&f) + CHART + BOUND + MARGIN : chart_left(&f) - GAP + MARGIN;
    f.svg = base_svg_begin(out, width, height, "weights of operations");
    double y = MARGIN;
    for (size_t c = 0, first = 0; c < space->n_cells; first += space->cells[c++].weights) {
        draw_cell(&f, c, first, y);
        y += cell_height(&space->cells[c]);
    }
    base_svg_end(&f.svg);
}
