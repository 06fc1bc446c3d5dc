/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layer normalization over the last dimension: the channels of a pixel, or the units of a layer.
 *
 * J. Ba, J. Kiros, G. Hinton, "Layer Normalization", arXiv:1607.06450, eq. 3, with a learned scale and shift. The same
 * in training and in evaluation. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

enum { SHARED = 8192 }; /* numbers worth another thread */

static float epsilon_of(const eng_node *node) {
    const eng_layer_norm_config *config = node->config;
    return config->epsilon == 0.0 ? 1e-5f : (float)config->epsilon;
}

static size_t cols_of(const eng_node *node) {
    const eng_shape *in = &node->in_shape[0];
    return in->ndim == 0 ? 1 : in->dim[in->ndim - 1];
}

static base_status infer(eng_node *node, base_err *err) {
    if (!(epsilon_of(node) > 0.0f && epsilon_of(node) < 1e6f))
        return BASE_FAIL(err, BASE_INVALID, "epsilon of layer normalization must be positive, not %g",
                         ((const eng_layer_norm_config *)node->config)->epsilon);
    if (eng_shape_count(&node->in_shape[0]) == 0)
        return BASE_FAIL(err, BASE_INVALID, "layer normalization needs at least one channel");
    const eng_shape shape = eng_shape_1d(cols_of(node));
    node->params = 2;
    node->param[0] = (eng_param_spec){.name = "scale", .shape = shape, .value = 1.0f};
    node->param[1] = (eng_param_spec){.name = "shift", .shape = shape, .value = 0.0f};
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    return 2 * batch * eng_shape_count(&node->in_shape[0]) / cols_of(node) * sizeof(float);
}

typedef struct job {
    const eng_call *call;
    const eng_run *run;
} job;

static void forward_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    const size_t cols = cols_of(call->node), at = begin * cols;
    (void)thread;
    ((const job *)self)
        ->run->k->layer_norm(end - begin, cols, epsilon_of(call->node), (const float *)call->x[0] + at, call->w[0],
                             call->w[1], call->y + at, (float *)call->saved + 2 * begin);
}

static void forward(const eng_call *call, eng_run *run) {
    const size_t cols = cols_of(call->node), rows = run->n * call->out_count / cols;
    const job j = {.call = call, .run = run};
    eng_threads_ranges(run->threads, rows, SHARED / cols + 1, forward_rows, &j);
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t cols = cols_of(call->node), rows = run->n * call->out_count / cols;
    run->k->layer_norm_grad(rows, cols, call->x[0], call->w[0], call->saved, call->dy, call->dx[0], call->dw[0],
                            call->dw[1]);
}

static const char c_text[] =
    "static inline void @_layer_norm(int rows, int cols, float epsilon, const float *scale, const float *shift,\n"
    "                                const float *x, float *y) {\n"
    "    for (int i = 0; i < rows; i++, x += cols, y += cols) {\n"
    "        float mean = 0.0f, variance = 0.0f;\n"
    "        for (int j = 0; j < cols; j++) mean += x[j] / (float)cols;\n"
    "        for (int j = 0; j < cols; j++) variance += (x[j] - mean) * (x[j] - mean) / (float)cols;\n"
    "        for (int j = 0; j < cols; j++) y[j] = (x[j] - mean) / sqrtf(variance + epsilon) * scale[j] + shift[j];\n"
    "    }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t cols = cols_of(node);
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_layer_norm(%zu, %zu, (float)%.9g, %s, %s, %s, %s);",
                    eng_shape_count(&node->out_shape) / cols, cols, (double)epsilon_of(node), call->w[0], call->w[1],
                    call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *normed = eng_onnx_temporary(call->to);
    const char *in[] = {eng_onnx_channels_last(call->to, &node->in_shape[0], call->x[0]),
                        eng_onnx_floats(call->to, call->w[0], &node->param[0].shape),
                        eng_onnx_floats(call->to, call->w[1], &node->param[1].shape)};
    eng_onnx_node(call->to, "LayerNormalization", in, 3, normed);
    eng_onnx_int(call->to, "axis", -1);
    eng_onnx_float(call->to, "epsilon", epsilon_of(node));
    eng_onnx_channels_first(call->to, &node->out_shape, normed, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"epsilon", ENG_FIELD_REAL, offsetof(eng_layer_norm_config, epsilon), 1},
    {0},
};

const eng_op eng_op_layer_norm = {
    .name = "layer-norm",
    .summary = "the last dimension to mean 0 and variance 1, then a learned scale and shift",
    .inputs = 1,
    .config_size = sizeof(eng_layer_norm_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_INPLACE_BACKWARD,
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
