/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gaussian error linear unit: y = x Phi(x) with the exact distribution function, not the tanh approximation.
 *
 * D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415, eq. 1; dy/dx = Phi(x) + x phi(x). */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void forward(const eng_call *call, eng_run *run) {
    run->k->gelu(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->gelu_grad(run->n * call->out_count, call->x[0], call->dy, call->dx[0]);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    static const float half = 0.5f, root = 0.707106781f, one = 1.0f;
    static const eng_shape scalar = {0};
    eng_onnx *to = call->to;
    (void)node;
    const char *scaled = eng_onnx_temporary(to), *erf = eng_onnx_temporary(to), *sum = eng_onnx_temporary(to);
    const char *product = eng_onnx_temporary(to);
    eng_onnx_node(to, "Mul", (const char *[]){call->x[0], eng_onnx_floats(to, &root, &scalar)}, 2, scaled);
    eng_onnx_map(to, "Erf", scaled, erf);
    eng_onnx_node(to, "Add", (const char *[]){erf, eng_onnx_floats(to, &one, &scalar)}, 2, sum);
    eng_onnx_node(to, "Mul", (const char *[]){call->x[0], sum}, 2, product);
    eng_onnx_node(to, "Mul", (const char *[]){product, eng_onnx_floats(to, &half, &scalar)}, 2, call->y);
}

static const eng_op_export export = {.map = "0.5f * v * (1.0f + erff(v * 0.707106781f))", .onnx = write_onnx};

const eng_op eng_op_gelu = {
    .name = "gelu",
    .summary = "x times the normal distribution function of x",
    .inputs = 1,
    .traits = ENG_READS_X | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .epilogue = ENG_EPILOGUE_NONE,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
