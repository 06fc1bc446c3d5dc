/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch normalization: y = f(scale (x - m) / sqrt(v + epsilon) + shift), m and v of each channel over the batch in
 * training, the running ones in evaluation.
 *
 * S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithms 1 and 2. With u = (x - m) / s over R rows:
 *
 *   d scale = sum dy u,   d shift = sum dy,   dx = scale / s (dy - d shift / R - u d scale / R)
 *
 * With no_affine scale is 1 and shift 0, for good: nothing is learned. DARTS searches that way (H. Liu et al., ICLR
 * 2019, appendix A.1), so that a learned scale cannot undo an architecture weight.
 *
 * The running variance is the unbiased one, as in the paper. Moments are merged from blocks (tiles_norm.inc), and x is
 * centred before it is scaled: y = x (scale / s) + (shift - m scale / s) would cancel where m is large.
 *
 * Threads share the rows. What is summed over rows is summed block by block anyway: then the blocks are kept, and one
 * thread adds them in their order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/ops.h"
#include "engine/tensor/tiles.h"

enum { SCALE, SHIFT, MEAN, VARIANCE };

static const eng_batch_norm_config *config_of(const eng_node *node) {
    return node->config;
}

static double epsilon_of(const eng_node *node) {
    return config_of(node)->epsilon == 0.0 ? 1e-5 : config_of(node)->epsilon;
}

static double momentum_of(const eng_node *node) {
    return config_of(node)->momentum == 0.0 ? 0.1 : config_of(node)->momentum;
}

static size_t channels_of(const eng_node *node) {
    const eng_shape *in = &node->in_shape[0];
    return in->ndim == 0 ? 1 : in->dim[in->ndim - 1];
}

/* Where the running statistics stand among the node's parameters: behind scale and shift, when there are any. */
static size_t statistic(const eng_node *node, size_t index) {
    return config_of(node)->no_affine ? index - MEAN : index;
}

static base_status infer(eng_node *node, base_err *err) {
    const double epsilon = epsilon_of(node), momentum = momentum_of(node);
    if (!(epsilon > 0.0 && epsilon < 1e6))
        return BASE_FAIL(err, BASE_INVALID, "epsilon of batch normalization must be positive, not %g", epsilon);
    if (!(momentum > 0.0 && momentum <= 1.0))
        return BASE_FAIL(err, BASE_INVALID, "momentum of batch normalization must be above 0 and at most 1, not %g",
                         momentum);
    if (eng_shape_count(&node->in_shape[0]) == 0)
        return BASE_FAIL(err, BASE_INVALID, "batch normalization needs at least one channel");
    const eng_shape shape = eng_shape_1d(channels_of(node));
    node->params = config_of(node)->no_affine ? 2 : 4;
    node->param[SCALE] = (eng_param_spec){.name = "scale", .shape = shape, .value = 1.0f};
    node->param[SHIFT] = (eng_param_spec){.name = "shift", .shape = shape, .value = 0.0f};
    node->param[statistic(node, MEAN)] =
        (eng_param_spec){.name = "mean", .shape = shape, .flags = ENG_PARAM_STATE, .value = 0.0f};
    node->param[statistic(node, VARIANCE)] =
        (eng_param_spec){.name = "variance", .shape = shape, .flags = ENG_PARAM_STATE, .value = 1.0f};
    return BASE_OK;
}

/* The batch's mean and 1 / sqrt(v + epsilon). */
static size_t saved(const eng_node *node, size_t batch) {
    (void)batch;
    return 2 * channels_of(node) * sizeof(float);
}

/* scale / s; sums and their shares. With no_affine also a shift of zeros and the sums that are nobody's gradients. */
enum { SCALED, SHARE, SLOPE, ZEROS, SUM, SUM_X };
static size_t workspace(const eng_node *node, size_t batch) {
    (void)batch;
    return (config_of(node)->no_affine ? SUM_X + 1 : SLOPE + 1) * eng_align_floats(channels_of(node)) * sizeof(float);
}

static float *space(const eng_call *call, size_t index) {
    return (float *)call->workspace + index * eng_align_floats(channels_of(call->node));
}

static const float *shift_of(const eng_call *call) {
    if (!config_of(call->node)->no_affine) return call->w[SHIFT];
    return memset(space(call, ZEROS), 0, channels_of(call->node) * sizeof(float));
}

static float scale_of(const eng_call *call, size_t channel) {
    return config_of(call->node)->no_affine ? 1.0f : call->w[SCALE][channel];
}

