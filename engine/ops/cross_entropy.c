/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-entropy of exclusive classes from logits, softmax included: L = -1/n sum_r sum_c t_rc log p_rc.
 *
 * Fused with the softmax, whose probabilities are kept for backward: dx = (p - t) / n. Label smoothing (C. Szegedy et
 * al., "Rethinking the Inception Architecture", CVPR 2016, section 7): t = (1 - s) onehot + s / C, in training only, so
 * that losses of runs with different s compare. An auxiliary loss (C. Szegedy et al., "Going Deeper with Convolutions",
 * CVPR 2015, section 5) is added with a weight in training, and not at all in evaluation. */
#include "engine/ops/ops.h"

static double smoothing_of(const eng_node *node) {
    return ((const eng_cross_entropy_config *)node->config)->smoothing;
}

static double auxiliary_of(const eng_node *node) {
    return ((const eng_cross_entropy_config *)node->config)->auxiliary;
}

static double weight_of(const eng_node *node) {
    return auxiliary_of(node) == 0.0 ? 1.0 : auxiliary_of(node);
}

static base_status infer(eng_node *node, base_err *err) {
    double smoothing = smoothing_of(node);
    if (node->in_type[1] != ENG_I32 || eng_shape_count(&node->in_shape[1]) != 1)
        return BASE_FAIL(err, BASE_INVALID, "cross-entropy needs one label for each sample");
    if (eng_shape_count(&node->in_shape[0]) < 2)
        return BASE_FAIL(err, BASE_INVALID, "cross-entropy needs at least two classes");
    if (!(smoothing >= 0.0 && smoothing < 1.0))
        return BASE_FAIL(err, BASE_INVALID, "label smoothing must be at least 0 and below 1, not %g", smoothing);
    if (!(auxiliary_of(node) >= 0.0 && auxiliary_of(node) < 1e6))
        return BASE_FAIL(err, BASE_INVALID, "the weight of an auxiliary loss must be positive, not %g",
                         auxiliary_of(node));
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    return batch * eng_shape_count(&node->in_shape[0]) * sizeof(float);
}

static void forward(const eng_call *call, eng_run *run) {
    const int32_t *labels = call->x[1];
    size_t classes = call->in_count[0];
    for (size_t r = 0; r < run->n; r++) BASE_ASSERT(labels[r] >= 0 && (size_t)labels[r] < classes);
    if (auxiliary_of(call->node) > 0.0 && !run->training) return;
    float smoothing = run->training ? (float)smoothing_of(call->node) : 0.0f;
    run->loss += weight_of(call->node) *
                 run->k->softmax_loss(run->n, classes, smoothing, call->x[0], labels, call->saved) / (double)run->n;
}

static void backward(const eng_call *call, const eng_run *run) {
    run->k->softmax_loss_grad(run->n, call->in_count[0], (float)smoothing_of(call->node),
                              (float)(weight_of(call->node) / (double)run->n), call->saved, call->x[1], call->dx[0]);
}

static const eng_field fields[] = {
    {"smoothing", ENG_FIELD_REAL, offsetof(eng_cross_entropy_config, smoothing), 1},
    {"auxiliary", ENG_FIELD_REAL, offsetof(eng_cross_entropy_config, auxiliary), 1},
    {0},
};

const eng_op eng_op_cross_entropy = {
    .name = "cross-entropy",
    .summary = "negative log-likelihood of exclusive classes, from logits",
    .inputs = 2,
    .config_size = sizeof(eng_cross_entropy_config),
    .fields = fields,
    .traits = ENG_IS_LOSS,
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
};
