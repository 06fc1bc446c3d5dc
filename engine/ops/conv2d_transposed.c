/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transposed convolution: the adjoint of a convolution as a layer, for decoders.
 *
 * V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, chapter 4. Here Y is
 * the x of a convolution and X its y: forward is that convolution's data pass, backward its forward. No zeros are
 * inserted between pixels; every residue of the stride is a small convolution of its own. */
#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/conv_layer.h"

static const eng_conv2d_transposed_config *config_of(const eng_node *node) {
    return node->config;
}

static base_status geometry(const eng_node *node, eng_conv *conv, base_err *err) {
    const eng_conv2d_transposed_config *config = config_of(node);
    const eng_shape *in = &node->in_shape[0];
    *conv = (eng_conv){.channels = config->filters, .filters = in->dim[2]};
    conv->groups = config->groups == 0 ? 1 : config->groups;
    BASE_TRY(eng_conv_layer_edges(config->kernel, config->stride, config->dilation, config->padding, conv, err));
    eng_conv_edge *edges[2] = {&conv->h, &conv->w};
    for (size_t i = 0; i < 2; i++) {
        eng_conv_edge *e = edges[i];
        e->out = in->dim[i];
        if (config->extra[i] >= e->stride)
            return BASE_FAIL(err, BASE_INVALID, "extra rows must be fewer than the stride, %zu, not %zu", e->stride,
                             config->extra[i]);
        if (e->out == 0 || e->out > ((size_t)1 << 20)) return eng_conv_layer_check(conv, err);
        size_t whole = (e->out - 1) * e->stride + (e->kernel - 1) * e->dilation + 1 + config->extra[i];
        e->in = whole > 2 * e->padding ? whole - 2 * e->padding : 0;
        /* A margin may hide rows that this kernel would have written: then the convolution has fewer outputs. */
        if (e->in > 0 && eng_conv_out(e->in, e->kernel, e->stride, e->dilation, e->padding) != e->out) e->in = 0;
    }
    return eng_conv_layer_check(conv, err);
}

static eng_conv conv_of(const eng_node *node) {
    eng_conv conv;
    base_err err;
    base_status status = geometry(node, &conv, &err);
    BASE_ASSERT(status == BASE_OK);
    return conv;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_conv2d_transposed_config *config = config_of(node);
    if (node->in_shape[0].ndim != 3)
        return BASE_FAIL(err, BASE_INVALID, "a transposed convolution wants images [height, width, channels]");
    eng_conv conv;
    BASE_TRY(geometry(node, &conv, err));
    node->out_shape = eng_shape_3d(conv.h.in, conv.w.in, conv.channels);
    if (config->epilogue > ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    eng_conv_layer_params(node, &conv, true, config->init, config->no_bias);
    return BASE_OK;
}

static size_t workspace(const eng_node *node, size_t batch) {
    const eng_conv conv = conv_of(node);
    return (eng_align_floats(conv.channels) + eng_conv_workspace(&conv, batch)) * sizeof(float);
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_conv conv = conv_of(call->node);
    const eng_epilogue epilogue = config_of(call->node)->epilogue;
    eng_conv_pass pass = eng_conv_layer_pass(call, run, &conv, 0);
    pass.dy = call->x[0];
    pass.dx = call->y;
    pass.bias = call->node->params > 1 ? call->w[1] : NULL;
    pass.relu = epilogue == ENG_EPILOGUE_RELU;
    eng_conv_data(&pass);
    eng_conv_layer_finish(call, run, epilogue);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_conv conv = conv_of(call->node);
    float *spare = call->workspace;
    eng_conv_layer_undo(call, run, config_of(call->node)->epilogue, spare);
    eng_conv_pass pass = eng_conv_layer_pass(call, run, &conv, eng_align_floats(conv.channels));
    pass.x = call->dy;
    pass.dy = call->x[0];
    pass.y = call->dx[0];
    pass.dw = call->dw[0];
    if (!call->frozen) eng_conv_weights(&pass);
    if (call->dx[0] != NULL) eng_conv_forward(&pass);
}

/* As a convolution whose y is x and whose x is y: see conv2d. */
static const char c_text[] =
    "static inline void @_conv2d_transposed(const int *h, const int *w, int channels, int filters, int groups,\n"
    "                                       const float *x, const float *weight, const float *bias, float *y) {\n"
    "    const int c = channels / groups, f = filters / groups;\n"
    "    for (int i = 0; i < h[0] * w[0]; i++)\n"
    "        for (int o = 0; o < channels; o++) y[i * channels + o] = bias != NULL ? bias[o] : 0.0f;\n"
    "    for (int ix = 0; ix < h[1] * w[1]; ix++, x += filters)\n"
    "        for (int u = 0; u < h[2]; u++)\n"
    "            for (int v = 0; v < w[2]; v++) {\n"
    "                const int oy = ix / w[1] * h[3] + u * h[4] - h[5], ox = ix % w[1] * w[3] + v * w[4] - w[5];\n"
    "                if (oy < 0 || oy >= h[0] || ox < 0 || ox >= w[0]) continue;\n"
    "                float *at = y + (oy * w[0] + ox) * channels;\n"
    "                const float *k = weight + (u * w[2] + v) * c * filters;\n"
    "                for (int i = 0; i < c; i++, k += filters)\n"
    "                    for (int o = 0; o < filters; o++) at[o / f * c + i] += x[o] * k[o];\n"
    "            }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const eng_conv conv = conv_of(node);
    eng_c_function(call->to, c_text);
    eng_conv_layer_c("conv2d_transposed", &conv, node, call);
    eng_epilogue_c(config_of(node)->epilogue, node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const eng_conv conv = conv_of(node);
    const char *before = eng_epilogue_onnx_before(config_of(node)->epilogue, call);
    eng_conv_layer_onnx("ConvTranspose", &conv, node, call, before);
    const size_t *extra = config_of(node)->extra;
    eng_onnx_ints(call->to, "output_padding", (const int64_t[]){(int64_t)extra[0], (int64_t)extra[1]}, 2);
    eng_epilogue_onnx(config_of(node)->epilogue, before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"filters", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, filters), 1},
    {"kernel", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, kernel), 2},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, stride), 2},
    {"dilation", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, dilation), 2},
    {"padding", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, padding), 2},
    {"extra", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, extra), 2},
    {"groups", ENG_FIELD_SIZE, offsetof(eng_conv2d_transposed_config, groups), 1},
    {"no_bias", ENG_FIELD_BOOL, offsetof(eng_conv2d_transposed_config, no_bias), 1},
    {"epilogue", ENG_FIELD_EPILOGUE, offsetof(eng_conv2d_transposed_config, epilogue), 1},
    {0},
};

const eng_op eng_op_conv2d_transposed = {
    .name = "conv2d-transposed",
    .summary = "the adjoint of a convolution, which enlarges images",
    .inputs = 1,
    .config_size = sizeof(eng_conv2d_transposed_config),
    .fields = fields,
    .traits = ENG_READS_X,
    .infer = infer,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
