/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strongest operations of the strongest edges: H. Liu et al., "DARTS", ICLR 2019, section 2.4.
 *
 * An edge is as strong as its largest weight; a node keeps its strongest edges, in falling order, and each carries the
 * operation of that weight. Ties go to the lower source and to the operation that stands first. `none` has part in the
 * weights but is never chosen, so an edge with much of it is weak; only where every edge is kept it is an operation
 * like the others (as X. Dong, Y. Yang, "NAS-Bench-201", ICLR 2020, read DARTS off). */
#include <math.h>

#include "nas/selection.h"

typedef struct candidate {
    size_t edge;
    const nas_operation *operation;
    double strength;
} candidate;

static candidate strongest(const nas_space_cell *cell, size_t edge, const double *weights) {
    const nas_space_edge *what = &cell->edges[edge];
    candidate best = {.edge = edge};
    for (size_t k = 0; k < what->n_operations; k++) {
        const double weight = weights[what->offset + k];
        if (!nas_space_may_choose(cell, what->operations[k])) continue;
        if (best.operation != NULL && !(weight > best.strength)) continue;
        best.operation = what->operations[k];
        best.strength = weight;
    }
    return best;
}

/* Stable: of equal strength the edge that came first. */
static void sort(candidate *edges, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && edges[k].strength > edges[k - 1].strength; k--) {
            const candidate swap = edges[k];
            edges[k] = edges[k - 1];
            edges[k - 1] = swap;
        }
}

static void choose_cell(const nas_space_cell *cell, const double *weights, double threshold, nas_genotype_cell *out) {
    candidate edges[NAS_MAX_INPUTS + NAS_MAX_NODES];
    for (size_t node = cell->inputs; node < cell->inputs + cell->nodes; node++) {
        size_t count = 0;
        for (size_t e = 0; e < cell->n_edges; e++)
            if (cell->edges[e].to == node) edges[count++] = strongest(cell, e, weights);
        if (cell->keep > 0) sort(edges, count);
        for (size_t i = 0; i < nas_genotype_expected(cell, node); i++) {
            if (i > 0 && cell->keep > 0 && edges[i].strength < threshold) break;
            out->genes[out->count++] = (nas_gene){edges[i].edge, edges[i].operation};
        }
    }
}

void nas_choose_strongest(const nas_space *space, const double *const *weights, double threshold,
                          nas_genotype *genotype) {
    for (size_t c = 0; c < space->n_cells; c++)
        choose_cell(&space->cells[c], weights[c], threshold, &genotype->cells[c]);
}

static void choose(const void *state, const nas_space *space, const double *const *weights, nas_genotype *genotype) {
    (void)state;
    nas_choose_strongest(space, weights, -(double)INFINITY, genotype);
}

const nas_selection nas_selection_magnitude = {
    .name = "magnitude",
    .summary = "the operation with the largest weight, on the edges where it is largest (DARTS)",
    .choose = choose,
};
