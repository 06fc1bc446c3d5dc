/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells as pictures. An operation is a box of its own between the nodes that it leads from and to, so that names never
 * lie on each other; an edge that passes other layers has a place in each of them. */
#include "nas/draw.h"

#include <stdlib.h>

#include "base/svg.h"
#include "nas/layout.h"

enum { MAX_ENDS = NAS_MAX_INPUTS + NAS_MAX_NODES, NODE = 30, BOX = 22, LANE = 10, MARGIN = 16, HEADING = 22 };

typedef enum part_kind { PART_INPUT, PART_NODE, PART_OPERATION, PART_LANE, PART_OUTPUT } part_kind;

typedef struct part {
    part_kind kind;
    size_t number;        /* of an input or a node */
    const nas_gene *gene; /* of an operation */
} part;

/* A cell on its way to a picture: parts[i] is items[i] of the layout. */
typedef struct picture {
    const nas_genotype *genotype;
    const nas_space_cell *type;
    const nas_genotype_cell *cell;
    base_arena *arena;
    part *parts;
    nas_layout layout;
    nas_layout_link *links;
    size_t parts_room, items_room, links_room;
    size_t depth[MAX_ENDS], end[MAX_ENDS]; /* of inputs and nodes: operations before it, and its part */
    bool read[MAX_ENDS];
    size_t deepest;
} picture;

/* ---- what stands where ---- */

static bool is_none(const nas_gene *gene) {
    return (gene->operation->flags & NAS_OPERATION_NONE) != 0;
}

static const char *box_text(const picture *p, const nas_gene *gene) {
    const bool halves = p->type->edges[gene->edge].stride > 1;
    return base_arena_printf(p->arena, "%s%s", gene->operation->name, halves ? " /2" : "");
}

static const char *input_text(const picture *p, size_t input) {
    return base_arena_printf(p->arena, "cell k-%zu", p->type->inputs - input);
}

static size_t add_part(picture *p, part_kind kind, size_t layer, double width, double height, double y) {
    BASE_GROW(p->parts, p->parts_room, p->layout.count + 1);
    BASE_GROW(p->layout.items, p->items_room, p->layout.count + 1);
    p->parts[p->layout.count] = (part){.kind = kind};
    p->layout.items[p->layout.count] = (nas_layout_item){.layer = layer, .width = width, .height = height, .y = y};
    return p->layout.count++;
}

static void add_link(picture *p, size_t from, size_t to) {
    BASE_GROW(p->links, p->links_room, p->layout.n_links + 1);
    p->links[p->layout.n_links++] = (nas_layout_link){from, to};
    p->layout.links = p->links;
}

/* From one part to another, with a lane in every layer between. */
static void connect(picture *p, size_t from, size_t to, double y) {
    for (size_t layer = p->layout.items[from].layer + 1; layer < p->layout.items[to].layer; layer++) {
        const size_t lane = add_part(p, PART_LANE, layer, 0.0, LANE, y);
        add_link(p, from, lane);
        from = lane;
    }
    add_link(p, from, to);
}

static void find_depths(picture *p) {
    for (size_t i = 0; i < p->type->n_outputs; i++) p->read[p->type->outputs[i]] = true;
    for (size_t i = p->cell->count; i-- > 0;) {
        const nas_space_edge *edge = &p->type->edges[p->cell->genes[i].edge];
        if (p->read[edge->to]) p->read[edge->from] = true;
    }
    for (size_t i = 0; i < p->cell->count; i++) { /* genes are sorted by node */
        const nas_space_edge *edge = &p->type->edges[p->cell->genes[i].edge];
        if (p->depth[edge->from] + 1 > p->depth[edge->to]) p->depth[edge->to] = p->depth[edge->from] + 1;
        if (p->depth[edge->to] > p->deepest) p->deepest = p->depth[edge->to];
    }
}

