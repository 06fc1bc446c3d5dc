/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logistic sigmoid: y = 1 / (1 + exp(-x)), dy/dx = y (1 - y). */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void forward(const eng_call *call, eng_run *run) {
    run->k->sigmoid(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->sigmoid_grad(run->n * call->out_count, call->y, call->dy, call->dx[0]);
}

static const eng_op_export export = {.map = "1.0f / (1.0f + expf(-v))", .type = "Sigmoid"};

const eng_op eng_op_sigmoid = {
    .name = "sigmoid",
    .summary = "1 / (1 + exp(-x))",
    .inputs = 1,
    .traits = ENG_READS_Y | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .epilogue = ENG_EPILOGUE_SIGMOID,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
