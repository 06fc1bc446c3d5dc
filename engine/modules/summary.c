/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts over a graph. A weight (a parameter that decays) is used once at every position of the output: once for a
 * dense layer, height x width times for a convolution, whatever its groups; at every position of the input in a
 * transposed one. So is a weight that is a value. */
#include "engine/modules/summary.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ops/ops.h"

enum { NAME = 22, LONGEST = 40, SHAPE = 16 };

double eng_node_flops(const eng_node *node) {
    const eng_shape *out = node->op == &eng_op_conv2d_transposed ? &node->in_shape[0] : &node->out_shape;
    double positions = 1.0, weights = 0.0;
    if (node->inputs == 0) return 0.0; /* a parameter that others compute with */
    for (size_t i = 0; i + 1 < out->ndim; i++) positions *= (double)out->dim[i];
    if (node->op == &eng_op_conv2d_given || node->op == &eng_op_dense_given)
        weights = (double)eng_shape_count(&node->in_shape[1]);
    for (size_t i = 0; i < node->params; i++)
        if ((node->param[i].flags & ENG_PARAM_DECAY) != 0) weights += (double)eng_shape_count(&node->param[i].shape);
    return 2.0 * positions * weights;
}

double eng_graph_flops(const eng_graph *graph) {
    double sum = 0.0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) sum += eng_node_flops(eng_graph_node(graph, i));
    return sum;
}

static size_t numbers_of(const eng_node *node) {
    size_t sum = 0;
    for (size_t i = 0; i < node->params; i++)
        if ((node->param[i].flags & ENG_PARAM_STATE) == 0) sum += eng_shape_count(&node->param[i].shape);
    return sum;
}

size_t eng_graph_numbers(const eng_graph *graph) {
    size_t sum = 0;
    for (eng_param_id id = 0; id < eng_graph_param_count(graph); id++) {
        const eng_param_spec *spec = eng_graph_param(graph, id);
        if (eng_graph_has_param(graph, id) && (spec->flags & ENG_PARAM_STATE) == 0)
            sum += eng_shape_count(&spec->shape);
    }
    return sum;
}

/* For each node whether it leads to value; the caller frees it. */
static bool *nodes_behind(const eng_graph *graph, eng_value value) {
    const size_t nodes = eng_graph_nodes(graph);
    bool *leads = base_calloc(nodes + 1, sizeof *leads), *wanted = base_calloc(eng_graph_values(graph), sizeof *wanted);
    wanted[value] = true;
    for (size_t i = nodes; i-- > 0;) {
        const eng_node *node = eng_graph_node(graph, i);
        leads[i] = node->out != ENG_NO_VALUE && wanted[node->out];
        for (size_t k = 0; leads[i] && k < node->inputs; k++) wanted[node->in[k]] = true;
    }
    free(wanted);
    return leads;
}

double eng_graph_flops_behind(const eng_graph *graph, eng_value value) {
    bool *leads = nodes_behind(graph, value);
    double sum = 0.0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        if (leads[i]) sum += eng_node_flops(eng_graph_node(graph, i));
    free(leads);
    return sum;
}

/* A parameter that several nodes share counts once. */
size_t eng_graph_numbers_behind(const eng_graph *graph, eng_value value) {
    bool *leads = nodes_behind(graph, value), *seen = base_calloc(eng_graph_param_count(graph) + 1, sizeof *seen);
    size_t sum = 0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        for (size_t k = 0; leads[i] && k < node->params; k++) {
            const eng_param_spec *spec = eng_graph_param(graph, node->param_id[k]);
            if (!seen[node->param_id[k]] && (spec->flags & ENG_PARAM_STATE) == 0) sum += eng_shape_count(&spec->shape);
            seen[node->param_id[k]] = true;
        }
    }
    free(leads);
    free(seen);
    return sum;
}

size_t eng_graph_param_size(const eng_graph *graph) {
    size_t sum = 0;
    for (eng_param_id id = 0; id < eng_graph_param_count(graph); id++)
        sum += eng_align_floats(eng_shape_count(&eng_graph_param(graph, id)->shape));
    return sum;
}

/* Of the column of names: what the longest one needs, within reason. */
static int name_width(const eng_graph *graph) {
    int width = NAME;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const size_t length = strlen(eng_graph_node(graph, i)->name);
        if (length > (size_t)width) width = length < LONGEST ? (int)length : LONGEST;
    }
    return width;
}

static void put_row(const char *indent, int width, const char *name, const char *shape, size_t numbers, double flops,
                    base_buf *out) {
    base_buf_printf(out, "%s%-*s %-*s %12zu %14.0f\n", indent, width, name, SHAPE, shape, numbers, flops);
}

static void put_shape(const eng_shape *shape, base_buf *out) {
    base_buf_clear(out);
    for (size_t i = 0; i < shape->ndim; i++) base_buf_printf(out, "%s%zu", i > 0 ? " x " : "", shape->dim[i]);
}

void eng_graph_table(const eng_graph *graph, const char *indent, base_buf *out) {
    const int width = name_width(graph);
    base_buf text = {0};
    base_buf_printf(out, "%s%-*s %-*s %12s %14s\n", indent, width, "layer", SHAPE, "output", "parameters", "FLOPs");
    put_shape(&eng_graph_value(graph, 0)->shape, &text);
    put_row(indent, width, "input", base_buf_text(&text), 0, 0.0, out);
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        if (node->out == ENG_NO_VALUE) continue;
        put_shape(&node->out_shape, &text);
        put_row(indent, width, node->name, base_buf_text(&text), numbers_of(node), eng_node_flops(node), out);
    }
    put_row(indent, width, "in all", "", eng_graph_numbers(graph), eng_graph_flops(graph), out);
    base_buf_fini(&text);
}
