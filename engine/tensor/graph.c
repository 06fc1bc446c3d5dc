/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of a network as values and nodes.
 *
 * Nodes stand in the order of computation and name their inputs, so branches, skips and several inputs are nothing
 * special here; what they mean for gradients and memory is the plan's affair (engine/tensor/plan.c). */
#include "engine/tensor/graph.h"

#include <stdlib.h>
#include <string.h>

#include "engine/tensor/param_table.h"

struct eng_graph {
    base_arena *arena;
    eng_param_table *params;
    uint32_t number; /* among the graphs that share them */
    uint32_t group;  /* of parameters to come */
    uint32_t *has;   /* by id: how many nodes of this graph have it */
    size_t has_capacity;
    eng_value_info *values;
    size_t value_count, value_capacity;
    eng_node **nodes;
    size_t node_count, node_capacity;
};

static eng_graph *create(eng_param_table *params, uint32_t number) {
    eng_graph *graph = base_calloc(1, sizeof *graph);
    graph->arena = base_arena_create();
    graph->params = params;
    graph->number = number;
    return graph;
}

eng_graph *eng_graph_create(void) {
    return create(eng_param_table_create(), 0);
}

eng_graph *eng_graph_create_sharing(eng_graph *owner) {
    uint32_t number;
    eng_param_table *params = eng_param_table_share(owner->params, &number);
    return create(params, number);
}

void eng_graph_set_group(eng_graph *graph, uint32_t group) {
    BASE_ASSERT(group < ENG_MAX_GROUPS);
    graph->group = group;
}

