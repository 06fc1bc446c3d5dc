/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A weighted sum of values of one shape with weights that are a value themselves: y = sum_j w_j x_j, the mixed
 * operation of a supernet.
 *
 * H. Liu, K. Simonyan, Y. Yang, "DARTS", ICLR 2019, eq. 2. With G = dY:  dx_j = w_j G,  dw_j = <G, x_j>, summed over
 * the whole batch. In pieces that stay in the L1 cache. Threads divide the elements of y, and the inputs of the
 * gradients, so that no sum is divided. An input that is left out costs nothing.
 *
 * With `scalars` what is not computed enters as its weight alone, y = w_j x_j + sum_k w_k with w_k = 0, so that its
 * weight has the slope sum dY: X. Dong, Y. Yang, "Searching for a Robust Neural Architecture in Four GPU Hours", CVPR
 * 2019, in the authors' code. */
#include <string.h>

#include "engine/ops/ops.h"

enum {
    PIECE = 2048,   /* floats: 8 KiB of y beside as much of an input */
    SHARED = 16384, /* elements of y worth another thread */
};

static const eng_mix_config *config_of(const eng_call *call) {
    return call->node->config;
}

static size_t highest_column(const eng_mix_config *config, size_t input) {
    size_t highest = config->column[input];
    for (uint32_t c = 0, also = config->also[input]; also != 0; c++, also >>= 1)
        if (c > highest) highest = c;
    return highest;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_mix_config *config = node->config;
    const size_t last = node->inputs - 1;
    const eng_shape *weights = &node->in_shape[last];
    for (size_t i = 1; i < last; i++)
        if (!eng_shape_equal(&node->in_shape[i], &node->in_shape[0]))
            return BASE_FAIL(err, BASE_INVALID, "candidate %zu has another shape than the first", i + 1);
    if (!node->in_single[last] || weights->ndim != 2)
        return BASE_FAIL(err, BASE_INVALID, "the weights must be one table [rows, columns] for the whole batch");
    if (config->row >= weights->dim[0])
        return BASE_FAIL(err, BASE_INVALID, "weights have no row %zu but %zu", config->row, weights->dim[0]);
    for (size_t i = 0; i < last; i++)
        if (highest_column(config, i) >= weights->dim[1])
            return BASE_FAIL(err, BASE_INVALID, "weights have no column %zu but %zu", highest_column(config, i),
                             weights->dim[1]);
    return BASE_OK;
}

typedef struct job {
    const eng_call *call;
    const eng_run *run;
    size_t inputs;        /* candidates */
    const float *weights; /* the row */
    float *slopes;        /* the row of their gradients, or NULL */
    size_t count;
} job;

static job job_of(const eng_call *call, const eng_run *run) {
    const size_t last = call->node->inputs - 1, cols = call->node->in_shape[last].dim[1];
    const size_t row = config_of(call)->row * cols;
    return (job){.call = call,
                 .run = run,
                 .inputs = last,
                 .weights = (const float *)call->x[last] + row,
                 .slopes = call->dx[last] == NULL ? NULL : call->dx[last] + row,
                 .count = run->n * call->out_count};
}

static bool left_out(const job *j, size_t input) {
    return (j->call->left_out >> input & 1u) != 0;
}

static float weight_of(const job *j, size_t input) {
    const eng_mix_config *config = config_of(j->call);
    float weight = j->weights[config->column[input]];
    for (uint32_t c = 0, also = config->also[input]; also != 0; c++, also >>= 1)
        if ((also & 1u) != 0) weight += j->weights[c];
    return weight;
}

static size_t piece(size_t at, size_t end) {
    return end - at < PIECE ? end - at : PIECE;
}

static void sum_range(const void *self, size_t thread, size_t begin, size_t end) {
    const job *j = self;
    const eng_kernels *k = j->run->k;
    (void)thread;
    for (size_t at = begin, n; at < end; at += n) {
        bool begun = false;
        n = piece(at, end);
        for (size_t i = 0; i < j->inputs; i++) {
            if (left_out(j, i)) continue;
            const float w = weight_of(j, i);
            (begun ? k->axpy : k->scale)(n, w, (const float *)j->call->x[i] + at, j->call->y + at);
            begun = true;
        }
        if (!begun) memset(j->call->y + at, 0, n * sizeof *j->call->y);
    }
}

static void forward(const eng_call *call, eng_run *run) {
    const job j = job_of(call, run);
    eng_threads_ranges(run->threads, j.count, SHARED, sum_range, &j);
}

static void slope_input(const job *j, size_t input) {
    const eng_kernels *k = j->run->k;
    const eng_mix_config *config = config_of(j->call);
    const float weight = weight_of(j, input);
    double slope = 0.0;
    for (size_t at = 0, n; at < j->count; at += n) {
        n = piece(at, j->count);
        if (j->slopes != NULL) slope += k->dot(n, j->call->dy + at, (const float *)j->call->x[input] + at);
        if (j->call->dx[input] != NULL) k->scale(n, weight, j->call->dy + at, j->call->dx[input] + at);
    }
    if (j->slopes == NULL) return;
    j->slopes[config->column[input]] = (float)slope;
    for (uint32_t c = 0, also = config->also[input]; also != 0; c++, also >>= 1)
        if ((also & 1u) != 0) j->slopes[c] = (float)slope;
}

static double sum_of_dy(const job *j) {
    enum { LANES = 8 }; /* sums side by side, so that none waits for another */
    const size_t whole = j->count - j->count % LANES;
    double part[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++) part[l] += (double)j->call->dy[i + l];
    for (size_t i = whole; i < j->count; i++) part[i - whole] += (double)j->call->dy[i];
    for (size_t l = 0; l < LANES; l++) sum += part[l];
    return sum;
}

static bool has_input(const job *j, size_t column) {
    const eng_mix_config *config = config_of(j->call);
    for (size_t i = 0; i < j->inputs; i++)
        if (config->column[i] == column || (column < 32 && (config->also[i] >> column & 1u) != 0))
            return !left_out(j, i);
    return false;
}

/* Of the weights that are added as they are. */
static void slope_scalars(const job *j) {
    const size_t columns = j->call->node->in_shape[j->inputs].dim[1];
    const float sum = (float)sum_of_dy(j);
    for (size_t c = 0; c < columns; c++)
        if (!has_input(j, c) && j->weights[c] == 0) j->slopes[c] = sum;
}

/* Number `inputs` is that of the scalars. */
static void slope_inputs(const void *self, size_t thread, size_t begin, size_t end) {
    const job *j = self;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        if (i == j->inputs)
            slope_scalars(j);
        else if (!left_out(j, i))
            slope_input(j, i);
    }
}

static void backward(const eng_call *call, const eng_run *run) {
    const job j = job_of(call, run);
    const size_t last = call->node->inputs - 1;
    if (j.slopes != NULL) memset(call->dx[last], 0, call->in_count[last] * sizeof(float));
    const size_t items = j.inputs + (j.slopes != NULL && config_of(call)->scalars);
    eng_threads_ranges(j.count < SHARED ? NULL : run->threads, items, 1, slope_inputs, &j);
}

const eng_op eng_op_mix = {
    .name = "mix",
    .summary = "sum of values of one shape, each times a weight that is a value itself",
    .inputs = 2,
    .config_size = sizeof(eng_mix_config),
    .traits = ENG_VARIADIC | ENG_READS_X | ENG_READS_SINGLE | ENG_LEAVES_OUT,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