/* The running statistics move by a fraction `momentum` towards the batch's. */
static void follow(const eng_call *call, size_t rows, const float *mean, const float *variance) {
    const double momentum = momentum_of(call->node), unbiased = rows > 1 ? (double)rows / (double)(rows - 1) : 1.0;
    for (size_t c = 0; c < channels_of(call->node); c++) {
        float *m = &call->state[statistic(call->node, MEAN)][c];
        float *v = &call->state[statistic(call->node, VARIANCE)][c];
        *m = (float)((1.0 - momentum) * (double)*m + momentum * (double)mean[c]);
        *v = (float)((1.0 - momentum) * (double)*v + momentum * unbiased * (double)variance[c]);
    }
}

/* Of all blocks: two numbers for each channel. */
static size_t shared(const eng_node *node, size_t batch) {
    const size_t cols = channels_of(node), rows = batch * eng_shape_count(&node->in_shape[0]) / cols;
    return (rows + ENG_NORM_BLOCK - 1) / ENG_NORM_BLOCK * 2 * cols * sizeof(float);
}

/* A pass over all rows that threads share. */
typedef struct rows_job {
    const eng_norm_job *norm;
    const eng_tiles *tiles;
    float *blocks;
} rows_job;

static eng_norm_job rows_from(const eng_norm_job *whole, size_t begin, size_t end) {
    const size_t at = begin * whole->cols;
    eng_norm_job part = *whole;
    part.rows = end - begin;
    part.x += at;
    if (part.y != NULL) part.y += at;
    if (part.dy != NULL) part.dy += at;
    if (part.dx != NULL) part.dx += at;
    return part;
}

static float *blocks_from(const rows_job *job, size_t begin) {
    return job->blocks + begin / ENG_NORM_BLOCK * 2 * job->norm->cols;
}

static void moments_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const rows_job *job = self;
    (void)thread;
    job->tiles->moments_of(end - begin, job->norm->cols, job->norm->x + begin * job->norm->cols,
                           blocks_from(job, begin));
}

static void normalize_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const rows_job *job = self;
    const eng_norm_job part = rows_from(job->norm, begin, end);
    (void)thread;
    job->tiles->normalize(&part);
}

static void sums_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const rows_job *job = self;
    const eng_norm_job part = rows_from(job->norm, begin, end);
    (void)thread;
    job->tiles->norm_sums_of(&part, blocks_from(job, begin));
}

static void gradient_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const rows_job *job = self;
    const eng_norm_job part = rows_from(job->norm, begin, end);
    (void)thread;
    job->tiles->norm_grad(&part);
}

enum { SHARED = 8192 }; /* numbers worth another thread */

static void share_rows(const eng_run *run, const eng_norm_job *norm, eng_range_fn *fn) {
    const rows_job job = {.norm = norm, .tiles = run->k->tiles, .blocks = run->shared};
    const size_t unit = (SHARED / (ENG_NORM_BLOCK * norm->cols) + 1) * ENG_NORM_BLOCK;
    eng_threads_ranges(run->threads, norm->rows, unit, fn, &job);
}

static void moments(const eng_run *run, const eng_norm_job *norm, float *mean, float *variance) {
    const eng_tiles *tiles = run->k->tiles;
    if (run->threads == NULL) {
        tiles->moments(norm->rows, norm->cols, norm->x, mean, variance);
        return;
    }
    share_rows(run, norm, moments_rows);
    tiles->moments_merge(norm->rows, norm->cols, run->shared, mean, variance);
}

static void sums(const eng_run *run, const eng_norm_job *norm) {
    if (run->threads == NULL) {
        run->k->tiles->norm_sums(norm);
        return;
    }
    share_rows(run, norm, sums_rows);
    run->k->tiles->norm_sums_merge(norm->rows, norm->cols, run->shared, norm->sum, norm->sum_x);
}

