/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a genotype: the skeleton with one operation on each edge that is kept. */
#include "nas/network.h"

static const nas_gene *gene_of(const nas_genotype *genotype, size_t type, size_t edge) {
    const nas_genotype_cell *cell = &genotype->cells[type];
    for (size_t i = 0; i < cell->count; i++)
        if (cell->genes[i].edge == edge) return &cell->genes[i];
    return NULL;
}

static bool has(void *self, size_t type, size_t edge) {
    return gene_of(self, type, edge) != NULL;
}

static base_status put(void *self, eng_net *net, const nas_edge *edge, eng_value *out) {
    return nas_operation_build(gene_of(self, edge->type, edge->index)->operation, net, edge, out);
}

base_status nas_network_build(const nas_genotype *genotype, const nas_settings *settings, eng_net *net,
                              eng_ports *ports) {
    const nas_builder builder = {.self = (void *)genotype, .has = has, .edge = put};
    return nas_skeleton_build(genotype->space, settings, &builder, net, ports);
}
