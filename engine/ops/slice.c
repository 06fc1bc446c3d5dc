/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some of a value's channels (the last dimension). A value that several slices read is split among them. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static size_t channels_of(const eng_shape *shape) {
    return shape->dim[shape->ndim - 1];
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_slice_config *config = node->config;
    const eng_shape *in = &node->in_shape[0];
    size_t channels = in->ndim == 0 ? 0 : channels_of(in);
    if (config->count == 0) return BASE_FAIL(err, BASE_INVALID, "a slice must have at least one channel");
    if (config->begin >= channels || config->count > channels - config->begin)
        return BASE_FAIL(err, BASE_INVALID, "there are %zu channels, so %zu from number %zu on cannot be taken",
                         channels, config->count, config->begin);
    node->out_shape.dim[in->ndim - 1] = config->count;
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_slice_config *config = call->node->config;
    size_t width = channels_of(&call->node->in_shape[0]), rows = run->n * call->out_count / config->count;
    const float *x = (const float *)call->x[0] + config->begin;
    for (size_t r = 0; r < rows; r++) memcpy(call->y + r * config->count, x + r * width, config->count * sizeof *x);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_slice_config *config = call->node->config;
    size_t width = channels_of(&call->node->in_shape[0]), rows = run->n * call->out_count / config->count;
    if (call->dx[0] == NULL) return;
    memset(call->dx[0], 0, rows * width * sizeof(float));
    float *dx = call->dx[0] + config->begin;
    for (size_t r = 0; r < rows; r++)
        memcpy(dx + r * width, call->dy + r * config->count, config->count * sizeof(float));
}

static const char c_text[] =
    "static inline void @_slice(int rows, int width, int begin, int count, const float *x, float *y) {\n"
    "    for (int i = 0; i < rows; i++)\n"
    "        for (int j = 0; j < count; j++) y[i * count + j] = x[i * width + begin + j];\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const eng_slice_config *config = node->config;
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_slice(%zu, %zu, %zu, %zu, %s, %s);", eng_shape_count(&node->out_shape) / config->count,
                    channels_of(&node->in_shape[0]), config->begin, config->count, call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const eng_slice_config *config = node->config;
    const int64_t from = (int64_t)config->begin, end = from + (int64_t)config->count, axis = 1;
    const char *in[] = {call->x[0], eng_onnx_numbers(call->to, &from, 1), eng_onnx_numbers(call->to, &end, 1),
                        eng_onnx_numbers(call->to, &axis, 1)};
    eng_onnx_node(call->to, "Slice", in, 4, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"begin", ENG_FIELD_SIZE, offsetof(eng_slice_config, begin), 1},
    {"count", ENG_FIELD_SIZE, offsetof(eng_slice_config, count), 1},
    {0},
};

const eng_op eng_op_slice = {
    .name = "slice",
    .summary = "some of the channels",
    .inputs = 1,
    .config_size = sizeof(eng_slice_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
