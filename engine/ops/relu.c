/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rectified linear unit: y = max(0, x). The derivative at 0 is taken as 0; it is read from y, so x need not stay. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void forward(const eng_call *call, eng_run *run) {
    run->k->relu(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->relu_grad(run->n * call->out_count, call->y, call->dy, call->dx[0]);
}

static const eng_op_export export = {.map = "v > 0.0f ? v : 0.0f", .type = "Relu"};

const eng_op eng_op_relu = {
    .name = "relu",
    .summary = "max(0, x)",
    .inputs = 1,
    .traits = ENG_READS_Y | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .epilogue = ENG_EPILOGUE_RELU,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
