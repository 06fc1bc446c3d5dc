/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several values side by side: their channels (the last dimension) one after the other, everything before it equal. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static size_t channels_of(const eng_shape *shape) {
    return shape->dim[shape->ndim - 1];
}

static bool fit(const eng_shape *a, const eng_shape *b) {
    return a->ndim == b->ndim && a->ndim > 0 && memcmp(a->dim, b->dim, (a->ndim - 1) * sizeof a->dim[0]) == 0;
}

/* Whether so many channels at every position of shape are numbers that can be counted in bytes. */
static bool countable(const eng_shape *shape, size_t channels) {
    size_t count = channels;
    for (size_t d = 0; d + 1 < shape->ndim; d++)
        if (__builtin_mul_overflow(count, shape->dim[d], &count)) return false;
    return count <= PTRDIFF_MAX / sizeof(float);
}

static base_status infer(eng_node *node, base_err *err) {
    size_t channels = 0;
    for (size_t i = 0; i < node->inputs; i++) {
        if (fit(&node->in_shape[0], &node->in_shape[i])) {
            const size_t more = channels_of(&node->in_shape[i]);
            if (!__builtin_add_overflow(channels, more, &channels) && countable(&node->in_shape[0], channels)) continue;
            return BASE_FAIL(err, BASE_INVALID, "%zu channels of an input are too many to stand beside the others",
                             more);
        }
        base_buf text = {0};
        eng_shape_text(&node->in_shape[0], &text);
        base_buf_puts(&text, " and ");
        eng_shape_text(&node->in_shape[i], &text);
        base_status status = BASE_FAIL(
            err, BASE_INVALID, "shapes %s cannot be concatenated; all but the last size must be equal", text.data);
        base_buf_fini(&text);
        return status;
    }
    node->out_shape.dim[node->out_shape.ndim - 1] = channels;
    return BASE_OK;
}

/* Rows of all positions of a batch; each input has a column of them. Row by row, so that the wide side is gone through
 * once, from one end to the other. */
static size_t rows_of(const eng_call *call, size_t n) {
    size_t channels = channels_of(&call->node->out_shape);
    return channels == 0 ? 0 : n * call->out_count / channels;
}

static void forward(const eng_call *call, eng_run *run) {
    float *y = call->y;
    for (size_t r = 0, rows = rows_of(call, run->n); r < rows; r++)
        for (size_t i = 0; i < call->node->inputs; i++) {
            size_t part = channels_of(&call->node->in_shape[i]);
            memcpy(y, (const float *)call->x[i] + r * part, part * sizeof *y);
            y += part;
        }
}

static void backward(const eng_call *call, const eng_run *run) {
    const float *dy = call->dy;
    for (size_t r = 0, rows = rows_of(call, run->n); r < rows; r++)
        for (size_t i = 0; i < call->node->inputs; i++) {
            size_t part = channels_of(&call->node->in_shape[i]);
            float *dx = call->dx[i];
            if (dx != NULL) memcpy(dx + r * part, dy, part * sizeof *dx);
            dy += part;
        }
}

/* Channels of one value become the channels at, at + 1, ... of all. */
static const char c_text[] =
    "static inline void @_concat(int rows, int width, int channels, int at, const float *x, float *y) {\n"
    "    for (int i = 0; i < rows; i++)\n"
    "        for (int j = 0; j < width; j++) y[i * channels + at + j] = x[i * width + j];\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t channels = channels_of(&node->out_shape);
    eng_c_function(call->to, c_text);
    for (size_t i = 0, at = 0; i < node->inputs; at += channels_of(&node->in_shape[i]), i++)
        eng_c_statement(call->to, "@_concat(%zu, %zu, %zu, %zu, %s, %s);", eng_shape_count(&node->out_shape) / channels,
                        channels_of(&node->in_shape[i]), channels, at, call->x[i], call->y);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    eng_onnx_node(call->to, "Concat", call->x, node->inputs, call->y);
    eng_onnx_int(call->to, "axis", 1);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

const eng_op eng_op_concat = {
    .name = "concat",
    .summary = "channels of several values, one after the other",
    .inputs = 1,
    .traits = ENG_VARIADIC | ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