static void forward(const eng_call *call, eng_run *run) {
    const size_t cols = channels_of(call->node), rows = run->n * call->out_count / cols;
    float *mean = call->saved, *inverse = mean + cols, *scale = space(call, SCALED);
    eng_norm_job job = {.rows = rows, .cols = cols, .x = call->x[0], .y = call->y};
    if (run->training) {
        moments(run, &job, mean, inverse);
        if (!run->keep_state) follow(call, rows, mean, inverse);
    }
    const float *variance = run->training ? inverse : call->w[statistic(call->node, VARIANCE)];
    for (size_t c = 0; c < cols; c++) {
        inverse[c] = (float)(1.0 / sqrt((double)variance[c] + epsilon_of(call->node)));
        scale[c] = scale_of(call, c) * inverse[c];
    }
    job.mean = run->training ? mean : call->w[statistic(call->node, MEAN)];
    job.scale = scale;
    job.shift = shift_of(call);
    job.relu = config_of(call->node)->relu;
    share_rows(run, &job, normalize_rows);
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t cols = channels_of(call->node), rows = run->n * call->out_count / cols;
    const float *mean = call->saved, *inverse = mean + cols;
    const bool affine = !config_of(call->node)->no_affine;
    float *scale = space(call, SCALED), *share = space(call, SHARE), *slope = space(call, SLOPE);
    float *sum = affine ? call->dw[SHIFT] : space(call, SUM), *sum_x = affine ? call->dw[SCALE] : space(call, SUM_X);
    eng_norm_job job = {.rows = rows,
                        .cols = cols,
                        .x = call->x[0],
                        .mean = mean,
                        .scale = scale,
                        .shift = shift_of(call),
                        .dy = call->dy,
                        .dx = call->dx[0],
                        .sum = sum,
                        .sum_x = sum_x,
                        .relu = config_of(call->node)->relu};
    for (size_t c = 0; c < cols; c++) scale[c] = scale_of(call, c) * inverse[c];
    sums(run, &job);
    for (size_t c = 0; c < cols; c++) {
        sum_x[c] *= inverse[c];
        share[c] = sum[c] / (float)rows;
        slope[c] = sum_x[c] * inverse[c] / (float)rows;
    }
    if (call->dx[0] == NULL) return;
    job.sum = share;
    job.sum_x = slope;
    share_rows(run, &job, gradient_rows);
}

static const char c_text[] =
    "static inline void @_batch_norm(int rows, int channels, float epsilon, const float *scale, const float *shift,\n"
    "                                const float *mean, const float *variance, const float *x, float *y) {\n"
    "    for (int c = 0; c < channels; c++) {\n"
    "        const float s = (scale != NULL ? scale[c] : 1.0f) / sqrtf(variance[c] + epsilon);\n"
    "        const float t = shift != NULL ? shift[c] : 0.0f;\n"
    "        for (int i = 0; i < rows; i++) y[i * channels + c] = (x[i * channels + c] - mean[c]) * s + t;\n"
    "    }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t channels = channels_of(node);
    const bool plain = config_of(node)->no_affine;
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_batch_norm(%zu, %zu, (float)%.9g, %s, %s, %s, %s, %s, %s);",
                    eng_shape_count(&node->out_shape) / channels, channels, epsilon_of(node),
                    plain ? "NULL" : call->w[SCALE], plain ? "NULL" : call->w[SHIFT], call->w[statistic(node, MEAN)],
                    call->w[statistic(node, VARIANCE)], call->x[0], call->y);
    if (config_of(node)->relu) eng_epilogue_c(ENG_EPILOGUE_RELU, node, call);
}

/* Parameter i, or channels times `value` where there is none. */
static const char *onnx_param(const eng_node *node, const eng_onnx_call *call, bool there, size_t i, float value) {
    const size_t channels = channels_of(node);
    const eng_shape shape = eng_shape_1d(channels);
    if (there) return eng_onnx_floats(call->to, call->w[i], &shape);
    float *same = base_malloc(channels * sizeof *same);
    for (size_t c = 0; c < channels; c++) same[c] = value;
    const char *name = eng_onnx_floats(call->to, same, &shape);
    free(same);
    return name;
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const bool affine = !config_of(node)->no_affine;
    const eng_epilogue epilogue = config_of(node)->relu ? ENG_EPILOGUE_RELU : ENG_EPILOGUE_LINEAR;
    const char *before = eng_epilogue_onnx_before(epilogue, call);
    const char *in[] = {call->x[0], onnx_param(node, call, affine, SCALE, 1.0f),
                        onnx_param(node, call, affine, SHIFT, 0.0f),
                        onnx_param(node, call, true, statistic(node, MEAN), 0.0f),
                        onnx_param(node, call, true, statistic(node, VARIANCE), 1.0f)};
    eng_onnx_node(call->to, "BatchNormalization", in, sizeof in / sizeof *in, before);
    eng_onnx_float(call->to, "epsilon", (float)epsilon_of(node));
    eng_epilogue_onnx(epilogue, before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"epsilon", ENG_FIELD_REAL, offsetof(eng_batch_norm_config, epsilon), 1},
    {"momentum", ENG_FIELD_REAL, offsetof(eng_batch_norm_config, momentum), 1},
    {"relu", ENG_FIELD_BOOL, offsetof(eng_batch_norm_config, relu), 1},
    {"no_affine", ENG_FIELD_BOOL, offsetof(eng_batch_norm_config, no_affine), 1},
    {0},
};

const eng_op eng_op_batch_norm = {
    .name = "batch-norm",
    .summary = "each channel to mean 0 and variance 1 over the batch, then a learned scale and shift",
    .inputs = 1,
    .config_size = sizeof(eng_batch_norm_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_INPLACE_BACKWARD,
    .infer = infer,
    .saved = saved,
    .workspace = workspace,
    .shared = shared,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
