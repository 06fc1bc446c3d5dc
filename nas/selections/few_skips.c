/* SPDX-License-Identifier: GPL-3.0-or-later */
/* As `magnitude`, with at most two skip connections in the normal cell: X. Chen et al., "Progressive Differentiable
 * Architecture Search", ICCV 2019, section 3.3. As in the authors' code the weakest skip is struck out and the cell
 * read again, until there are no more than two: the edge then carries its next operation, or another edge its place. */
#include <math.h>
#include <string.h>

#include "nas/selection.h"

enum { MOST = 2 };

/* Of the genes that are skips the one with the least weight; NULL when there are no more than may be. */
static const nas_gene *struck(const nas_space_cell *cell, const nas_genotype_cell *genes, const double *weights) {
    const nas_gene *found = NULL;
    double least = 0;
    size_t skips = 0;
    for (size_t i = 0; i < genes->count; i++) {
        const nas_gene *gene = &genes->genes[i];
        const nas_space_edge *edge = &cell->edges[gene->edge];
        const double weight = weights[edge->offset + nas_space_operation_find(edge, gene->operation)];
        if (!(gene->operation->flags & NAS_OPERATION_SKIP)) continue;
        skips++;
        if (found && weight >= least) continue;
        found = gene;
        least = weight;
    }
    return skips > MOST && least >= 0 ? found : NULL; /* below 0: struck out already, there is nothing else */
}

static void choose(const void *state, const nas_space *space, const double *const *weights, nas_genotype *genotype) {
    const size_t normal = space->blocks ? 0 : space->normal;
    const nas_space_cell *cell = &space->cells[normal];
    base_arena *arena = base_arena_create();
    (void)state;
    double *own = BASE_NEW_ARRAY(arena, cell->weights, double);
    const double **blocks = BASE_NEW_ARRAY(arena, space->n_cells, const double *);
    memcpy(own, weights[normal], cell->weights * sizeof *own);
    for (size_t t = 0; t < space->n_cells; t++) blocks[t] = t == normal ? own : weights[t];
    for (;;) {
        for (size_t t = 0; t < space->n_cells; t++) genotype->cells[t].count = 0;
        nas_choose_strongest(space, blocks, -(double)INFINITY, genotype);
        const nas_gene *gene = struck(cell, &genotype->cells[normal], own);
        if (!gene) break;
        const nas_space_edge *edge = &cell->edges[gene->edge];
        own[edge->offset + nas_space_operation_find(edge, gene->operation)] = -1;
    }
    base_arena_destroy(arena);
}

const nas_selection nas_selection_few_skips = {
    .name = "few-skips",
    .summary = "as magnitude, with at most two skip connections in the normal cell (P-DARTS)",
    .choose = choose,
};
