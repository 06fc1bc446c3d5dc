/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Max pooling. Which pixel won is kept as a byte for each output: the gradient goes there, so neither x nor y need
 * stay. Of equal pixels the first wins; a NaN wins over everything. */
#include "engine/export/export.h"
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

/* h, w: in, out, window, stride and padding. */
static const char c_text[] =
    "static inline void @_max_pool(const int *h, const int *w, int channels, const float *x, float *y) {\n"
    "    for (int oy = 0; oy < h[1]; oy++)\n"
    "        for (int ox = 0; ox < w[1]; ox++)\n"
    "            for (int c = 0; c < channels; c++) {\n"
    "                float best = -INFINITY;\n"
    "                for (int u = 0; u < h[2]; u++)\n"
    "                    for (int v = 0; v < w[2]; v++) {\n"
    "                        const int iy = oy * h[3] + u - h[4], ix = ox * w[3] + v - w[4];\n"
    "                        if (iy < 0 || iy >= h[0] || ix < 0 || ix >= w[0]) continue;\n"
    "                        const float p = x[(iy * w[0] + ix) * channels + c];\n"
    "                        best = p > best ? p : best;\n"
    "                    }\n"
    "                *y++ = best;\n"
    "            }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    eng_c_function(call->to, c_text);
    eng_pool_c("max_pool", node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    eng_pool_onnx("MaxPool", node, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

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
    .exporter = &export,
};
