/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The geometry of a pooling layer: windows that overlap or not, with a padding narrower than the window. */
#include "engine/ops/pool.h"

static base_status edge_of(const eng_pool_config *config, size_t i, size_t in, eng_pool_edge *edge, base_err *err) {
    size_t j = i == 1 && config->window[1] == 0 ? 0 : i;
    edge->in = in;
    edge->window = config->window[j];
    edge->stride = config->stride[i == 1 && config->stride[1] == 0 ? 0 : i];
    if (edge->stride == 0) edge->stride = edge->window;
    edge->padding = config->padding[i];
    if (edge->window == 0) return BASE_FAIL(err, BASE_INVALID, "the window of a pooling layer must be at least 1");
    if (edge->padding >= edge->window)
        return BASE_FAIL(err, BASE_INVALID, "a padding of %zu leaves windows of %zu without a pixel", edge->padding,
                         edge->window);
    if (edge->window > INT32_MAX || in > INT32_MAX || in + 2 * edge->padding < edge->window)
        return BASE_FAIL(err, BASE_INVALID, "a window of %zu does not fit into %zu pixels", edge->window,
                         in + 2 * edge->padding);
    edge->out = (in + 2 * edge->padding - edge->window) / edge->stride + 1;
    return BASE_OK;
}

base_status eng_pool_geometry(const eng_node *node, eng_pool *pool, base_err *err) {
    const eng_shape *in = &node->in_shape[0];
    if (in->ndim != 3) return BASE_FAIL(err, BASE_INVALID, "pooling wants images [height, width, channels]");
    pool->channels = in->dim[2];
    BASE_TRY(edge_of(node->config, 0, in->dim[0], &pool->h, err));
    return edge_of(node->config, 1, in->dim[1], &pool->w, err);
}

eng_pool eng_pool_of(const eng_node *node) {
    eng_pool pool;
    base_err err;
    base_status status = eng_pool_geometry(node, &pool, &err);
    BASE_ASSERT(status == BASE_OK);
    return pool;
}

base_status eng_pool_infer(eng_node *node, base_err *err) {
    eng_pool pool;
    BASE_TRY(eng_pool_geometry(node, &pool, err));
    node->out_shape = eng_shape_3d(pool.h.out, pool.w.out, pool.channels);
    return BASE_OK;
}

static void put_edge(const eng_pool_edge *e, base_buf *out) {
    base_buf_printf(out, "(const int[]){%zu, %zu, %zu, %zu, %zu}, ", e->in, e->out, e->window, e->stride, e->padding);
}

void eng_pool_c(const char *name, const eng_node *node, const eng_c_call *call) {
    const eng_pool pool = eng_pool_of(node);
    base_buf edges = {0};
    put_edge(&pool.h, &edges);
    put_edge(&pool.w, &edges);
    eng_c_statement(call->to, "@_%s(%s%zu, %s, %s);", name, edges.data, pool.channels, call->x[0], call->y);
    base_buf_fini(&edges);
}

void eng_pool_onnx(const char *type, const eng_node *node, const eng_onnx_call *call) {
    const eng_pool pool = eng_pool_of(node);
    const int64_t h = (int64_t)pool.h.padding, w = (int64_t)pool.w.padding;
    eng_onnx_map(call->to, type, call->x[0], call->y);
    eng_onnx_ints(call->to, "kernel_shape", (const int64_t[]){(int64_t)pool.h.window, (int64_t)pool.w.window}, 2);
    eng_onnx_ints(call->to, "strides", (const int64_t[]){(int64_t)pool.h.stride, (int64_t)pool.w.stride}, 2);
    eng_onnx_ints(call->to, "pads", (const int64_t[]){h, w, h, w}, 4);
}
