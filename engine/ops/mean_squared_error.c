/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mean squared error over all numbers of the batch: L = 1/(n c) sum (x - t)^2. */
#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    if (node->in_type[1] != ENG_F32 || !eng_shape_equal(&node->in_shape[0], &node->in_shape[1]))
        return BASE_FAIL(err, BASE_INVALID, "mean squared error needs one target number for each output");
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    size_t count = run->n * call->in_count[0];
    run->loss += run->k->squared_error(count, call->x[0], call->x[1]) / (double)count;
}

static void backward(const eng_call *call, const eng_run *run) {
    size_t count = run->n * call->in_count[0];
    run->k->difference(count, 2.0f / (float)count, call->x[0], call->x[1], call->dx[0]);
}

const eng_op eng_op_mean_squared_error = {
    .name = "mean-squared-error",
    .summary = "mean of (output - target)^2",
    .inputs = 2,
    .traits = ENG_READS_X | ENG_IS_LOSS,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
