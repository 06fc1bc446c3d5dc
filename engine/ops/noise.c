/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Normal noise in the shape of every stride-th row and column of an image, which does not depend on the image.
 *
 * A. Zela et al., "Understanding and Robustifying Differentiable Architecture Search", ICLR 2020, section 3, space S4:
 * an operation that no sensible search chooses. It is noise in evaluation, too. Numbers are a function of (seed, node,
 * step) and their place in the batch. No gradient passes. */
#include <string.h>

#include "engine/ops/ops.h"

enum { SHARED = 16384 }; /* numbers worth another thread */

static base_status infer(eng_node *node, base_err *err) {
    const eng_noise_config *config = node->config;
    const size_t stride = config->stride == 0 ? 1 : config->stride;
    if (node->in_shape[0].ndim != 3)
        return BASE_FAIL(err, BASE_INVALID, "noise takes the place of an image [height, width, channels]");
    if (!(config->deviation >= 0.0 && config->deviation < 1e6))
        return BASE_FAIL(err, BASE_INVALID, "the deviation of noise must be positive, not %g", config->deviation);
    for (size_t i = 0; i < 2; i++) node->out_shape.dim[i] = (node->in_shape[0].dim[i] + stride - 1) / stride;
    return BASE_OK;
}

typedef struct job {
    const eng_call *call;
    const eng_run *run;
} job;

/* Ranges begin at multiples of SHARED, and so of the 64 numbers that are made together. */
static void fill_range(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    const eng_run *run = ((const job *)self)->run;
    const eng_noise_config *config = call->node->config;
    const base_rng rng = base_rng_stream(run->seed, BASE_RNG_DROPOUT, call->node->index, run->step);
    (void)thread;
    run->k->normal(end - begin, begin, config->deviation == 0.0 ? 1.0f : (float)config->deviation, rng.key, rng.counter,
                   call->y + begin);
}

static void forward(const eng_call *call, eng_run *run) {
    const job j = {.call = call, .run = run};
    eng_threads_ranges(run->threads, run->n * call->out_count, SHARED, fill_range, &j);
}

static void backward(const eng_call *call, const eng_run *run) {
    memset(call->dx[0], 0, run->n * call->in_count[0] * sizeof(float));
}

static const eng_field fields[] = {
    {"stride", ENG_FIELD_SIZE, offsetof(eng_noise_config, stride), 1},
    {"deviation", ENG_FIELD_REAL, offsetof(eng_noise_config, deviation), 1},
    {0},
};

const eng_op eng_op_noise = {
    .name = "noise",
    .summary = "normal noise in the shape of an image",
    .inputs = 1,
    .config_size = sizeof(eng_noise_config),
    .fields = fields,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
