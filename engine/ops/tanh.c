/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hyperbolic tangent: dy/dx = 1 - y^2. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void forward(const eng_call *call, eng_run *run) {
    run->k->tanh(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->tanh_grad(run->n * call->out_count, call->y, call->dy, call->dx[0]);
}

static const eng_op_export export = {.map = "tanhf(v)", .type = "Tanh"};

const eng_op eng_op_tanh = {
    .name = "tanh",
    .summary = "hyperbolic tangent",
    .inputs = 1,
    .traits = ENG_READS_Y | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION | ENG_BY_SAMPLE,
    .epilogue = ENG_EPILOGUE_TANH,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
