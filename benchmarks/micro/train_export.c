/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes down a training for benchmarks/peers/training. What an op means is in engine/ops/ops.h; here are the names of
 * its settings in network.json. */
#include "benchmarks/micro/train_export.h"

#include <string.h>

#include "engine/ops/ops.h"
#include "nas/relaxation.h"

static const char *bool_text(bool value) {
    return value ? "true" : "false";
}

/* The pair [down, along], where 0 along means as down, and 0 in both `fallback`. */
static void put_pair(base_buf *out, const char *name, const size_t pair[2], size_t fallback) {
    const size_t down = pair[0] == 0 ? fallback : pair[0];
    base_buf_printf(out, ", \"%s\": [%zu, %zu]", name, down, pair[1] == 0 ? down : pair[1]);
}

/* Epilogues other than ReLU are not told to others. */
static bool put_relu(base_buf *out, eng_epilogue epilogue) {
    base_buf_printf(out, ", \"relu\": %s", bool_text(epilogue == ENG_EPILOGUE_RELU));
    return epilogue <= ENG_EPILOGUE_RELU;
}

static bool put_dense(base_buf *out, const eng_node *node) {
    return put_relu(out, ((const eng_dense_config *)node->config)->epilogue);
}

static bool put_conv2d(base_buf *out, const eng_node *node) {
    const eng_conv2d_config *c = node->config;
    const size_t dilation = c->dilation[0] == 0 ? 1 : c->dilation[0];
    size_t padding[2] = {c->padding[0], c->padding[1]};
    for (size_t i = 0; i < 2 && c->same; i++)
        padding[i] = (c->kernel[c->kernel[1] == 0 ? 0 : i] - 1) * (c->dilation[1] == 0 ? dilation : c->dilation[i]) / 2;
    put_pair(out, "stride", c->stride, 1);
    put_pair(out, "dilation", c->dilation, 1);
    base_buf_printf(out, ", \"padding\": [%zu, %zu], \"groups\": %zu, \"bias\": %s", padding[0], padding[1],
                    c->groups == 0 ? 1 : c->groups, bool_text(!c->no_bias));
    return put_relu(out, c->epilogue);
}

static bool put_batch_norm(base_buf *out, const eng_node *node) {
    const eng_batch_norm_config *c = node->config;
    base_buf_puts(out, ", \"epsilon\": ");
    base_buf_put_double(out, c->epsilon == 0.0 ? 1e-5 : c->epsilon);
    base_buf_puts(out, ", \"momentum\": ");
    base_buf_put_double(out, c->momentum == 0.0 ? 0.1 : c->momentum);
    base_buf_printf(out, ", \"relu\": %s", bool_text(c->relu));
    return true;
}

static bool put_pool(base_buf *out, const eng_node *node) {
    const eng_pool_config *c = node->config;
    put_pair(out, "window", c->window, 1);
    put_pair(out, "stride", c->stride[0] == 0 ? c->window : c->stride, 1);
    base_buf_printf(out, ", \"padding\": [%zu, %zu]", c->padding[0], c->padding[1]);
    return true;
}

static bool put_add(base_buf *out, const eng_node *node) {
    return put_relu(out, ((const eng_add_config *)node->config)->epilogue);
}

static bool put_cross_entropy(base_buf *out, const eng_node *node) {
    (void)out;
    return ((const eng_cross_entropy_config *)node->config)->smoothing == 0.0;
}

static bool put_subsample(base_buf *out, const eng_node *node) {
    const eng_subsample_config *c = node->config;
    base_buf_printf(out, ", \"begin\": [%zu, %zu], \"stride\": %zu", c->begin[0], c->begin[1],
                    c->stride == 0 ? 1 : c->stride);
    return true;
}

static bool put_mix(base_buf *out, const eng_node *node) {
    const eng_mix_config *c = node->config;
    for (size_t i = 0; i + 1 < node->inputs; i++)
        if (c->also[i] != 0) return false;
    base_buf_printf(out, ", \"row\": %zu, \"columns\": [", c->row);
    for (size_t i = 0; i + 1 < node->inputs; i++) base_buf_printf(out, "%s%zu", i > 0 ? ", " : "", c->column[i]);
    base_buf_putc(out, ']');
    return true;
}

static bool put_nothing(base_buf *out, const eng_node *node) {
    (void)out;
    (void)node;
    return true;
}

static const struct {
    const eng_op *op;
    bool (*put)(base_buf *out, const eng_node *node); /* false: with these settings it cannot be told */
} known[] = {
    {&eng_op_dense, put_dense},
    {&eng_op_conv2d, put_conv2d},
    {&eng_op_batch_norm, put_batch_norm},
    {&eng_op_max_pool, put_pool},
    {&eng_op_mean_pool, put_pool},
    {&eng_op_global_mean_pool, put_nothing},
    {&eng_op_relu, put_nothing},
    {&eng_op_add, put_add},
    {&eng_op_concat, put_nothing},
    {&eng_op_reshape, put_nothing},
    {&eng_op_subsample, put_subsample},
    {&eng_op_parameter, put_nothing},
    {&eng_op_softmax, put_nothing},
    {&nas_op_edge_weights, put_nothing}, /* of DARTS: a softmax, too */
    {&eng_op_mix, put_mix},
    {&eng_op_cross_entropy, put_cross_entropy},
};

