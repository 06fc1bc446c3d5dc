/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Softmax over the last dimension as an activation: y_c = exp(x_c) / sum exp(x), made safe by subtracting the maximum.
 *
 * dx = y (dy - <y, dy>). A classifier's last softmax is part of its loss (cross_entropy), which is exact where this one
 * would take the logarithm of a rounded zero. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static size_t width_of(const eng_node *node) {
    return node->out_shape.dim[node->out_shape.ndim - 1];
}

static base_status infer(eng_node *node, base_err *err) {
    if (node->out_shape.ndim == 0 || eng_shape_count(&node->out_shape) == 0)
        return BASE_FAIL(err, BASE_INVALID, "softmax needs at least one number per sample");
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    size_t cols = width_of(call->node);
    run->k->softmax(run->n * call->out_count / cols, cols, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    size_t cols = width_of(call->node);
    run->k->softmax_grad(run->n * call->out_count / cols, cols, call->y, call->dy, call->dx[0]);
}

static const char c_text[] = "static inline void @_softmax(int rows, int cols, const float *x, float *y) {\n"
                             "    for (int i = 0; i < rows; i++, x += cols, y += cols) {\n"
                             "        float max = x[0], sum = 0.0f;\n"
                             "        for (int j = 1; j < cols; j++) max = x[j] > max ? x[j] : max;\n"
                             "        for (int j = 0; j < cols; j++) sum += y[j] = expf(x[j] - max);\n"
                             "        for (int j = 0; j < cols; j++) y[j] /= sum;\n"
                             "    }\n"
                             "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t cols = width_of(node);
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_softmax(%zu, %zu, %s, %s);", eng_shape_count(&node->out_shape) / cols, cols,
                    call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    (void)node;
    eng_onnx_map(call->to, "Softmax", call->x[0], call->y);
    eng_onnx_int(call->to, "axis", 1);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

const eng_op eng_op_softmax = {
    .name = "softmax",
    .summary = "exp(x) normalized to a sum of one over the layer",
    .inputs = 1,
    .traits = ENG_READS_Y | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
