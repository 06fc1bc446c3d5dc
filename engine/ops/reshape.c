/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same numbers under another shape, usually flat. Lies on its input's memory and then costs nothing. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    const eng_reshape_config *config = node->config;
    size_t count = eng_shape_count(&node->in_shape[0]);
    if (config->shape.ndim > ENG_MAX_DIMS)
        return BASE_FAIL(err, BASE_INVALID, "a shape has at most %d sizes, not %zu", ENG_MAX_DIMS, config->shape.ndim);
    node->out_shape = config->shape.ndim == 0 ? eng_shape_1d(count) : config->shape;
    if (eng_shape_count(&node->out_shape) == count) return BASE_OK;
    base_buf text = {0};
    eng_shape_text(&node->in_shape[0], &text);
    base_buf_puts(&text, " cannot become ");
    eng_shape_text(&config->shape, &text);
    base_status status = BASE_FAIL(err, BASE_INVALID, "%s: the number of elements differs", text.data);
    base_buf_fini(&text);
    return status;
}

static void forward(const eng_call *call, eng_run *run) {
    if (call->y != call->x[0]) memcpy(call->y, call->x[0], run->n * call->out_count * sizeof(float));
}

static void backward(const eng_call *call, const eng_run *run) {
    if (call->dx[0] != call->dy) memcpy(call->dx[0], call->dy, run->n * call->out_count * sizeof(float));
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *x = eng_onnx_channels_last(call->to, &node->in_shape[0], call->x[0]);
    const char *y = eng_onnx_temporary(call->to);
    int64_t shape[ENG_MAX_DIMS + 1] = {0};
    for (size_t d = 0; d < node->out_shape.ndim; d++) shape[d + 1] = (int64_t)node->out_shape.dim[d];
    const char *in[] = {x, eng_onnx_numbers(call->to, shape, node->out_shape.ndim + 1)};
    eng_onnx_node(call->to, "Reshape", in, 2, y);
    eng_onnx_channels_first(call->to, &node->out_shape, y, call->y);
}

static const eng_op_export export = {.identity = true, .onnx = write_onnx};

static const eng_field fields[] = {
    {"ndim", ENG_FIELD_SIZE, offsetof(eng_reshape_config, shape.ndim), 1},
    {"dim", ENG_FIELD_SIZE, offsetof(eng_reshape_config, shape.dim), ENG_MAX_DIMS},
    {0},
};

const eng_op eng_op_reshape = {
    .name = "reshape",
    .summary = "the same numbers under another shape",
    .inputs = 1,
    .config_size = sizeof(eng_reshape_config),
    .fields = fields,
    .traits = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
