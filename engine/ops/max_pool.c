/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Max pooling. Which pixel won is kept as a byte for each output: the gradient goes there, so neither x nor y need
 * stay. Of equal pixels the first wins; a NaN wins over everything. */
#include "engine/ops/pool.h"

static base_status infer(eng_node *node, base_err *err) {
    BASE_TRY(eng_pool_infer(node, err));
    eng_pool pool = eng_pool_of(node);
    if (pool.h.window * pool.w.window > UINT8_MAX)
        return BASE_FAIL(err, BASE_INVALID, "a window of max pooling has at most %d pixels, not %zu x %zu", UINT8_MAX,
                         pool.h.window, pool.w.window);
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    return batch * eng_shape_count(&node->out_shape);
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_pool pool = eng_pool_of(call->node);
    run->k->tiles->max_pool(&pool, run->n, call->x[0], call->y, run->training ? call->saved : NULL);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_pool pool = eng_pool_of(call->node);
    run->k->tiles->max_pool_grad(&pool, run->n, call->saved, call->dy, call->dx[0]);
}

static const eng_field fields[] = {
    {"window", ENG_FIELD_SIZE, offsetof(eng_pool_config, window), 2},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_pool_config, stride), 2},
    {"padding", ENG_FIELD_SIZE, offsetof(eng_pool_config, padding), 2},
    {0},
};

const eng_op eng_op_max_pool = {
    .name = "max-pool",
    .summary = "the largest pixel of each window",
    .inputs = 1,
    .config_size = sizeof(eng_pool_config),
    .fields = fields,
    .traits = ENG_BY_SAMPLE,
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
};
