/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a search went, epoch by epoch: errors, entropy, curvature, and what its genotypes were made of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/chart.h"
#include "nas/draw.h"

enum { MARGIN = 16, LEFT = 56, WIDTH = 520, HEIGHT = 96, TITLE = 20, AXIS = 26, MAX_OPERATIONS = 64 };

typedef struct picture {
    const nas_epochs *what;
    base_svg svg;
    double *x, *y; /* of a line */
    double top;    /* of the next chart */
    const nas_operation *operations[MAX_OPERATIONS];
    size_t count;
} picture;

/* ---- operations ---- */

static void find_operations(picture *p) {
    const nas_space *space = p->what->space;
    for (size_t c = 0; c < space->n_cells; c++)
        for (size_t e = 0; e < space->cells[c].n_edges; e++)
            for (size_t k = 0; k < space->cells[c].edges[e].n_operations; k++) {
                const nas_operation *operation = space->cells[c].edges[e].operations[k];
                size_t i = 0;
                while (i < p->count && p->operations[i] != operation) i++;
                if (i == p->count && p->count < MAX_OPERATIONS) p->operations[p->count++] = operation;
            }
}

static size_t edges_with(const nas_genotype *genotype, const nas_operation *operation) {
    size_t count = 0;
    for (size_t c = 0; c < genotype->space->n_cells; c++)
        for (size_t g = 0; g < genotype->cells[c].count; g++)
            count += genotype->cells[c].genes[g].operation == operation;
    return count;
}

/* ---- charts ---- */

static double x_of(size_t epoch) {
    return (double)epoch + 1;
}

static base_chart chart_of(const picture *p, double low, double high) {
    const double epochs = (double)p->what->count;
    base_scale x = base_scale_of(1, epochs > 1 ? epochs : 2, 10);
    if (x.step < 1) x.step = 1;
    x.low = x.low < 0 ? 0 : x.low;
    return (base_chart){.left = MARGIN + LEFT,
                        .top = p->top + TITLE,
                        .width = WIDTH,
                        .height = HEIGHT,
                        .x = x,
                        .y = base_scale_of(low, high, 4)};
}

static base_chart begin_chart(picture *p, const char *title, double low, double high) {
    const base_chart chart = chart_of(p, low, high);
    base_svg_text(&p->svg, "ink strong", MARGIN, p->top + 8, BASE_SVG_START, title);
    base_chart_frame(&p->svg, &chart);
    if (p->what->genotype < p->what->count) base_chart_mark(&p->svg, &chart, x_of(p->what->genotype));
    p->top += TITLE + HEIGHT + AXIS;
    return chart;
}

/* The name of a line in its colour, to the right of the chart; row 0 is the highest. */
static void name_line(picture *p, const base_chart *chart, size_t series, size_t row, const char *name) {
    const char fill[] = {'f', (char)('0' + series % BASE_SVG_SERIES), 0};
    const double x = chart->left + chart->width + 12, y = chart->top + 6 + 14 * (double)row;
    base_svg_rect(&p->svg, fill, x, y - 1.5, 12, 3, 0);
    base_svg_text(&p->svg, "ink small", x + 17, y, BASE_SVG_START, name);
}

static void draw_line(picture *p, const base_chart *chart, size_t series) {
    const char line[] = {'s', (char)('0' + series % BASE_SVG_SERIES), 0};
    base_chart_line(&p->svg, chart, line, p->x, p->y, p->what->count);
}

static double field(const nas_figures *figures, size_t offset) {
    return *(const double *)(const void *)((const char *)figures + offset);
}

static void widen(const picture *p, size_t offset, double *low, double *high) {
    for (size_t e = 0; e < p->what->count; e++) {
        const double value = field(&p->what->figures[e], offset);
        if (!isfinite(value)) continue;
        *low = fmin(*low, value);
        *high = fmax(*high, value);
    }
}

typedef struct line {
    const char *name;
    size_t offset;
} line;

/* Nothing where no value is known. */
static void draw_figures(picture *p, const char *title, const line *lines, size_t count) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) widen(p, lines[i].offset, &low, &high);
    if (!isfinite(low)) return;
    const base_chart chart = begin_chart(p, title, low, high);
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < p->what->count; e++) p->y[e] = field(&p->what->figures[e], lines[i].offset);
        draw_line(p, &chart, i);
        if (count > 1) name_line(p, &chart, i, i, lines[i].name);
    }
}

static void draw_operations(picture *p) {
    double most = 1;
    size_t row = 0;
    if (!p->what->genotypes) return;
    for (size_t k = 0; k < p->count; k++)
        for (size_t e = 0; e < p->what->count; e++)
            most = fmax(most, (double)edges_with(p->what->genotypes[e], p->operations[k]));
    const base_chart chart = begin_chart(p, "edges of the genotype by operation", 0, most);
    for (size_t k = 0; k < p->count; k++) {
        double any = 0;
        for (size_t e = 0; e < p->what->count; e++) {
            p->y[e] = (double)edges_with(p->what->genotypes[e], p->operations[k]);
            any += p->y[e];
        }
        if (any == 0) continue;
        draw_line(p, &chart, k);
        name_line(p, &chart, k, row++, p->operations[k]->name);
    }
}

static double names_width(const picture *p) {
    double most = base_svg_text_width("weights' half", true);
    for (size_t k = 0; k < p->count; k++) most = fmax(most, base_svg_text_width(p->operations[k]->name, true));
    return most + 34;
}

static bool knows_curvature(const nas_epochs *what) {
    for (size_t e = 0; e < what->count; e++)
        if (isfinite(what->figures[e].eigenvalue)) return true;
    return false;
}

#define FIELD(name) offsetof(nas_figures, name)

void nas_draw_epochs(const nas_epochs *what, base_buf *out) {
    static const line errors[] = {{"weights' half", FIELD(train_error)}, {"alphas' half", FIELD(valid_error)}};
    static const line entropy[] = {{"entropy", FIELD(entropy)}};
    static const line curvature[] = {{"eigenvalue", FIELD(eigenvalue)}};
    picture p = {.what = what, .top = MARGIN};
    BASE_ASSERT(what->count > 0);
    find_operations(&p);
    const size_t charts = 2 + (size_t)knows_curvature(what) + (what->genotypes != NULL);
    const double caption = what->caption ? 18 : 0;
    const double height = 2 * MARGIN + (TITLE + HEIGHT + AXIS) * (double)charts + caption;
    p.svg = base_svg_begin(out, 2 * MARGIN + LEFT + WIDTH + names_width(&p), height, "a search, epoch by epoch");
    p.x = base_calloc(2 * what->count, sizeof *p.x);
    p.y = p.x + what->count;
    for (size_t e = 0; e < what->count; e++) p.x[e] = x_of(e);
    draw_figures(&p, "error of the supernet", errors, 2);
    draw_figures(&p, "entropy of the edge weights (1: undecided)", entropy, 1);
    draw_figures(&p, "largest eigenvalue of the validation loss in the alphas", curvature, 1);
    draw_operations(&p);
    if (what->caption) base_svg_text(&p.svg, "muted small", MARGIN, p.top + 2, BASE_SVG_START, what->caption);
    base_svg_end(&p.svg);
    free(p.x);
}