void eng_graph_destroy(eng_graph *graph) {
    if (graph == NULL) return;
    eng_param_table_release(graph->params);
    free(graph->values);
    free(graph->nodes);
    free(graph->has);
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

eng_value eng_graph_input_single(eng_graph *graph, eng_shape shape, eng_dtype type) {
    return add_value(graph,
                     &(eng_value_info){.shape = shape, .type = type, .producer = ENG_GRAPH_INPUT, .single = true});
}

static const void *copy_config(eng_graph *graph, const eng_op *op, const void *config) {
    if (op->config_size == 0) return NULL;
    void *copy = base_arena_alloc(graph->arena, op->config_size);
    if (config != NULL) memcpy(copy, config, op->config_size);
    return copy;
}

/* ---- parameters ---- */

/* Streams of initial values are apart for the nodes of all graphs. */
enum { GRAPH_LAYERS = 1 << 24 };

static void complete(const eng_graph *graph, const eng_node *node, size_t index, const char *owner,
                     eng_param_spec *spec) {
    spec->name = base_arena_printf(graph->arena, "%s.%s", owner, spec->name);
    spec->group = graph->group;
    spec->layer = graph->number * GRAPH_LAYERS + node->index;
    spec->slot = (uint32_t)index;
}

static base_status differ(const eng_param_spec *there, const eng_param_spec *here, base_err *err) {
    base_buf text = {0};
    eng_shape_text(&there->shape, &text);
    base_buf_puts(&text, " and cannot be ");
    eng_shape_text(&here->shape, &text);
    const base_status status = BASE_FAIL(err, BASE_INVALID, "parameter %s is %s", there->name, text.data);
    base_buf_fini(&text);
    return status;
}

static bool has(const eng_graph *graph, eng_param_id id) {
    return id < graph->has_capacity && graph->has[id] > 0;
}

static void count_reader(eng_graph *graph, eng_param_id id) {
    const size_t before = graph->has_capacity;
    BASE_GROW(graph->has, graph->has_capacity, id + 1);
    memset(graph->has + before, 0, (graph->has_capacity - before) * sizeof *graph->has);
    graph->has[id]++;
}

/* The parameters that the node asks for: those that its owner has already, or new ones. */
static base_status bind_params(eng_graph *graph, eng_node *node, const char *params_of, base_err *err) {
    for (size_t i = 0; i < node->params; i++) {
        eng_param_spec *spec = &node->param[i];
        complete(graph, node, i, params_of != NULL ? params_of : node->name, spec);
        eng_param_id id = eng_param_table_find(graph->params, spec->name);
        if (id == ENG_NO_PARAM) {
            if (params_of != NULL)
                return BASE_FAIL(err, BASE_INVALID, "%s: no node has a parameter %s", node->name, spec->name);
            id = eng_param_table_add(graph->params, spec);
        } else if (params_of == NULL && has(graph, id)) {
            return BASE_FAIL(err, BASE_INVALID, "%s: another node has that name", node->name);
        }
        const eng_param_spec *there = eng_param_table_at(graph->params, id);
        if (!eng_shape_equal(&there->shape, &spec->shape) || there->flags != spec->flags)
            return differ(there, spec, err);
        node->param_id[i] = id;
        *spec = *there;
    }
    for (size_t i = 0; i < node->params; i++) count_reader(graph, node->param_id[i]);
    return BASE_OK;
}

/* ---- nodes ---- */

base_status eng_graph_add(eng_graph *graph, const eng_op *op, const void *config, const char *name, const eng_value *in,
                          eng_value *out, base_err *err) {
    return eng_graph_add_tied(graph, op, config, name, NULL, in, op->inputs, out, err);
}

base_status eng_graph_add_many(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                               const eng_value *in, size_t count, eng_value *out, base_err *err) {
    return eng_graph_add_tied(graph, op, config, name, NULL, in, count, out, err);
}

static base_status read_inputs(const eng_graph *graph, eng_node *node, const eng_value *in, base_err *err) {
    size_t singles = 0;
    for (size_t i = 0; i < node->inputs; i++) {
        BASE_ASSERT(in[i] < graph->value_count);
        const eng_value_info *info = &graph->values[in[i]];
        node->in[i] = in[i];
        node->in_shape[i] = info->shape;
        node->in_type[i] = info->type;
        node->in_single[i] = info->single;
        singles += info->single;
    }
    node->single = singles == node->inputs;
    if (singles > 0 && !node->single && (node->op->traits & ENG_READS_SINGLE) == 0)
        return BASE_FAIL(err, BASE_INVALID,
                         "%s: %s reads values of each sample, or values of the whole batch, not both", node->name,
                         node->op->name);
    return BASE_OK;
}

static unsigned groups_behind(const eng_graph *graph, const eng_node *node) {
    unsigned groups = 0;
    for (size_t i = 0; i < node->inputs; i++) groups |= graph->values[node->in[i]].groups;
    for (size_t i = 0; i < node->params; i++)
        if ((node->param[i].flags & ENG_PARAM_STATE) == 0) groups |= 1u << node->param[i].group;
    return groups;
}

base_status eng_graph_add_tied(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                               const char *params_of, const eng_value *in, size_t count, eng_value *out,
                               base_err *err) {
    bool variadic = (op->traits & ENG_VARIADIC) != 0;
    BASE_ASSERT(count == op->inputs || (variadic && count >= op->inputs && count <= ENG_OP_MAX_INPUTS));
    eng_node *node = BASE_NEW(graph->arena, eng_node);
    *node = (eng_node){.op = op, .index = (uint32_t)graph->node_count, .inputs = count, .traits = op->traits};
    node->config = copy_config(graph, op, config);
    node->name = name != NULL ? base_arena_strdup(graph->arena, name)
                              : base_arena_printf(graph->arena, "%s%u", op->name, node->index);
    BASE_TRY(read_inputs(graph, node, in, err));
    node->out_shape = node->in_shape[0];
    if (op->infer != NULL) {
        base_status status = op->infer(node, err);
        if (status != BASE_OK) base_err_prefix(err, "%s", node->name);
        BASE_TRY(status);
    }
    BASE_TRY(bind_params(graph, node, params_of, err));
    for (size_t i = 0; i < count; i++) graph->values[in[i]].readers++;
    BASE_GROW(graph->nodes, graph->node_capacity, graph->node_count + 1);
    graph->nodes[graph->node_count++] = node;
    node->out = ENG_NO_VALUE;
    if ((node->traits & ENG_IS_LOSS) == 0)
        node->out = add_value(graph, &(eng_value_info){.shape = node->out_shape,
                                                       .type = ENG_F32,
                                                       .producer = node->index,
                                                       .single = node->single,
                                                       .groups = groups_behind(graph, node)});
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
    for (size_t i = 0; i < graph->node_count; i++)
        bytes += sizeof *graph->nodes[i] + graph->nodes[i]->op->config_size + name;
    return bytes + eng_param_table_bytes(graph->params);
}

size_t eng_graph_param_count(const eng_graph *graph) {
    return eng_param_table_count(graph->params);
}

const eng_param_spec *eng_graph_param(const eng_graph *graph, eng_param_id id) {
    return eng_param_table_at(graph->params, id);
}

bool eng_graph_has_param(const eng_graph *graph, eng_param_id id) {
    return has(graph, id);
}

base_status eng_graph_params(const eng_graph *graph, uint64_t seed, eng_params **out, base_err *err) {
    BASE_TRY(eng_params_create(eng_param_table_specs(graph->params), eng_param_table_count(graph->params), out, err));
    eng_params_init(*out, seed);
    return BASE_OK;
}
