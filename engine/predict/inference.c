/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nodes that answer, found from the output backwards. */
#include "engine/predict/inference.h"

#include <math.h>

static base_status check_node(const eng_inference *f, const eng_node *node, base_err *err) {
    if (node->op->exporter == NULL)
        return BASE_FAIL(err, BASE_UNSUPPORTED,
                         "the network cannot be exported: nothing says how its op %s (node '%s') is written",
                         node->op->name, node->name);
    for (size_t i = 0; i < node->params; i++) {
        const eng_param *param = eng_params_at(f->params, node->param_id[i]);
        const float *values = eng_params_values(f->params) + param->offset;
        for (size_t k = 0; k < param->count; k++)
            if (!isfinite(values[k]))
                return BASE_FAIL(err, BASE_NUMERIC, "the network cannot be exported: a number of %s is %g", param->name,
                                 (double)values[k]);
    }
    return BASE_OK;
}

static bool *nodes_behind(const eng_graph *graph, eng_value output, base_arena *arena) {
    const size_t count = eng_graph_nodes(graph);
    bool *needed = BASE_NEW_ARRAY(arena, count, bool);
    needed[eng_graph_value(graph, output)->producer] = true;
    for (size_t i = count; i-- > 0;) {
        const eng_node *node = eng_graph_node(graph, i);
        for (size_t k = 0; needed[i] && k < node->inputs; k++) {
            const uint32_t producer = eng_graph_value(graph, node->in[k])->producer;
            if (producer != ENG_GRAPH_INPUT) needed[producer] = true;
        }
    }
    return needed;
}

base_status eng_inference_of(const eng_model *model, bool relaid, base_arena *arena, eng_inference *out,
                             base_err *err) {
    const eng_graph *graph = eng_model_graph(model);
    const size_t values = eng_graph_values(graph);
    *out = (eng_inference){.graph = graph,
                           .params = eng_model_params(model),
                           .ports = eng_model_ports(model),
                           .nodes = BASE_NEW_ARRAY(arena, eng_graph_nodes(graph), const eng_node *),
                           .same = BASE_NEW_ARRAY(arena, values, eng_value)};
    const bool *needed = nodes_behind(graph, out->ports->output, arena);
    for (eng_value v = 0; v < values; v++) out->same[v] = v;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        if (!needed[i]) continue;
        BASE_TRY(check_node(out, node, err));
        if (node->op->exporter->identity && !(relaid && node->op->exporter->onnx != NULL))
            out->same[node->out] = out->same[node->in[0]];
        else
            out->nodes[out->count++] = node;
    }
    return BASE_OK;
}