/* One width for all operations, so that they stand below each other. */
static double box_width(const picture *p) {
    double widest = 0.0;
    for (size_t i = 0; i < p->cell->count; i++) {
        const double width = base_svg_text_width(box_text(p, &p->cell->genes[i]), true) + 14.0;
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Layers: inputs, then operations and nodes in turn, then the output. */
static void add_parts(picture *p) {
    const double wide = box_width(p);
    find_depths(p);
    for (size_t i = 0; i < p->type->inputs + p->type->nodes; i++) {
        const bool input = i < p->type->inputs;
        if (!input && !p->read[i]) continue;
        const double width = input ? base_svg_text_width(input_text(p, i), false) + 18.0 : NODE;
        p->end[i] = add_part(p, input ? PART_INPUT : PART_NODE, 2 * p->depth[i], width, NODE, 40.0 * (double)i);
        p->parts[p->end[i]].number = i;
    }
    for (size_t i = 0; i < p->cell->count; i++) {
        const nas_gene *gene = &p->cell->genes[i];
        const nas_space_edge *edge = &p->type->edges[gene->edge];
        if (!p->read[edge->to]) continue;
        const double y = 40.0 * (double)edge->to;
        const size_t box = add_part(p, PART_OPERATION, 2 * p->depth[edge->to] - 1, wide, BOX, y);
        p->parts[box].gene = gene;
        connect(p, p->end[edge->from], box, y);
        connect(p, box, p->end[edge->to], y);
    }
    const size_t output = add_part(p, PART_OUTPUT, 2 * p->deepest + 1, 56.0, NODE, 0.0);
    for (size_t i = 0; i < p->type->n_outputs; i++)
        connect(p, p->end[p->type->outputs[i]], output, 40.0 * (double)p->type->outputs[i]);
    p->layout.gap_x = 36.0;
    p->layout.gap_y = 9.0;
    nas_layout_place(&p->layout);
}

static void begin(picture *p, const nas_genotype *genotype, size_t index) {
    *p = (picture){.genotype = genotype,
                   .type = &genotype->space->cells[index],
                   .cell = &genotype->cells[index],
                   .arena = base_arena_create()};
    add_parts(p);
}

static void end(picture *p) {
    free(p->parts);
    free(p->layout.items);
    free(p->links);
    base_arena_destroy(p->arena);
}

/* ---- drawing ---- */

static void arrow(base_svg *svg, double x, double y) {
    const double points[] = {x, y, x - 7.0, y - 3.5, x - 7.0, y + 3.5};
    base_svg_polygon(svg, "muted", points, 3);
}

/* The link that leaves a lane; every lane has one. */
static const nas_layout_link *onward(const picture *p, size_t lane) {
    size_t i = 0;
    while (p->links[i].from != lane) i++;
    return &p->links[i];
}

/* From a part that is no lane to the next that is none, as one line. */
static void draw_line(const picture *p, base_svg *svg, const nas_layout_link *link) {
    const nas_layout_item *items = p->layout.items, *from = &items[link->from];
    const part *first = &p->parts[link->from];
    double x = from->x + (first->kind == PART_LANE ? 0.0 : from->width / 2.0), y = from->y;
    const nas_layout_link *last = link;
    while (p->parts[last->to].kind == PART_LANE) last = onward(p, last->to);
    const part *target = &p->parts[last->to];
    const nas_gene *gene = target->gene != NULL ? target->gene : first->gene;
    base_svg_path(svg, gene != NULL && is_none(gene) ? "grid dashed" : "rule", x, y);
    for (;; link = onward(p, link->to)) {
        const nas_layout_item *to = &items[link->to];
        const bool lane = p->parts[link->to].kind == PART_LANE;
        const double left =
            lane ? to->x - to->span / 2.0 : to->x - to->width / 2.0 - (target->kind == PART_OPERATION ? 0.0 : 6.0);
        const double at = left > x + 8.0 ? left : x + 8.0, bend = (at - x) / 2.0;
        base_svg_path_curve(svg, x + bend, y, at - bend, to->y, at, to->y);
        if (!lane) break;
        x = to->x + to->span / 2.0;
        y = to->y;
        base_svg_path_line(svg, x, y);
    }
    base_svg_path_end(svg);
    if (target->kind != PART_OPERATION) arrow(svg, items[last->to].x - items[last->to].width / 2.0, items[last->to].y);
}

/* A colour for each kind of operation. */
static const char *box_class(const nas_operation *operation) {
    if ((operation->flags & NAS_OPERATION_NONE) != 0) return "b7";
    if ((operation->flags & NAS_OPERATION_SKIP) != 0) return "b2";
    if ((operation->flags & NAS_OPERATION_POOL) != 0) return "b1";
    return operation->parameters != NULL ? "b0" : "b7";
}

static void draw_part(const picture *p, base_svg *svg, size_t index) {
    const part *what = &p->parts[index];
    const nas_layout_item *item = &p->layout.items[index];
    const double left = item->x - item->width / 2.0, top = item->y - item->height / 2.0;
    const char *text = NULL;
    switch (what->kind) {
    case PART_LANE: return;
    case PART_OPERATION:
        base_svg_rect(svg, "paper", left, top, item->width, item->height, 6.0);
        base_svg_rect(svg, box_class(what->gene->operation), left, top, item->width, item->height, 6.0);
        base_svg_text(svg, is_none(what->gene) ? "muted small" : "ink small", item->x, item->y, BASE_SVG_MIDDLE,
                      box_text(p, what->gene));
        return;
    case PART_NODE:
        base_svg_circle(svg, "panel", item->x, item->y, NODE / 2.0);
        text = base_arena_printf(p->arena, "%zu", what->number);
        break;
    case PART_INPUT: text = input_text(p, what->number); break;
    case PART_OUTPUT: text = "cell k"; break;
    }
    if (what->kind != PART_NODE) base_svg_rect(svg, "panel", left, top, item->width, item->height, 4.0);
    base_svg_text(svg, "ink", item->x, item->y, BASE_SVG_MIDDLE, text);
}

static const char *heading(const picture *p) {
    base_buf text = {0};
    base_buf_printf(&text, "%soutput: %s", p->type->stride > 1 ? "stride 2, " : "",
                    p->type->n_outputs > 1 ? "nodes" : "node");
    for (size_t i = 0; i < p->type->n_outputs; i++)
        base_buf_printf(&text, "%s%zu", i == 0 ? " " : ", ", p->type->outputs[i]);
    if (p->type->n_outputs > 1) base_buf_puts(&text, " side by side");
    const char *copy = base_arena_strdup(p->arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static void draw_picture(const picture *p, base_svg *svg, double y) {
    const double name = 1.1 * base_svg_text_width(p->type->name, false) + 8.0;
    base_svg_text(svg, "ink strong", MARGIN, y + 8.0, BASE_SVG_START, p->type->name);
    base_svg_text(svg, "muted small", MARGIN + name, y + 8.0, BASE_SVG_START, heading(p));
    base_svg_group(svg, NULL, MARGIN, y + HEADING);
    for (size_t i = 0; i < p->layout.n_links; i++)
        if (p->parts[p->links[i].from].kind != PART_LANE) draw_line(p, svg, &p->links[i]);
    for (size_t i = 0; i < p->layout.count; i++) draw_part(p, svg, i);
    base_svg_group_end(svg);
}

void nas_draw_cells(const nas_genotype *genotype, base_buf *out) {
    const size_t count = genotype->space->n_cells;
    picture *pictures = base_calloc(count, sizeof *pictures);
    double width = 0.0, height = MARGIN;
    for (size_t i = 0; i < count; i++) {
        begin(&pictures[i], genotype, i);
        const double text =
            1.2 * base_svg_text_width(pictures[i].type->name, false) + base_svg_text_width(heading(&pictures[i]), true);
        const double wide = pictures[i].layout.width > text ? pictures[i].layout.width : text;
        width = wide > width ? wide : width;
        height += HEADING + pictures[i].layout.height + 1.5 * MARGIN;
    }
    base_svg svg = base_svg_begin(out, width + 2.0 * MARGIN, height, "cells");
    double y = MARGIN;
    for (size_t i = 0; i < count; i++) {
        draw_picture(&pictures[i], &svg, y);
        y += HEADING + pictures[i].layout.height + 1.5 * MARGIN;
        end(&pictures[i]);
    }
    base_svg_end(&svg);
    free(pictures);
}

/* ---- Graphviz ---- */

static void dot_cell(const nas_genotype *genotype, size_t index, base_buf *out) {
    const nas_space_cell *type = &genotype->space->cells[index];
    const nas_genotype_cell *cell = &genotype->cells[index];
    base_buf_printf(out, "  subgraph cluster_%zu {\n    label=\"%s\";\n", index, type->name);
    for (size_t i = 0; i < type->inputs; i++)
        base_buf_printf(out, "    c%zu_%zu [label=\"cell k-%zu\", fillcolor=\"#d9ead3\"];\n", index, i,
                        type->inputs - i);
    for (size_t i = type->inputs; i < type->inputs + type->nodes; i++)
        base_buf_printf(out, "    c%zu_%zu [label=\"%zu\", fillcolor=\"#dae8fc\"];\n", index, i, i);
    base_buf_printf(out, "    c%zu_out [label=\"cell k\", fillcolor=\"#fff2cc\"];\n", index);
    for (size_t i = 0; i < cell->count; i++) {
        const nas_space_edge *edge = &type->edges[cell->genes[i].edge];
        base_buf_printf(out, "    c%zu_%zu -> c%zu_%zu [label=\"%s\"%s];\n", index, edge->from, index, edge->to,
                        cell->genes[i].operation->name, is_none(&cell->genes[i]) ? ", style=dotted" : "");
    }
    for (size_t i = 0; i < type->n_outputs; i++)
        base_buf_printf(out, "    c%zu_%zu -> c%zu_out;\n", index, type->outputs[i], index);
    base_buf_puts(out, "  }\n");
}

void nas_draw_dot(const nas_genotype *genotype, base_buf *out) {
    base_buf_puts(out, "digraph cells {\n  rankdir=LR;\n  node [shape=box, style=\"filled,rounded\", "
                       "fontname=Helvetica];\n  edge [fontname=Helvetica, fontsize=10];\n");
    for (size_t i = 0; i < genotype->space->n_cells; i++) dot_cell(genotype, i, out);
    base_buf_puts(out, "}\n");
}
