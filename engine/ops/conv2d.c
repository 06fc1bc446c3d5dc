/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-dimensional convolution, NHWC: Y = f(conv(X, W) + b), strided, dilated, grouped, depthwise.
 *
 * conv2d has parameters, conv2d_given reads its weights as a value of the graph: they may be computed.
 *
 * The passes are those of engine/ops/conv.h. Bias and a rectifier are applied to the sums while they are in registers;
 * backward reads the images block by block, so that dY comes from memory once for dX and dW. */
#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/conv_layer.h"
#include "engine/ops/layer_weights.h"

static const eng_conv2d_config *config_of(const eng_node *node) {
    return node->config;
}

static base_status geometry(const eng_node *node, eng_conv *conv, base_err *err) {
    const eng_conv2d_config *config = config_of(node);
    const eng_shape *in = &node->in_shape[0];
    *conv = (eng_conv){.channels = in->dim[2], .filters = config->filters};
    conv->groups = config->groups == 0 ? 1 : config->groups;
    static const size_t none[2] = {0, 0};
    BASE_TRY(eng_conv_layer_edges(config->kernel, config->stride, config->dilation,
                                  config->same ? none : config->padding, conv, err));
    eng_conv_edge *edges[2] = {&conv->h, &conv->w};
    for (size_t i = 0; i < 2; i++) {
        eng_conv_edge *e = edges[i];
        e->in = in->dim[i];
        if (config->same) BASE_TRY(eng_conv_layer_same(e, err));
        e->out = eng_conv_out(e->in, e->kernel, e->stride, e->dilation, e->padding);
    }
    return eng_conv_layer_check(conv, err);
}

/* Of a node that infer accepted. */
static eng_conv conv_of(const eng_node *node) {
    eng_conv conv;
    base_err err;
    base_status status = geometry(node, &conv, &err);
    BASE_ASSERT(status == BASE_OK);
    return conv;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_conv2d_config *config = config_of(node);
    if (node->in_shape[0].ndim != 3)
        return BASE_FAIL(err, BASE_INVALID, "a convolution wants images [height, width, channels]");
    eng_conv conv;
    BASE_TRY(geometry(node, &conv, err));
    node->out_shape = eng_shape_3d(conv.h.out, conv.w.out, conv.filters);
    if (config->epilogue > ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    eng_conv_layer_params(node, &conv, false, config->init, config->no_bias);
    return BASE_OK;
}

static base_status infer_given(eng_node *node, base_err *err) {
    BASE_TRY(infer(node, err));
    return eng_layer_weights_given(node, err);
}

static size_t workspace(const eng_node *node, size_t batch) {
    const eng_conv conv = conv_of(node);
    return (eng_align_floats(conv.filters) + eng_conv_workspace(&conv, batch)) * sizeof(float);
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_conv conv = conv_of(call->node);
    const eng_epilogue epilogue = config_of(call->node)->epilogue;
    eng_conv_pass pass = eng_conv_layer_pass(call, run, &conv, 0);
    pass.x = call->x[0];
    pass.y = call->y;
    pass.bias = eng_layer_weights_of(call).bias;
    pass.relu = epilogue == ENG_EPILOGUE_RELU;
    eng_conv_forward(&pass);
    eng_conv_layer_finish(call, run, epilogue);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_conv conv = conv_of(call->node);
    float *spare = call->workspace;
    eng_conv_layer_undo(call, run, config_of(call->node)->epilogue, spare);
    eng_conv_pass pass = eng_conv_layer_pass(call, run, &conv, eng_align_floats(conv.filters));
    pass.x = call->x[0];
    pass.dy = call->dy;
    pass.dx = call->dx[0];
    pass.dw = eng_layer_weights_of(call).dw;
    if (pass.dw != NULL)
        eng_conv_backward(&pass);
    else if (pass.dx != NULL)
        eng_conv_data(&pass);
}

/* h: in, out, kernel, stride, dilation and padding along the height; w: along the width. */
static const char c_text[] =
    "static inline void @_conv2d(const int *h, const int *w, int channels, int filters, int groups, const float *x,\n"
    "                            const float *weight, const float *bias, float *y) {\n"
    "    const int c = channels / groups, f = filters / groups;\n"
    "    for (int oy = 0; oy < h[1]; oy++)\n"
    "        for (int ox = 0; ox < w[1]; ox++, y += filters) {\n"
    "            for (int o = 0; o < filters; o++) y[o] = bias != NULL ? bias[o] : 0.0f;\n"
    "            for (int u = 0; u < h[2]; u++)\n"
    "                for (int v = 0; v < w[2]; v++) {\n"
    "                    const int iy = oy * h[3] + u * h[4] - h[5], ix = ox * w[3] + v * w[4] - w[5];\n"
    "                    if (iy < 0 || iy >= h[0] || ix < 0 || ix >= w[0]) continue;\n"
    "                    const float *at = x + (iy * w[0] + ix) * channels, *k = weight + (u * w[2] + v) * c * "
    "filters;\n"
    "                    for (int i = 0; i < c; i++, k += filters)\n"
    "                        for (int o = 0; o < filters; o++) y[o] += at[o / f * c + i] * k[o];\n"
    "                }\n"
    "        }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const eng_conv conv = conv_of(node);
    eng_c_function(call->to, c_text);
    eng_conv_layer_c("conv2d", &conv, node, call);
    eng_epilogue_c(config_of(node)->epilogue, node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const eng_conv conv = conv_of(node);
    const char *before = eng_epilogue_onnx_before(config_of(node)->epilogue, call);
    eng_conv_layer_onnx("Conv", &conv, node, call, before);
    eng_epilogue_onnx(config_of(node)->epilogue, before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"filters", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, filters), 1},
    {"kernel", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, kernel), 2},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, stride), 2},
    {"dilation", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, dilation), 2},
    {"padding", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, padding), 2},
    {"same", ENG_FIELD_BOOL, offsetof(eng_conv2d_config, same), 1},
    {"groups", ENG_FIELD_SIZE, offsetof(eng_conv2d_config, groups), 1},
    {"no_bias", ENG_FIELD_BOOL, offsetof(eng_conv2d_config, no_bias), 1},
    {"epilogue", ENG_FIELD_EPILOGUE, offsetof(eng_conv2d_config, epilogue), 1},
    {0},
};

const eng_op eng_op_conv2d = {
    .name = "conv2d",
    .summary = "convolution of images: strided, dilated, grouped, depthwise",
    .inputs = 1,
    .config_size = sizeof(eng_conv2d_config),
    .fields = fields,
    .traits = ENG_READS_X,
    .infer = infer,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};

const eng_op eng_op_conv2d_given = {
    .name = "conv2d_given",
    .summary = "convolution of images with weights that are a value",
    .inputs = 2,
    .config_size = sizeof(eng_conv2d_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_READS_SINGLE | ENG_VARIADIC,
    .infer = infer_given,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
