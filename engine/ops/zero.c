/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros in the shape of every stride-th row and column of an image: the operation `none` of cell searches, which takes
 * part in a mixture without giving anything (H. Liu et al., "DARTS", ICLR 2019, section 2.1). No gradient passes. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    size_t stride = ((const eng_zero_config *)node->config)->stride;
    if (stride == 0) stride = 1;
    if (node->in_shape[0].ndim != 3)
        return BASE_FAIL(err, BASE_INVALID, "zeros take the place of an image [height, width, channels]");
    for (size_t i = 0; i < 2; i++) node->out_shape.dim[i] = (node->in_shape[0].dim[i] + stride - 1) / stride;
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    memset(call->y, 0, run->n * call->out_count * sizeof(float));
}

static void backward(const eng_call *call, const eng_run *run) {
    memset(call->dx[0], 0, run->n * call->in_count[0] * sizeof(float));
}

static const char c_text[] = "static inline void @_zero(int n, float *y) {\n"
                             "    for (int i = 0; i < n; i++) y[i] = 0.0f;\n"
                             "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_zero(%zu, %s);", eng_shape_count(&node->out_shape), call->y);
}

/* So many pixels of the image, less themselves: the batch is not known here. */
static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const size_t *out = node->out_shape.dim;
    const int64_t none[] = {0, 0}, ends[] = {(int64_t)out[0], (int64_t)out[1]}, axes[] = {2, 3};
    eng_onnx *to = call->to;
    const char *some = eng_onnx_temporary(to);
    const char *in[] = {call->x[0], eng_onnx_numbers(to, none, 2), eng_onnx_numbers(to, ends, 2),
                        eng_onnx_numbers(to, axes, 2)};
    eng_onnx_node(to, "Slice", in, 4, some);
    eng_onnx_node(to, "Sub", (const char *[]){some, some}, 2, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"stride", ENG_FIELD_SIZE, offsetof(eng_zero_config, stride), 1},
    {0},
};

const eng_op eng_op_zero = {
    .name = "zero",
    .summary = "zeros in the shape of an image",
    .inputs = 1,
    .config_size = sizeof(eng_zero_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
