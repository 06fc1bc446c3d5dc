/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entangled weights: the weights of several layers as one, y = sum_j q_j crop_j(x), where x are those of the largest
 * and crop_j keeps the part that layer j has: the middle k x k taps of a kernel, the first channels, rows or columns.
 *
 * R. S. Sukthanker et al., "Weight-Entanglement Meets Gradient-Based Neural Architecture Search", AutoML 2024, section
 * 3 (superposition). A layer that is linear in its weights gives with y the weighted sum of what the layers give. With
 * s_j = <dy, crop_j(x)>:
 *
 *   dx = sum_j q_j crop_j(dy)
 *   q_j = p_j           dp_j = s_j
 *   q_j = p_j / P       dp_j = (s_j - sum_i q_i s_i) / P,   P = sum_j p_j;   where P = 0 all are 0
 *
 * Crops along several dimensions at once (combi-superposition) are a superpose behind a superpose: the weights of a
 * combination are then products. Threads divide rows, the numbers along the last dimension, and the layers in dp. */
#include <string.h>

#include "engine/ops/ops.h"
#include "engine/tensor/minmax.h"

enum { MIN_WORK = 16384 }; /* numbers worth another thread */

static const eng_superpose_config *config_of(const eng_node *node) {
    return node->config;
}

/* The numbers begin .. end - 1 of a dimension that layer j has. */
typedef struct extent {
    size_t begin, end;
} extent;

static extent extent_of(const eng_node *node, size_t j, size_t d) {
    const eng_superpose_config *config = config_of(node);
    const size_t all = node->out_shape.dim[d], kept = config->keep[j][d] == 0 ? all : config->keep[j][d];
    const size_t begin = (config->middle >> d & 1u) != 0 ? (all - kept) / 2 : 0;
    return (extent){begin, begin + kept};
}

static base_status check_layer(const eng_node *node, size_t j, base_err *err) {
    const eng_superpose_config *config = config_of(node);
    const eng_shape *all = &node->in_shape[0], *table = &node->in_shape[1];
    if (config->column[j] >= table->dim[1])
        return BASE_FAIL(err, BASE_INVALID, "weights have no column %zu but %zu", config->column[j], table->dim[1]);
    for (size_t d = 0; d < ENG_MAX_DIMS; d++) {
        const size_t kept = config->keep[j][d], there = d < all->ndim ? all->dim[d] : 0;
        if (kept > there)
            return BASE_FAIL(err, BASE_INVALID, "of %zu numbers %zu cannot be kept (dimension %zu)", there, kept, d);
        if (kept > 0 && (config->middle >> d & 1u) != 0 && (there - kept) % 2 != 0)
            return BASE_FAIL(err, BASE_INVALID, "%zu numbers have no middle in %zu (dimension %zu)", kept, there, d);
    }
    return BASE_OK;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_superpose_config *config = config_of(node);
    const eng_shape *all = &node->in_shape[0], *table = &node->in_shape[1];
    if (!node->single || all->ndim == 0 || eng_shape_count(all) == 0)
        return BASE_FAIL(err, BASE_INVALID, "weights that are superposed must be a value for the whole batch");
    if (table->ndim != 2)
        return BASE_FAIL(err, BASE_INVALID, "the weights of the layers must be a table [rows, columns]");
    if (config->row >= table->dim[0])
        return BASE_FAIL(err, BASE_INVALID, "weights have no row %zu but %zu", config->row, table->dim[0]);
    if (config->count == 0 || config->count > ENG_SUPERPOSE_MOST)
        return BASE_FAIL(err, BASE_INVALID, "1 to %d layers can be superposed, not %zu", ENG_SUPERPOSE_MOST,
                         config->count);
    for (size_t j = 0; j < config->count; j++) BASE_TRY(check_layer(node, j, err));
    return BASE_OK;
}

typedef struct job {
    const eng_call *call;
    const eng_kernels *k;
    size_t width; /* of a row */
    double total; /* what q are divided by */
    double q[ENG_SUPERPOSE_MOST];
    const float *from; /* of a sum of crops */
    float *to;
    double *slopes; /* s by layer */
} job;

