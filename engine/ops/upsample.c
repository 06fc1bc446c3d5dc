/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nearest-neighbour enlargement of an image by a whole factor: y[i][j] = x[i / f][j / f]; dx sums the f x f copies. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

enum { MOST = 1 << 16 };

static base_status infer(eng_node *node, base_err *err) {
    size_t factor = ((const eng_upsample_config *)node->config)->factor;
    if (node->in_shape[0].ndim != 3)
        return BASE_FAIL(err, BASE_INVALID, "only an image [height, width, channels] can be enlarged");
    if (factor == 0 || node->in_shape[0].dim[0] > MOST / factor || node->in_shape[0].dim[1] > MOST / factor)
        return BASE_FAIL(err, BASE_INVALID, "an image cannot be enlarged %zu times", factor);
    node->out_shape.dim[0] *= factor;
    node->out_shape.dim[1] *= factor;
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    const size_t f = ((const eng_upsample_config *)call->node->config)->factor;
    const eng_shape *in = &call->node->in_shape[0];
    const size_t rows = run->n * in->dim[0], width = in->dim[1], channels = in->dim[2], row = width * f * channels;
    const float *x = call->x[0];
    float *y = call->y;
    for (size_t r = 0; r < rows; r++, x += width * channels) {
        for (size_t j = 0; j < width * f; j++) memcpy(y + j * channels, x + j / f * channels, channels * sizeof *y);
        for (size_t k = 1; k < f; k++) memcpy(y + k * row, y, row * sizeof *y);
        y += f * row;
    }
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t f = ((const eng_upsample_config *)call->node->config)->factor;
    const eng_shape *in = &call->node->in_shape[0];
    const size_t rows = run->n * in->dim[0], width = in->dim[1], channels = in->dim[2];
    const float *dy = call->dy;
    float *dx = call->dx[0];
    memset(dx, 0, rows * width * channels * sizeof *dx);
    for (size_t r = 0; r < rows; r++, dx += width * channels)
        for (size_t k = 0; k < f; k++)
            for (size_t j = 0; j < width * f; j++, dy += channels)
                run->k->add(channels, dx + j / f * channels, dy, dx + j / f * channels);
}

static const char c_text[] =
    "static inline void @_upsample(int factor, int height, int width, int channels, const float *x, float *y) {\n"
    "    for (int i = 0; i < factor * height; i++)\n"
    "        for (int j = 0; j < factor * width; j++)\n"
    "            for (int c = 0; c < channels; c++) *y++ = x[(i / factor * width + j / factor) * channels + c];\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t *in = node->in_shape[0].dim;
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_upsample(%zu, %zu, %zu, %zu, %s, %s);",
                    ((const eng_upsample_config *)node->config)->factor, in[0], in[1], in[2], call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const float factor = (float)((const eng_upsample_config *)node->config)->factor;
    const float scales[] = {1.0f, 1.0f, factor, factor};
    const eng_shape four = eng_shape_1d(4);
    const char *in[] = {call->x[0], "", eng_onnx_floats(call->to, scales, &four)};
    eng_onnx_node(call->to, "Resize", in, 3, call->y);
    eng_onnx_string(call->to, "mode", "nearest");
    eng_onnx_string(call->to, "coordinate_transformation_mode", "asymmetric");
    eng_onnx_string(call->to, "nearest_mode", "floor");
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"factor", ENG_FIELD_SIZE, offsetof(eng_upsample_config, factor), 1},
    {0},
};

const eng_op eng_op_upsample = {
    .name = "upsample",
    .summary = "an image enlarged by repeating its pixels",
    .inputs = 1,
    .config_size = sizeof(eng_upsample_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
