/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parametric rectifier: y = x for x > 0, else a x, with one learned slope a for the layer.
 *
 * K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers", ICCV 2015, eq. 1 in its channel-shared form, a =
 * 0.25 at first. No weight decay on a, as the paper asks (section 2.1): decay would push it to ReLU. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    const eng_prelu_config *config = node->config;
    if (!(config->slope > -1e6 && config->slope < 1e6))
        return BASE_FAIL(err, BASE_INVALID, "the first slope of prelu must be a number like 0.25, not %g",
                         config->slope);
    node->params = 1;
    node->param[0] = (eng_param_spec){
        .name = "slope", .shape = eng_shape_1d(1), .value = config->slope == 0.0 ? 0.25f : (float)config->slope};
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    run->k->prelu(run->n * call->out_count, *call->w[0], call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    size_t count = run->n * call->out_count;
    *call->dw[0] = (float)run->k->prelu_grad(count, *call->w[0], call->x[0], call->dy, call->dx[0]);
}

static const char c_text[] = "static inline void @_prelu(int n, const float *slope, const float *x, float *y) {\n"
                             "    for (int i = 0; i < n; i++) y[i] = x[i] > 0.0f ? x[i] : slope[0] * x[i];\n"
                             "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_prelu(%zu, %s, %s, %s);", eng_shape_count(&node->out_shape), call->w[0], call->x[0],
                    call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *slope = eng_onnx_floats(call->to, call->w[0], &node->param[0].shape);
    eng_onnx_node(call->to, "PRelu", (const char *[]){call->x[0], slope}, 2, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"slope", ENG_FIELD_REAL, offsetof(eng_prelu_config, slope), 1},
    {0},
};

const eng_op eng_op_prelu = {
    .name = "prelu",
    .summary = "x above zero, a learned slope times x below",
    .inputs = 1,
    .config_size = sizeof(eng_prelu_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_IS_RECTIFIER,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
