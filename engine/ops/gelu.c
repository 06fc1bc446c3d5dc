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

static const eng_op_export export = {.map = "0.5f * v * (1.0f + erff(v * 0.707106781f))"};

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
