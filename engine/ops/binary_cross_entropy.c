/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binary cross-entropy of logits, mean over all answers: L = 1/(n c) sum max(x, 0) - x t + log(1 + exp(-|x|)).
 *
 * This form of -t log s(x) - (1 - t) log(1 - s(x)) neither overflows nor takes the logarithm of a rounded zero; its
 * gradient is (s(x) - t) / (n c). The sum is scalar code in double: a batch holds few answers. */
#include <math.h>

#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    if (node->in_type[1] != ENG_F32 || !eng_shape_equal(&node->in_shape[0], &node->in_shape[1]))
        return BASE_FAIL(err, BASE_INVALID, "binary cross-entropy needs one target number for each output");
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    const float *x = call->x[0], *t = call->x[1];
    size_t count = run->n * call->in_count[0];
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double logit = (double)x[i];
        sum += (logit < 0.0 ? 0.0 : logit) - logit * (double)t[i] + log1p(exp(-fabs(logit)));
    }
    run->loss += sum / (double)count;
}

static void backward(const eng_call *call, const eng_run *run) {
    size_t count = run->n * call->in_count[0];
    run->k->sigmoid(count, call->x[0], call->dx[0]);
    run->k->difference(count, 1.0f / (float)count, call->dx[0], call->x[1], call->dx[0]);
}

const eng_op eng_op_binary_cross_entropy = {
    .name = "binary-cross-entropy",
    .summary = "negative log-likelihood of independent yes/no answers, from logits",
    .inputs = 2,
    .traits = ENG_READS_X | ENG_IS_LOSS,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
