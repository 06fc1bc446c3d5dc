/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exponential linear unit: y = x for x > 0, else alpha (exp(x) - 1).
 *
 * D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units",
 * ICLR 2016, eqs. 15 and 16: below zero dy/dx = y + alpha, so the output is enough for backward. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static float alpha_of(const eng_node *node) {
    const eng_elu_config *config = node->config;
    return config->alpha == 0.0 ? 1.0f : (float)config->alpha;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_elu_config *config = node->config;
    if (!(config->alpha >= 0.0 && config->alpha <= 1e6))
        return BASE_FAIL(err, BASE_INVALID, "alpha of elu must be positive, not %g", config->alpha);
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    run->k->elu(run->n * call->out_count, alpha_of(call->node), call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->elu_grad(run->n * call->out_count, alpha_of(call->node), call->y, call->dy, call->dx[0]);
}

static const char c_text[] = "static inline void @_elu(int n, float alpha, const float *x, float *y) {\n"
                             "    for (int i = 0; i < n; i++) y[i] = x[i] > 0.0f ? x[i] : alpha * expm1f(x[i]);\n"
                             "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_elu(%zu, (float)%.9g, %s, %s);", eng_shape_count(&node->out_shape),
                    (double)alpha_of(node), call->x[0], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    eng_onnx_map(call->to, "Elu", call->x[0], call->y);
    eng_onnx_float(call->to, "alpha", alpha_of(node));
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"alpha", ENG_FIELD_REAL, offsetof(eng_elu_config, alpha), 1},
    {0},
};

const eng_op eng_op_elu = {
    .name = "elu",
    .summary = "x above zero, alpha (exp(x) - 1) below",
    .inputs = 1,
    .config_size = sizeof(eng_elu_config),
    .fields = fields,
    .traits =
        ENG_READS_Y | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_IS_RECTIFIER | ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
