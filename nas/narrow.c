/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies the description of a space down to its edges; all else is shared. */
#include "nas/narrow.h"

#include <string.h>

static bool is_none(const nas_operation *operation) {
    return (operation->flags & NAS_OPERATION_NONE) != 0;
}

/* Index of the weakest operation that is still there and may go; count: none may. */
static size_t weakest(const nas_space_edge *edge, const double *weights, const bool *there, size_t left) {
    size_t found = edge->n_operations, real = 0;
    for (size_t k = 0; k < edge->n_operations; k++) real += there[k] && !is_none(edge->operations[k]);
    for (size_t k = 0; k < edge->n_operations; k++) {
        if (!there[k] || (real == 1 && left > 1 && !is_none(edge->operations[k]))) continue;
        if (found == edge->n_operations || weights[k] < weights[found]) found = k;
    }
    return found;
}

static void narrow_edge(nas_space_edge *edge, const double *weights, size_t keep, base_arena *arena) {
    const nas_operation **kept = BASE_NEW_ARRAY(arena, edge->n_operations, const nas_operation *);
    bool *there = BASE_NEW_ARRAY(arena, edge->n_operations, bool);
    size_t count = 0;
    BASE_ASSERT(keep > 0);
    for (size_t k = 0; k < edge->n_operations; k++) there[k] = true;
    for (size_t left = edge->n_operations; left > keep; left--) there[weakest(edge, weights, there, left)] = false;
    for (size_t k = 0; k < edge->n_operations; k++)
        if (there[k]) kept[count++] = edge->operations[k];
    edge->operations = kept;
    edge->n_operations = count;
}

static void narrow_cell(nas_space_cell *cell, const double *weights, const size_t *keep, base_arena *arena) {
    nas_space_edge *edges = BASE_NEW_ARRAY(arena, cell->n_edges, nas_space_edge);
    size_t offset = 0;
    for (size_t e = 0; e < cell->n_edges; e++) {
        edges[e] = cell->edges[e];
        narrow_edge(&edges[e], weights + cell->edges[e].offset, keep[e], arena);
        edges[e].offset = offset;
        offset += edges[e].n_operations;
    }
    cell->edges = edges;
    cell->weights = offset;
}

nas_space *nas_space_narrow(const nas_space *space, const double *const *weights, const size_t *const *keep,
                            base_arena *arena) {
    nas_space *narrow = BASE_NEW(arena, nas_space);
    nas_space_cell *cells = BASE_NEW_ARRAY(arena, space->n_cells, nas_space_cell);
    for (size_t t = 0; t < space->n_cells; t++) {
        cells[t] = space->cells[t];
        narrow_cell(&cells[t], weights[t], keep[t], arena);
    }
    *narrow = *space;
    narrow->cells = cells;
    return narrow;
}

void nas_narrow_blocks(const nas_space *whole, const nas_space *narrow, const double *const *from, double *const *to) {
    for (size_t t = 0; t < whole->n_cells; t++)
        for (size_t e = 0; e < whole->cells[t].n_edges; e++) {
            const nas_space_edge *all = &whole->cells[t].edges[e], *some = &narrow->cells[t].edges[e];
            for (size_t k = 0; k < some->n_operations; k++)
                to[t][some->offset + k] = from[t][all->offset + nas_space_operation_find(all, some->operations[k])];
        }
}

void nas_widen_blocks(const nas_space *whole, const nas_space *narrow, const double *const *from, double *const *to) {
    for (size_t t = 0; t < whole->n_cells; t++) {
        memset(to[t], 0, whole->cells[t].weights * sizeof *to[t]);
        for (size_t e = 0; e < whole->cells[t].n_edges; e++) {
            const nas_space_edge *all = &whole->cells[t].edges[e], *some = &narrow->cells[t].edges[e];
            for (size_t k = 0; k < some->n_operations; k++)
                to[t][all->offset + nas_space_operation_find(all, some->operations[k])] = from[t][some->offset + k];
        }
    }
}
