/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean of each channel over the whole image or volume: M. Lin, Q. Chen, S. Yan, "Network In Network", ICLR 2014,
 * section 3.2.
 */
#include "engine/export/export.h"
#include "engine/ops/ops.h"
#include "engine/tensor/tiles.h"

static base_status infer(eng_node *node, base_err *err) {
    const eng_shape *in = &node->in_shape[0];
    if (in->ndim < 3 || in->ndim > 4 || eng_shape_count(in) == 0)
        return BASE_FAIL(err, BASE_INVALID, "global pooling wants images [height, width, channels] or volumes");
    node->out_shape = eng_shape_1d(in->dim[in->ndim - 1]);
    return BASE_OK;
}

/* The slices of a volume are an image, one below the other. */
static eng_pool whole(const eng_node *node) {
    const eng_shape *in = &node->in_shape[0];
    const size_t h = in->ndim == 4 ? in->dim[0] * in->dim[1] : in->dim[0], w = in->dim[in->ndim - 2];
    return (eng_pool){.h = {.in = h, .out = 1, .window = h, .stride = h},
                      .w = {.in = w, .out = 1, .window = w, .stride = w},
                      .channels = in->dim[in->ndim - 1]};
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_pool pool = whole(call->node);
    run->k->tiles->mean_pool(&pool, run->n, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_pool pool = whole(call->node);
    run->k->tiles->mean_pool_grad(&pool, run->n, call->dy, call->dx[0]);
}

static const char c_text[] =
    "static inline void @_global_mean_pool(int pixels, int channels, const float *x, float *y) {\n"
    "    for (int c = 0; c < channels; c++) {\n"
    "        float sum = 0.0f;\n"
    "        for (int i = 0; i < pixels; i++) sum += x[i * channels + c];\n"
    "        y[c] = sum / (float)pixels;\n"
    "    }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t channels = eng_shape_count(&node->out_shape);
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_global_mean_pool(%zu, %zu, %s, %s);", eng_shape_count(&node->in_shape[0]) / channels,
                    channels, call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *pooled = eng_onnx_temporary(call->to);
    (void)node;
    eng_onnx_map(call->to, "GlobalAveragePool", call->x[0], pooled);
    eng_onnx_map(call->to, "Flatten", pooled, call->y);
    eng_onnx_int(call->to, "axis", 1);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

const eng_op eng_op_global_mean_pool = {
    .name = "global-mean-pool",
    .summary = "the mean of each channel",
    .inputs = 1,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
