/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stochastic depth: in training the whole value of a sample is zero with probability `rate`, else divided by 1 - rate;
 * in evaluation x. In front of a sum it drops the branch of a residual block.
 *
 * G. Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016, section 3, in the inverted scaling of dropout and
 * with one draw per sample (G. Larsson et al., "FractalNet", ICLR 2017, drop-path). Draws are a function of (seed,
 * node, step) and the sample's place in its batch. A pass may take the same share off all rates, so that they can grow
 * over a training as in the evaluation networks of H. Liu et al., "DARTS", ICLR 2019. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

enum { SHARED = 8192 }; /* numbers worth another thread */

static double rate_of(const eng_node *node) {
    return ((const eng_drop_path_config *)node->config)->rate;
}

static base_status infer(eng_node *node, base_err *err) {
    double rate = rate_of(node);
    if (!(rate >= 0.0 && rate < 1.0))
        return BASE_FAIL(err, BASE_INVALID, "the rate of drop-path must be at least 0 and below 1, not %g", rate);
    return BASE_OK;
}

static size_t saved(const eng_node *node, size_t batch) {
    (void)node;
    return batch * sizeof(float);
}

typedef struct job {
    size_t count; /* numbers of a sample */
    const float *factor, *from;
    float *to;
} job;

static void scale_samples(const void *self, size_t thread, size_t begin, size_t end) {
    const job *j = self;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const float f = j->factor[i], *from = j->from + i * j->count;
        float *to = j->to + i * j->count;
        if (f == 0.0f)
            memset(to, 0, j->count * sizeof *to);
        else
            for (size_t k = 0; k < j->count; k++) to[k] = f * from[k];
    }
}

/* to = factor of each sample x from; in place or apart. */
static void scale(const eng_call *call, const eng_run *run, const float *factor, const float *from, float *to) {
    const job j = {.count = call->out_count, .factor = factor, .from = from, .to = to};
    eng_threads_ranges(run->threads, run->n, SHARED / (j.count + 1) + 1, scale_samples, &j);
}

static void forward(const eng_call *call, eng_run *run) {
    float *factor = call->saved;
    const double rate = rate_of(call->node) * (1.0 - run->drop_path_less);
    base_rng rng = base_rng_stream(run->seed, BASE_RNG_DROPOUT, call->node->index, run->step);
    for (size_t i = 0; i < run->n; i++) {
        bool dropped = run->training && base_rng_uniform(&rng) < rate;
        factor[i] = dropped ? 0.0f : run->training ? (float)(1.0 / (1.0 - rate)) : 1.0f;
    }
    scale(call, run, factor, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    scale(call, run, call->saved, call->dy, call->dx[0]);
}

static const eng_op_export export = {.identity = true};

static const eng_field fields[] = {
    {"rate", ENG_FIELD_REAL, offsetof(eng_drop_path_config, rate), 1},
    {0},
};

const eng_op eng_op_drop_path = {
    .name = "drop-path",
    .summary = "sets a random fraction of samples to zero in training",
    .inputs = 1,
    .config_size = sizeof(eng_drop_path_config),
    .fields = fields,
    .traits = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD,
    .infer = infer,
    .saved = saved,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
