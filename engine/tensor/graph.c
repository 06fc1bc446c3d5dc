/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of a network as values and nodes.
 *
 * Nodes stand in the order of computation and name their inputs, so branches, skips and several inputs are nothing
 * special here; what they mean for gradients and memory is the plan's affair (engine/tensor/plan.c). */
#include "engine/tensor/graph.h"

#include <stdlib.h>
#include <string.h>

struct eng_graph {
    base_arena *arena;
    eng_value_info *values;
    size_t value_count, value_capacity;
    eng_node **nodes;
    size_t node_count, node_capacity;
};

eng_graph *eng_graph_create(void) {
    eng_graph *graph = base_calloc(1, sizeof *graph);
    graph->arena = base_arena_create();
    return graph;
}

void eng_graph_destroy(eng_graph *graph) {
    if (graph == NULL) return;
    free(graph->values);
    free(graph->nodes);
    base_arena_destroy(graph->arena);
    free(graph);
}

static eng_value add_value(eng_graph *graph, const eng_value_info *info) {
    BASE_GROW(graph->values, graph->value_capacity, graph->value_count + 1);
    graph->values[graph->value_count] = *info;
    return (eng_value)graph->value_count++;
}

eng_value eng_graph_input(eng_graph *graph, eng_shape sample, eng_dtype type) {
    return add_value(graph, &(eng_value_info){.shape = sample, .type = type, .producer = ENG_GRAPH_INPUT});
}

static const void *copy_config(eng_graph *graph, const eng_op *op, const void *config) {
    if (op->config_size == 0) return NULL;
    void *copy = base_arena_alloc(graph->arena, op->config_size);
    if (config != NULL) memcpy(copy, config, op->config_size);
    return copy;
}

static void name_params(eng_graph *graph, eng_node *node) {
    for (size_t i = 0; i < node->params; i++) {
        eng_param_spec *spec = &node->param[i];
        spec->name = base_arena_printf(graph->arena, "%s.%s", node->name, spec->name);
        spec->layer = node->index;
        spec->slot = (uint32_t)i;
    }
}

base_status eng_graph_add(eng_graph *graph, const eng_op *op, const void *config, const char *name, const eng_value *in,
                          eng_value *out, base_err *err) {
    return eng_graph_add_many(graph, op, config, name, in, op->inputs, out, err);
}

base_status eng_graph_add_many(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                               const eng_value *in, size_t count, eng_value *out, base_err *err) {
    bool variadic = (op->traits & ENG_VARIADIC) != 0;
    BASE_ASSERT(count == op->inputs || (variadic && count >= op->inputs && count <= ENG_OP_MAX_INPUTS));
    eng_node *node = BASE_NEW(graph->arena, eng_node);
    *node = (eng_node){.op = op, .index = (uint32_t)graph->node_count, .inputs = count, .traits = op->traits};
    node->config = copy_config(graph, op, config);
    node->name = name != NULL ? base_arena_strdup(graph->arena, name)
                              : base_arena_printf(graph->arena, "%s%u", op->name, node->index);
    bool needs_gradient = false;
    for (size_t i = 0; i < count; i++) {
        BASE_ASSERT(in[i] < graph->value_count);
        const eng_value_info *info = &graph->values[in[i]];
        node->in[i] = in[i];
        node->in_shape[i] = info->shape;
        node->in_type[i] = info->type;
        needs_gradient = needs_gradient || info->needs_gradient;
    }
    node->out_shape = node->in_shape[0];
    if (op->infer != NULL) {
        base_status status = op->infer(node, err);
        if (status != BASE_OK) base_err_prefix(err, "%s", node->name);
        BASE_TRY(status);
    }
    name_params(graph, node);
    for (size_t i = 0; i < count; i++) graph->values[in[i]].readers++;
    BASE_GROW(graph->nodes, graph->node_capacity, graph->node_count + 1);
    graph->nodes[graph->node_count++] = node;
    node->out = ENG_NO_VALUE;
    if ((node->traits & ENG_IS_LOSS) == 0)
        node->out = add_value(graph, &(eng_value_info){.shape = node->out_shape,
                                                       .type = ENG_F32,
                                                       .producer = node->index,
                                                       .needs_gradient = needs_gradient || node->params > 0});
    *out = node->out;
    return BASE_OK;
}

void eng_graph_keep(eng_graph *graph, eng_value value) {
    BASE_ASSERT(value < graph->value_count);
    graph->values[value].kept = true;
}

size_t eng_graph_values(const eng_graph *graph) {
    return graph->value_count;
}

const eng_value_info *eng_graph_value(const eng_graph *graph, eng_value value) {
    BASE_ASSERT(value < graph->value_count);
    return &graph->values[value];
}

size_t eng_graph_nodes(const eng_graph *graph) {
    return graph->node_count;
}

const eng_node *eng_graph_node(const eng_graph *graph, size_t index) {
    BASE_ASSERT(index < graph->node_count);
    return graph->nodes[index];
}

size_t eng_graph_bytes(const eng_graph *graph) {
    const size_t name = 24;
    size_t bytes = graph->value_capacity * sizeof *graph->values + graph->node_capacity * sizeof *graph->nodes;
    for (size_t i = 0; i < graph->node_count; i++) {
        const eng_node *node = graph->nodes[i];
        bytes += sizeof *node + node->op->config_size + name;
        bytes += node->params * (sizeof(eng_param) + sizeof(eng_param_spec) + 2 * name);
    }
    return bytes;
}

base_status eng_graph_params(const eng_graph *graph, uint64_t seed, eng_params **out, base_err *err) {
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++) count += graph->nodes[i]->params;
    eng_param_spec *specs = base_calloc(count + 1, sizeof *specs);
    size_t at = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t j = 0; j < graph->nodes[i]->params; j++) specs[at++] = graph->nodes[i]->param[j];
    base_status status = eng_params_create(specs, count, out, err);
    free(specs);
    if (status == BASE_OK) eng_params_init(*out, seed);
    return status;
}
