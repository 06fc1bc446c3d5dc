/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a genotype: the skeleton with one operation on each edge that is kept. */
#include "nas/network.h"

#include <string.h>

#include "engine/modules/summary.h"

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

static bool is_auxiliary(const eng_node *node) {
    static const char prefix[] = "auxiliary.";
    return strncmp(node->name, prefix, sizeof prefix - 1) == 0;
}

size_t nas_network_numbers(const eng_graph *graph) {
    size_t sum = eng_graph_numbers(graph);
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        for (size_t k = 0; is_auxiliary(node) && k < node->params; k++)
            if ((node->param[k].flags & ENG_PARAM_STATE) == 0) sum -= eng_shape_count(&node->param[k].shape);
    }
    return sum;
}

double nas_network_flops(const eng_graph *graph) {
    double sum = 0.0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        if (!is_auxiliary(eng_graph_node(graph, i))) sum += eng_node_flops(eng_graph_node(graph, i));
    return sum;
}