static job job_of(const eng_call *call, const eng_run *run) {
    const eng_node *node = call->node;
    const eng_superpose_config *config = config_of(node);
    const float *p = (const float *)call->x[1] + config->row * node->in_shape[1].dim[1];
    job j = {.call = call, .k = run->k, .width = node->out_shape.dim[node->out_shape.ndim - 1], .total = 1.0};
    if (config->normalize) j.total = 0.0;
    for (size_t i = 0; i < config->count && config->normalize; i++) j.total += (double)p[config->column[i]];
    for (size_t i = 0; i < config->count; i++) j.q[i] = j.total == 0.0 ? 0.0 : (double)p[config->column[i]] / j.total;
    return j;
}

static size_t rows_of(const job *j) {
    return j->call->out_count / j->width;
}

/* Whether layer i has numbers in this row, and if so which. */
static bool in_row(const job *j, size_t i, size_t row, extent *columns) {
    const eng_node *node = j->call->node;
    size_t d = node->out_shape.ndim - 1;
    *columns = extent_of(node, i, d);
    while (d-- > 0) {
        const size_t at = row % node->out_shape.dim[d];
        const extent kept = extent_of(node, i, d);
        if (at < kept.begin || at >= kept.end) return false;
        row /= node->out_shape.dim[d];
    }
    return true;
}

/* to = sum_j q_j crop_j(from). */
static void sum_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const job *j = self;
    (void)thread;
    memset(j->to + begin * j->width, 0, (end - begin) * j->width * sizeof *j->to);
    for (size_t row = begin; row < end; row++)
        for (size_t i = 0; i < config_of(j->call->node)->count; i++) {
            extent at;
            if (j->q[i] == 0.0 || !in_row(j, i, row, &at)) continue;
            const size_t first = row * j->width + at.begin;
            j->k->axpy(at.end - at.begin, (float)j->q[i], j->from + first, j->to + first);
        }
}

static void sum(const job *j, const eng_run *run) {
    const size_t each = j->width * config_of(j->call->node)->count;
    eng_threads_ranges(run->threads, rows_of(j), MIN_WORK / each + 1, sum_rows, j);
}

static void forward(const eng_call *call, eng_run *run) {
    job j = job_of(call, run);
    j.from = call->x[0];
    j.to = call->y;
    sum(&j, run);
}

static void slope_layers(const void *self, size_t thread, size_t begin, size_t end) {
    const job *j = self;
    const float *x = j->call->x[0], *dy = j->call->dy;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        j->slopes[i] = 0.0;
        for (size_t row = 0; row < rows_of(j); row++) {
            extent at;
            if (!in_row(j, i, row, &at)) continue;
            const size_t first = row * j->width + at.begin;
            j->slopes[i] += j->k->dot(at.end - at.begin, dy + first, x + first);
        }
    }
}

/* The gradient of the row of weights from the slopes. */
static void add_slopes(const job *j, float *dp) {
    const eng_superpose_config *config = config_of(j->call->node);
    double mean = 0.0;
    for (size_t i = 0; i < config->count && config->normalize; i++) mean += j->q[i] * j->slopes[i];
    for (size_t i = 0; i < config->count && j->total != 0.0; i++)
        dp[config->column[i]] += (float)((j->slopes[i] - mean) / j->total);
}

static void backward(const eng_call *call, const eng_run *run) {
    const eng_superpose_config *config = config_of(call->node);
    job j = job_of(call, run);
    double slopes[ENG_SUPERPOSE_MOST];
    if (call->dx[0] != NULL) {
        j.from = call->dy;
        j.to = call->dx[0];
        sum(&j, run);
    }
    if (call->dx[1] == NULL) return;
    j.slopes = slopes;
    eng_threads_ranges(call->out_count < MIN_WORK ? NULL : run->threads, config->count, 1, slope_layers, &j);
    memset(call->dx[1], 0, call->in_count[1] * sizeof(float));
    add_slopes(&j, call->dx[1] + config->row * call->node->in_shape[1].dim[1]);
}

const eng_op eng_op_superpose = {
    .name = "superpose",
    .summary = "weights of layers of several sizes as one, each counting as a value says",
    .inputs = 2,
    .config_size = sizeof(eng_superpose_config),
    .traits = ENG_READS_X,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
