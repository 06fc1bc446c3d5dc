/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean of each channel over the whole image: M. Lin, Q. Chen, S. Yan, "Network In Network", ICLR 2014, section 3.2.
 */
#include "engine/ops/ops.h"
#include "engine/tensor/tiles.h"

static base_status infer(eng_node *node, base_err *err) {
    const eng_shape *in = &node->in_shape[0];
    if (in->ndim != 3 || eng_shape_count(in) == 0)
        return BASE_FAIL(err, BASE_INVALID, "global pooling wants images [height, width, channels]");
    node->out_shape = eng_shape_1d(in->dim[2]);
    return BASE_OK;
}

static eng_pool whole(const eng_node *node) {
    const eng_shape *in = &node->in_shape[0];
    return (eng_pool){.h = {.in = in->dim[0], .out = 1, .window = in->dim[0], .stride = in->dim[0]},
                      .w = {.in = in->dim[1], .out = 1, .window = in->dim[1], .stride = in->dim[1]},
                      .channels = in->dim[2]};
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_pool pool = whole(call->node);
    run->k->tiles->mean_pool(&pool, run->n, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_pool pool = whole(call->node);
    run->k->tiles->mean_pool_grad(&pool, run->n, call->dy, call->dx[0]);
}

const eng_op eng_op_global_mean_pool = {
    .name = "global-mean-pool",
    .summary = "the mean of each channel",
    .inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