static base_status put_settings(base_buf *out, const eng_node *node, base_err *err) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].op == node->op && known[i].put(out, node)) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s (%s) is nothing that the other programs are told about", node->name,
                     node->op->name);
}

static base_status put_node(base_buf *out, const eng_node *node, base_err *err) {
    base_buf_printf(out, "  {\"op\": \"%s\", \"in\": [", node->op->name);
    for (size_t i = 0; i < node->inputs; i++) base_buf_printf(out, "%s%u", i > 0 ? ", " : "", node->in[i]);
    base_buf_puts(out, "], \"out\": ");
    if (node->out == ENG_NO_VALUE)
        base_buf_puts(out, "null");
    else
        base_buf_printf(out, "%u", node->out);
    base_buf_puts(out, ", \"params\": [");
    for (size_t i = 0; i < node->params; i++) base_buf_printf(out, "%s%u", i > 0 ? ", " : "", node->param_id[i]);
    base_buf_putc(out, ']');
    BASE_TRY(put_settings(out, node, err));
    base_buf_putc(out, '}');
    return BASE_OK;
}

static void put_shape(base_buf *out, const eng_shape *shape) {
    base_buf_putc(out, '[');
    for (size_t i = 0; i < shape->ndim; i++) base_buf_printf(out, "%s%zu", i > 0 ? ", " : "", shape->dim[i]);
    base_buf_putc(out, ']');
}

static void put_param(base_buf *out, const eng_param *param) {
    base_buf_puts(out, "  {\"name\": ");
    base_buf_put_json(out, param->name);
    base_buf_puts(out, ", \"shape\": ");
    put_shape(out, &param->shape);
    base_buf_printf(out, ", \"offset\": %zu, \"trained\": %s, \"group\": %u}", param->offset,
                    bool_text((param->flags & ENG_PARAM_STATE) == 0), param->group);
}

static eng_value input_of(const eng_graph *graph) {
    eng_value input = 0;
    while (eng_graph_value(graph, input)->producer != ENG_GRAPH_INPUT) input++;
    return input;
}

static base_status put_network(base_buf *out, const train_export *job, base_err *err) {
    const eng_graph *graph = job->graph;
    const eng_params *params = job->params;
    const eng_value input = input_of(graph);
    base_buf_printf(out, "{\"batch\": %zu, \"batches\": %zu, \"input\": %u, \"shape\": ", job->batch, job->batches,
                    input);
    put_shape(out, &eng_graph_value(graph, input)->shape);
    base_buf_puts(out, ", \"rate\": ");
    base_buf_put_double(out, job->rate);
    base_buf_puts(out, ", \"momentum\": ");
    base_buf_put_double(out, job->momentum);
    base_buf_puts(out, ",\n \"nodes\": [\n");
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        if (i > 0) base_buf_puts(out, ",\n");
        BASE_TRY(put_node(out, eng_graph_node(graph, i), err));
    }
    base_buf_puts(out, "],\n \"params\": [\n");
    for (size_t i = 0; i < eng_params_count(params); i++) {
        if (i > 0) base_buf_puts(out, ",\n");
        put_param(out, eng_params_at(params, i));
    }
    base_buf_puts(out, "]}\n");
    return BASE_OK;
}

static size_t input_count(const eng_graph *graph) {
    return eng_shape_count(&eng_graph_value(graph, input_of(graph))->shape);
}

static base_status write_into(const char *folder, const char *name, const void *bytes, size_t length, base_err *err) {
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", folder, name);
    base_status status = base_write_file(path.data, bytes, length, err);
    base_buf_fini(&path);
    return status;
}

base_status train_export_write(const train_export *job, const char *folder, base_err *err) {
    const eng_params *params = job->params;
    const size_t samples = job->batches * job->batch;
    base_buf text = {0};
    base_status status = put_network(&text, job, err);
    if (status == BASE_OK) status = base_make_folder(folder, err);
    if (status == BASE_OK) status = write_into(folder, "network.json", text.data, text.length, err);
    if (status == BASE_OK)
        status =
            write_into(folder, "weights.f32", eng_params_values(params), eng_params_size(params) * sizeof(float), err);
    if (status == BASE_OK)
        status = write_into(folder, "x.f32", job->x, samples * input_count(job->graph) * sizeof *job->x, err);
    if (status == BASE_OK) status = write_into(folder, "labels.i32", job->labels, samples * sizeof *job->labels, err);
    base_buf_fini(&text);
    return status;
}
