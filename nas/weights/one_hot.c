/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge weights of one network of the space: 1 for what it has, 0 for all else. */
#include <string.h>

#include "nas/edge_weights.h"

void nas_genotype_weights(const nas_genotype *genotype, double *const *weights) {
    const nas_space *space = genotype->space;
    for (size_t t = 0; t < space->n_cells; t++) {
        const nas_space_cell *cell = &space->cells[t];
        memset(weights[t], 0, cell->weights * sizeof *weights[t]);
        for (size_t g = 0; g < genotype->cells[t].count; g++) {
            const nas_gene *gene = &genotype->cells[t].genes[g];
            const nas_space_edge *edge = &cell->edges[gene->edge];
            weights[t][edge->offset + nas_space_operation_find(edge, gene->operation)] = 1;
        }
    }
}
