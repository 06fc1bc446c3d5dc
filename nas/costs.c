/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sum that a network costs, counted in one graph that has every operation on every edge: an operation costs what
 * its nodes do, summed over the places of the cell type; what is left belongs to all networks. */
#include "nas/costs.h"

#include <math.h>

#include "engine/modules/summary.h"
#include "nas/selection.h"
#include "nas/supernet.h"

const char *const nas_cost_names[NAS_COSTS] = {"parameters", "flops", "latency"};

/* ---- counting ---- */

static size_t numbers_of(const eng_node *node) {
    size_t sum = 0;
    for (size_t i = 0; i < node->params; i++)
        if ((node->param[i].flags & ENG_PARAM_STATE) == 0) sum += eng_shape_count(&node->param[i].shape);
    return sum;
}

/* Adds what the nodes from `first` on cost. */
static void add_nodes(const eng_graph *graph, size_t first, double *parameters, double *flops) {
    for (size_t i = first; i < eng_graph_nodes(graph); i++) {
        *parameters += (double)numbers_of(eng_graph_node(graph, i));
        *flops += eng_node_flops(eng_graph_node(graph, i));
    }
}

/* All operations of the edge; the last one's value stands for any of them. */
static base_status count_edge(void *self, eng_net *net, const nas_edge *edge, eng_value *out) {
    const nas_costs *costs = self;
    const nas_space_edge *what = &costs->space->cells[edge->type].edges[edge->index];
    for (size_t k = 0; k < what->n_operations; k++) {
        const size_t first = eng_graph_nodes(net->graph), at = what->offset + k;
        BASE_TRY(nas_operation_build(what->operations[k], net, edge, out));
        add_nodes(net->graph, first, &costs->each[NAS_COST_PARAMETERS][edge->type][at],
                  &costs->each[NAS_COST_FLOPS][edge->type][at]);
    }
    return BASE_OK;
}

/* What remains of the whole graph when the operations are taken away. */
static void count_rest(nas_costs *costs, const eng_graph *graph) {
    add_nodes(graph, 0, &costs->fixed[NAS_COST_PARAMETERS], &costs->fixed[NAS_COST_FLOPS]);
    for (int kind = NAS_COST_PARAMETERS; kind <= NAS_COST_FLOPS; kind++)
        for (size_t t = 0; t < costs->space->n_cells; t++)
            for (size_t i = 0; i < costs->space->cells[t].weights; i++) costs->fixed[kind] -= costs->each[kind][t][i];
}

/* Is every input and node read in every genotype: as an output, or by a node that is read and keeps all its edges? */
static bool is_always_read(const nas_space_cell *cell) {
    bool read[NAS_MAX_INPUTS + NAS_MAX_NODES] = {false};
    for (size_t i = 0; i < cell->n_outputs; i++) read[cell->outputs[i]] = true;
    for (size_t e = cell->n_edges; e-- > 0;) {
        const size_t to = cell->edges[e].to;
        if (read[to] && nas_genotype_expected(cell, to) == nas_space_edges_to(cell, to))
            read[cell->edges[e].from] = true;
    }
    for (size_t i = 0; i < cell->inputs + cell->nodes; i++)
        if (!read[i]) return false;
    return true;
}

base_status nas_costs_count(const nas_space *space, const nas_settings *settings, const eng_net_config *around,
                            base_arena *arena, nas_costs *out, base_err *err) {
    nas_settings plain = *settings;
    plain.search = false;
    plain.auxiliary = plain.drop_path = 0.0;
    *out = (nas_costs){.space = space, .exact = true};
    for (int kind = 0; kind < NAS_COSTS; kind++) out->each[kind] = nas_operation_blocks(space, arena);
    for (size_t t = 0; t < space->n_cells; t++) out->exact = out->exact && is_always_read(&space->cells[t]);
    const nas_builder builder = {.self = out, .edge = count_edge};
    eng_net net;
    eng_ports ports;
    base_status status = eng_net_begin(&net, around, err);
    if (status == BASE_OK) status = nas_skeleton_build(space, &plain, &builder, &net, &ports);
    if (status == BASE_OK) count_rest(out, net.graph);
    eng_graph_destroy(net.graph);
    return status;
}

/* ---- asking ---- */

double nas_costs_of(const nas_costs *costs, nas_cost kind, const nas_genotype *genotype) {
    double sum = costs->fixed[kind];
    for (size_t t = 0; t < costs->space->n_cells; t++)
        for (size_t i = 0; i < genotype->cells[t].count; i++) {
            const nas_gene *gene = &genotype->cells[t].genes[i];
            const nas_space_edge *edge = &costs->space->cells[t].edges[gene->edge];
            sum += costs->each[kind][t][edge->offset + nas_space_operation_find(edge, gene->operation)];
        }
    return sum;
}

/* Of the genotype whose operations have the largest sum of sign x cost: that of the strongest edges, with costs as
 * their weights. */
static double extreme(const nas_costs *costs, nas_cost kind, double sign, base_arena *arena) {
    const nas_space *space = costs->space;
    double **weights = nas_operation_blocks(space, arena);
    nas_genotype *genotype = nas_genotype_create(space, arena);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++) weights[t][i] = sign * costs->each[kind][t][i];
    nas_choose_strongest(space, (const double *const *)weights, -(double)INFINITY, genotype);
    return nas_costs_of(costs, kind, genotype);
}

void nas_costs_range(const nas_costs *costs, nas_cost kind, double *smallest, double *largest) {
    base_arena *arena = base_arena_create();
    *smallest = extreme(costs, kind, -1.0, arena);
    *largest = extreme(costs, kind, 1.0, arena);
    base_arena_destroy(arena);
}
