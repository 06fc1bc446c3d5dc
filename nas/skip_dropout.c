/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's dropout, but for the rate. The mask is that of the seed, the node and the step. */
#include "nas/skip_dropout.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "engine/ops/ops.h"

enum { SHARED = 8192 }; /* units worth another thread: whole blocks of random bits */

typedef struct skip_config {
    const double *rate;
} skip_config;

/* In units of 2^-16, as the mask is drawn; the scale belongs to the rate that is really used. */
static uint32_t threshold_of(const eng_call *call) {
    return (uint32_t)floor(*((const skip_config *)call->node->config)->rate * 0x1p16);
}

static float scale_of(const eng_call *call) {
    return (float)(0x1p16 / (0x1p16 - (double)threshold_of(call)));
}

static base_status infer(eng_node *node, base_err *err) {
    (void)node, (void)err;
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    return batch * eng_shape_count(&node->out_shape);
}

typedef struct job {
    const eng_call *call;
    const eng_run *run;
} job;

static void drop_range(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    const eng_run *run = ((const job *)self)->run;
    base_rng rng = base_rng_stream(run->seed, BASE_RNG_DROPOUT, call->node->index, run->step);
    (void)thread;
    run->k->dropout(end - begin, begin, threshold_of(call), scale_of(call), rng.key, rng.counter,
                    (const float *)call->x[0] + begin, call->y + begin, (uint8_t *)call->saved + begin);
}

static void forward(const eng_call *call, eng_run *run) {
    const size_t count = run->n * call->out_count;
    const job j = {.call = call, .run = run};
    if (run->training && threshold_of(call) > 0)
        eng_threads_ranges(run->threads, count, SHARED, drop_range, &j);
    else
        memcpy(call->y, call->x[0], count * sizeof *call->y);
}

static void gradient_range(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    (void)thread;
    ((const job *)self)
        ->run->k->dropout_grad(end - begin, scale_of(call), (const uint8_t *)call->saved + begin, call->dy + begin,
                               call->dx[0] + begin);
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t count = run->n * call->out_count;
    const job j = {.call = call, .run = run};
    if (threshold_of(call) > 0)
        eng_threads_ranges(run->threads, count, SHARED, gradient_range, &j);
    else
        memcpy(call->dx[0], call->dy, count * sizeof *call->dy);
}

static const eng_op op_skip_dropout = {
    .name = "skip_dropout",
    .summary = "dropout at a rate that changes between passes",
    .inputs = 1,
    .config_size = sizeof(skip_config),
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
};

base_status nas_skip_dropout_build(eng_net *net, const double *rate) {
    return eng_net_apply(net, &op_skip_dropout, &(skip_config){rate}, NULL);
}
