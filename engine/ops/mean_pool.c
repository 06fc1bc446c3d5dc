/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mean pooling. The mean is that of the pixels in the image: zeros of the padding do not count. */
#include "engine/ops/pool.h"

static void forward(const eng_call *call, eng_run *run) {
    const eng_pool pool = eng_pool_of(call->node);
    run->k->tiles->mean_pool(&pool, run->n, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_pool pool = eng_pool_of(call->node);
    run->k->tiles->mean_pool_grad(&pool, run->n, call->dy, call->dx[0]);
}

static const eng_field fields[] = {
    {"window", ENG_FIELD_SIZE, offsetof(eng_pool_config, window), 2},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_pool_config, stride), 2},
    {"padding", ENG_FIELD_SIZE, offsetof(eng_pool_config, padding), 2},
    {0},
};

const eng_op eng_op_mean_pool = {
    .name = "mean-pool",
    .summary = "the mean pixel of each window",
    .inputs = 1,
    .config_size = sizeof(eng_pool_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = eng_pool_infer,
    .forward = forward,
    .backward = backward,
};
