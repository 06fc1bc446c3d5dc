/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every stride-th pixel of an image from a first one on: y[i][j] = x[b + s i][c + s j], zero outside.
 *
 * A 1 x 1 convolution with stride s reads only these pixels. The second branch of DARTS's factorized reduction reads
 * those that its first branch leaves out (H. Liu et al., ICLR 2019, the authors' code: FactorizedReduce): with zeros
 * outside, both branches of an image of odd size have the same shape. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static size_t stride_of(const eng_node *node) {
    const size_t stride = ((const eng_subsample_config *)node->config)->stride;
    return stride == 0 ? 1 : stride;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_subsample_config *config = node->config;
    const size_t stride = stride_of(node);
    const eng_shape *in = &node->in_shape[0];
    if (in->ndim != 3) return BASE_FAIL(err, BASE_INVALID, "only an image [height, width, channels] can be subsampled");
    if (config->begin[0] >= stride || config->begin[1] >= stride)
        return BASE_FAIL(err, BASE_INVALID, "the first pixel (%zu, %zu) must lie within a stride of %zu",
                         config->begin[0], config->begin[1], stride);
    for (size_t i = 0; i < 2; i++) node->out_shape.dim[i] = (in->dim[i] + stride - 1) / stride;
    return BASE_OK;
}

/* Visits the pixels of y with the pixel of x that each is, or NULL outside. */
typedef void visit_fn(float *x, float *y, size_t channels);
static void visit(const eng_call *call, size_t n, float *x, float *y, visit_fn *pixel) {
    const eng_subsample_config *config = call->node->config;
    const eng_shape *in = &call->node->in_shape[0], *out = &call->node->out_shape;
    const size_t stride = stride_of(call->node), height = in->dim[0], width = in->dim[1], channels = in->dim[2];
    for (size_t k = 0; k < n; k++, x += height * width * channels)
        for (size_t i = 0; i < out->dim[0]; i++)
            for (size_t j = 0; j < out->dim[1]; j++, y += channels) {
                const size_t row = config->begin[0] + stride * i, col = config->begin[1] + stride * j;
                pixel(row < height && col < width ? x + (row * width + col) * channels : NULL, y, channels);
            }
}

static void take(float *x, float *y, size_t channels) {
    if (x == NULL)
        memset(y, 0, channels * sizeof *y);
    else
        memcpy(y, x, channels * sizeof *y);
}

static void give_back(float *x, float *y, size_t channels) {
    if (x != NULL) memcpy(x, y, channels * sizeof *y);
}

static void forward(const eng_call *call, eng_run *run) {
    visit(call, run->n, (float *)call->x[0], call->y, take);
}

static void backward(const eng_call *call, const eng_run *run) {
    memset(call->dx[0], 0, run->n * call->in_count[0] * sizeof(float));
    visit(call, run->n, call->dx[0], call->dy, give_back);
}

static const char c_text[] =
    "static inline void @_subsample(int stride, int top, int left, int height, int width, int channels, const float "
    "*x,\n"
    "                               float *y) {\n"
    "    for (int i = 0; i < height; i += stride)\n"
    "        for (int j = 0; j < width; j += stride)\n"
    "            for (int c = 0; c < channels; c++) {\n"
    "                const int inside = i + top < height && j + left < width;\n"
    "                *y++ = inside ? x[((i + top) * width + j + left) * channels + c] : 0.0f;\n"
    "            }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const eng_subsample_config *config = node->config;
    const size_t *in = node->in_shape[0].dim;
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_subsample(%zu, %zu, %zu, %zu, %zu, %zu, %s, %s);", stride_of(node), config->begin[0],
                    config->begin[1], in[0], in[1], in[2], call->x[0], call->y);
}

/* Rows and columns of zeros behind the image make the last pixels of y that lie outside. */
static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const eng_subsample_config *config = node->config;
    const int64_t stride = (int64_t)stride_of(node), steps[] = {stride, stride}, axes[] = {2, 3};
    const int64_t begin[] = {(int64_t)config->begin[0], (int64_t)config->begin[1]};
    int64_t ends[2], pads[8] = {0};
    for (size_t i = 0; i < 2; i++) {
        const int64_t in = (int64_t)node->in_shape[0].dim[i];
        ends[i] = begin[i] + ((int64_t)node->out_shape.dim[i] - 1) * stride + 1;
        pads[6 + i] = ends[i] > in ? ends[i] - in : 0;
    }
    eng_onnx *to = call->to;
    const char *padded = eng_onnx_temporary(to);
    eng_onnx_node(to, "Pad", (const char *[]){call->x[0], eng_onnx_numbers(to, pads, 8)}, 2, padded);
    const char *in[] = {padded, eng_onnx_numbers(to, begin, 2), eng_onnx_numbers(to, ends, 2),
                        eng_onnx_numbers(to, axes, 2), eng_onnx_numbers(to, steps, 2)};
    eng_onnx_node(to, "Slice", in, 5, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"begin", ENG_FIELD_SIZE, offsetof(eng_subsample_config, begin), 2},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_subsample_config, stride), 1},
    {0},
};

const eng_op eng_op_subsample = {
    .name = "subsample",
    .summary = "every stride-th pixel of an image",
    .inputs = 1,
    .config_size = sizeof(eng_subsample_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
