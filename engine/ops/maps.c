/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The activations of engine/tensor/maps.h as ops, an op for each line.
 *
 * - relu: the derivative at 0 is taken as 0.
 * - gelu: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415, eq. 1: x Phi(x) with the exact
 *   distribution function, not the tanh approximation.
 * - swish: P. Ramachandran, B. Zoph, Q. V. Le, "Searching for Activation Functions", arXiv:1710.05941, with beta = 1.
 * - leaky_relu: A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
 *   ICML 2013, eq. 2.
 * - hard_swish: A. Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.
 * - mish: D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020, eq. 1. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

/* What the slope is read from. */
#define SLOPE_X call->x[0]
#define SLOPE_Y call->y

#define SATURATES 0
#define RECTIFIER ENG_IS_RECTIFIER

#define OP(op_name, from, fused, weights, text, c_text, onnx_text)                                                     \
    static void forward_##op_name(const eng_call *call, eng_run *run) {                                                \
        run->k->op_name(run->n * call->out_count, call->x[0], call->y);                                                \
    }                                                                                                                  \
    static void backward_##op_name(const eng_call *call, const eng_run *run) {                                         \
        run->k->op_name##_grad(run->n * call->out_count, SLOPE_##from, call->dy, call->dx[0]);                         \
    }                                                                                                                  \
    static const eng_op_export export_##op_name = {.map = c_text, .formula = onnx_text};                               \
    const eng_op eng_op_##op_name = {                                                                                  \
        .name = #op_name,                                                                                              \
        .summary = text,                                                                                               \
        .inputs = 1,                                                                                                   \
        .traits = ENG_READS_##from | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE |  \
                  weights,                                                                                             \
        .epilogue = ENG_EPILOGUE_##fused,                                                                              \
        .forward = forward_##op_name,                                                                                  \
        .backward = backward_##op_name,                                                                                \
        .exporter = &export_##op_name,                                                                                 \
    };
ENG_MAP_LIST(OP)
