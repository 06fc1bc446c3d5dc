/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swish (SiLU): y = x sigmoid(x), dy/dx = s + x s (1 - s).
 *
 * P. Ramachandran, B. Zoph, Q. V. Le, "Searching for Activation Functions", arXiv:1710.05941, with beta = 1. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void forward(const eng_call *call, eng_run *run) {
    run->k->swish(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->swish_grad(run->n * call->out_count, call->x[0], call->dy, call->dx[0]);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *sigmoid = eng_onnx_temporary(call->to);
    (void)node;
    eng_onnx_map(call->to, "Sigmoid", call->x[0], sigmoid);
    eng_onnx_node(call->to, "Mul", (const char *[]){call->x[0], sigmoid}, 2, call->y);
}

static const eng_op_export export = {.map = "v / (1.0f + expf(-v))", .onnx = write_onnx};

const eng_op eng_op_swish = {
    .name = "swish",
    .summary = "x times the sigmoid of x",
    .inputs = 1,
    .traits = ENG_READS_X | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .epilogue = ENG_EPILOGUE_NONE,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
