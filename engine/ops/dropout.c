/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inverted dropout: in training each unit is zero with probability `rate`, else divided by 1 - rate; in evaluation x.
 *
 * N. Srivastava et al., "Dropout", JMLR 15 (2014), section 10 for the scaling. The mask is a function of (seed, node,
 * step) alone, so training continued from a checkpoint drops what it would have dropped; it is drawn once and kept as
 * bytes until backward, since drawing costs more than reading. */
#include <math.h>
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

enum { SHARED = 8192 }; /* units worth another thread: whole blocks of random bits */

static double rate_of(const eng_node *node) {
    return ((const eng_dropout_config *)node->config)->rate;
}

/* The rate in units of 2^-16, as the mask is drawn; the scale belongs to the rate that is really used, so that the
 * expectation of y is x. */
static uint32_t threshold_of(const eng_node *node) {
    return (uint32_t)floor(rate_of(node) * 0x1p16);
}

static float scale_of(const eng_node *node) {
    return (float)(0x1p16 / (0x1p16 - (double)threshold_of(node)));
}

static base_status infer(eng_node *node, base_err *err) {
    double rate = rate_of(node);
    if (!(rate >= 0.0 && rate < 1.0))
        return BASE_FAIL(err, BASE_INVALID, "the rate of dropout must be at least 0 and below 1, not %g", rate);
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    return batch * eng_shape_count(&node->out_shape);
}

typedef struct job {
    const eng_call *call;
    const eng_run *run;
} job;

/* begin: where 128 units share their random bits. */
static void drop_range(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    const eng_run *run = ((const job *)self)->run;
    base_rng rng = base_rng_stream(run->seed, BASE_RNG_DROPOUT, call->node->index, run->step);
    (void)thread;
    run->k->dropout(end - begin, begin, threshold_of(call->node), scale_of(call->node), rng.key, rng.counter,
                    (const float *)call->x[0] + begin, call->y + begin, (uint8_t *)call->saved + begin);
}

static void forward(const eng_call *call, eng_run *run) {
    const size_t count = run->n * call->out_count;
    const job j = {.call = call, .run = run};
    if (run->training)
        eng_threads_ranges(run->threads, count, SHARED, drop_range, &j);
    else if (call->y != call->x[0])
        memcpy(call->y, call->x[0], count * sizeof *call->y);
}

static void gradient_range(const void *self, size_t thread, size_t begin, size_t end) {
    const eng_call *call = ((const job *)self)->call;
    (void)thread;
    ((const job *)self)
        ->run->k->dropout_grad(end - begin, scale_of(call->node), (const uint8_t *)call->saved + begin,
                               call->dy + begin, call->dx[0] + begin);
}

static void backward(const eng_call *call, const eng_run *run) {
    const job j = {.call = call, .run = run};
    eng_threads_ranges(run->threads, run->n * call->out_count, SHARED, gradient_range, &j);
}

static const eng_op_export export = {.identity = true};

static const eng_field fields[] = {
    {"rate", ENG_FIELD_REAL, offsetof(eng_dropout_config, rate), 1},
    {0},
};

const eng_op eng_op_dropout = {
    .name = "dropout",
    .summary = "sets a random fraction of units to zero in training",
    .inputs = 1,
    .config_size = sizeof(eng_dropout_config),
    .fields = fields,
    .traits = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD,
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
