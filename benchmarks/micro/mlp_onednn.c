/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multilayer perceptron on oneDNN's inner products through its C API (version 2). Weights lie in the format that the
 * forward primitive prefers; where a backward primitive prefers another one, its reorder is part of the step, as it is
 * in a framework. Bias and ReLU are fused into forward; what oneDNN has no primitive for is the plain loop's. Compiled
 * to an empty answer when the library is not there. */
#include "benchmarks/micro/mlp_onednn.h"

#include "benchmarks/micro/plain_mlp.h"

#if BENCH_ONEDNN
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { FORWARD, DATA, WEIGHTS, PASSES };

/* A tensor: where it lies, and how. */
typedef struct block {
    dnnl_memory_desc_t desc;
    dnnl_memory_t memory;
    float *data;
    size_t count; /* floats, padding of the format included */
} block;

typedef struct layer {
    size_t in, out;
    block w, b, dw, db, y, dy;
    block data_w, raw_dw; /* in the formats of the backward primitives, when they differ */
    float *vw, *vb;
    dnnl_primitive_t pass[PASSES], to_data_w, from_raw_dw;
    dnnl_exec_arg_t arg[PASSES][4];
} layer;

struct mlp_onednn {
    size_t batch, layers;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_t x;
    layer layer[PLAIN_MAX_LAYERS];
};

static void check(dnnl_status_t status) {
    if (status == dnnl_success) return;
    fprintf(stderr, "bench_mlp: oneDNN says %d\n", (int)status);
    abort();
}

static float *floats(size_t count) {
    void *memory = NULL;
    BASE_ASSERT(eng_alloc(count * sizeof(float), &memory, NULL) == BASE_OK);
    return memory;
}

static void make_block(const mlp_onednn *mlp, block *b, const dnnl_memory_desc_t *desc) {
    b->desc = *desc;
    b->count = dnnl_memory_desc_get_size(desc) / sizeof(float);
    b->data = floats(b->count);
    check(dnnl_memory_create(&b->memory, desc, mlp->engine, b->data));
}

static dnnl_memory_desc_t matrix(size_t rows, size_t cols, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_tag(&desc, 2, (dnnl_dims_t){(int64_t)rows, (int64_t)cols}, dnnl_f32, tag));
    return desc;
}

static dnnl_memory_desc_t vector(size_t count) {
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_tag(&desc, 1, (dnnl_dims_t){(int64_t)count}, dnnl_f32, dnnl_a));
    return desc;
}

static dnnl_primitive_t make_reorder(const mlp_onednn *mlp, const dnnl_memory_desc_t *from,
                                     const dnnl_memory_desc_t *to) {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t reorder;
    check(dnnl_reorder_primitive_desc_create(&desc, from, mlp->engine, to, mlp->engine, NULL));
    check(dnnl_primitive_create(&reorder, desc));
    dnnl_primitive_desc_destroy(desc);
    return reorder;
}

static void run_reorder(const mlp_onednn *mlp, dnnl_primitive_t reorder, const block *from, const block *to) {
    const dnnl_exec_arg_t arg[] = {{DNNL_ARG_FROM, from->memory}, {DNNL_ARG_TO, to->memory}};
    check(dnnl_primitive_execute(reorder, mlp->stream, 2, arg));
}

/* The weights of `like` are [in, out]. */
static void load_weights(const mlp_onednn *mlp, layer *l, const float *w) {
    block plain;
    const dnnl_memory_desc_t desc = matrix(l->out, l->in, dnnl_io);
    make_block(mlp, &plain, &desc);
    memcpy(plain.data, w, l->in * l->out * sizeof(float));
    dnnl_primitive_t reorder = make_reorder(mlp, &desc, &l->w.desc);
    run_reorder(mlp, reorder, &plain, &l->w);
    check(dnnl_stream_wait(mlp->stream));
    dnnl_primitive_destroy(reorder);
    dnnl_memory_destroy(plain.memory);
    eng_free(plain.data);
}

static dnnl_primitive_desc_t make_forward(mlp_onednn *mlp, layer *l, bool relu) {
    const dnnl_memory_desc_t x = matrix(mlp->batch, l->in, dnnl_nc), w = matrix(l->out, l->in, dnnl_format_tag_any),
                             b = vector(l->out), y = matrix(mlp->batch, l->out, dnnl_nc);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    dnnl_primitive_desc_t made;
    check(dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_training, &x, &w, &b, &y));
    check(dnnl_primitive_attr_create(&attr));
    check(dnnl_post_ops_create(&ops));
    if (relu) check(dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f));
    check(dnnl_primitive_attr_set_post_ops(attr, ops));
    check(dnnl_primitive_desc_create(&made, &desc, attr, mlp->engine, NULL));
    check(dnnl_primitive_create(&l->pass[FORWARD], made));
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attr);
    make_block(mlp, &l->w, dnnl_primitive_desc_query_md(made, dnnl_query_weights_md, 0));
    make_block(mlp, &l->b, &b);
    make_block(mlp, &l->y, &y);
    make_block(mlp, &l->dy, &y);
    return made;
}

/* The gradient of x is written over that of the layer below. */
static void make_data(mlp_onednn *mlp, layer *l, dnnl_primitive_desc_t forward) {
    const dnnl_memory_desc_t dx = matrix(mlp->batch, l->in, dnnl_nc), w = matrix(l->out, l->in, dnnl_format_tag_any);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_desc_t made;
    check(dnnl_inner_product_backward_data_desc_init(&desc, &dx, &w, &l->dy.desc));
    check(dnnl_primitive_desc_create(&made, &desc, NULL, mlp->engine, forward));
    check(dnnl_primitive_create(&l->pass[DATA], made));
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(made, dnnl_query_weights_md, 0);
    if (!dnnl_memory_desc_equal(wanted, &l->w.desc)) {
        make_block(mlp, &l->data_w, wanted);
        l->to_data_w = make_reorder(mlp, &l->w.desc, wanted);
    }
    dnnl_primitive_desc_destroy(made);
}

static void make_weights(mlp_onednn *mlp, layer *l, dnnl_primitive_desc_t forward) {
    const dnnl_memory_desc_t x = matrix(mlp->batch, l->in, dnnl_nc), w = matrix(l->out, l->in, dnnl_format_tag_any);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_desc_t made;
    check(dnnl_inner_product_backward_weights_desc_init(&desc, &x, &w, &l->b.desc, &l->dy.desc));
    check(dnnl_primitive_desc_create(&made, &desc, NULL, mlp->engine, forward));
    check(dnnl_primitive_create(&l->pass[WEIGHTS], made));
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(made, dnnl_query_diff_weights_md, 0);
    make_block(mlp, &l->dw, &l->w.desc);
    make_block(mlp, &l->db, &l->b.desc);
    if (!dnnl_memory_desc_equal(wanted, &l->w.desc)) {
        make_block(mlp, &l->raw_dw, wanted);
        l->from_raw_dw = make_reorder(mlp, wanted, &l->w.desc);
    }
    dnnl_primitive_desc_destroy(made);
}

static void bind(mlp_onednn *mlp, size_t index) {
    layer *l = &mlp->layer[index];
    dnnl_memory_t x = index == 0 ? mlp->x : mlp->layer[index - 1].y.memory;
    dnnl_exec_arg_t *forward = l->arg[FORWARD], *data = l->arg[DATA], *weights = l->arg[WEIGHTS];
    forward[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, x};
    forward[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, l->w.memory};
    forward[2] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, l->b.memory};
    forward[3] = (dnnl_exec_arg_t){DNNL_ARG_DST, l->y.memory};
    weights[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, x};
    weights[1] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_DST, l->dy.memory};
    weights[2] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_WEIGHTS, l->from_raw_dw ? l->raw_dw.memory : l->dw.memory};
    weights[3] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_BIAS, l->db.memory};
    if (index == 0) return;
    data[0] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_DST, l->dy.memory};
    data[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, l->to_data_w ? l->data_w.memory : l->w.memory};
    data[2] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_SRC, mlp->layer[index - 1].dy.memory};
}

mlp_onednn *mlp_onednn_create(size_t batch, const size_t *widths, size_t layers, const eng_params *like) {
    mlp_onednn *mlp = base_calloc(1, sizeof *mlp);
    mlp->batch = batch;
    mlp->layers = layers;
    const dnnl_memory_desc_t x = matrix(batch, widths[0], dnnl_nc);
    check(dnnl_engine_create(&mlp->engine, dnnl_cpu, 0));
    check(dnnl_stream_create(&mlp->stream, mlp->engine, dnnl_stream_default_flags));
    check(dnnl_memory_create(&mlp->x, &x, mlp->engine, DNNL_MEMORY_NONE));
    for (size_t i = 0; i < layers; i++) {
        layer *l = &mlp->layer[i];
        l->in = widths[i], l->out = widths[i + 1];
        dnnl_primitive_desc_t forward = make_forward(mlp, l, i + 1 < layers);
        if (i > 0) make_data(mlp, l, forward);
        make_weights(mlp, l, forward);
        dnnl_primitive_desc_destroy(forward);
        bind(mlp, i);
        l->vw = floats(l->w.count), l->vb = floats(l->out);
        load_weights(mlp, l, eng_params_view(like, 2 * i, eng_params_values(like)).data);
        memcpy(l->b.data, eng_params_view(like, 2 * i + 1, eng_params_values(like)).data, l->out * sizeof(float));
    }
    return mlp;
}

void mlp_onednn_destroy(mlp_onednn *mlp) {
    if (mlp == NULL) return;
    for (size_t i = 0; i < mlp->layers; i++) {
        layer *l = &mlp->layer[i];
        const block *all[] = {&l->w, &l->b, &l->dw, &l->db, &l->y, &l->dy, &l->data_w, &l->raw_dw};
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
            if (all[k]->memory != NULL) dnnl_memory_destroy(all[k]->memory);
            eng_free(all[k]->data);
        }
        eng_free(l->vw), eng_free(l->vb);
        for (int k = 0; k < PASSES; k++)
            if (l->pass[k] != NULL) dnnl_primitive_destroy(l->pass[k]);
        if (l->to_data_w != NULL) dnnl_primitive_destroy(l->to_data_w);
        if (l->from_raw_dw != NULL) dnnl_primitive_destroy(l->from_raw_dw);
    }
    dnnl_memory_destroy(mlp->x);
    dnnl_stream_destroy(mlp->stream);
    dnnl_engine_destroy(mlp->engine);
    free(mlp);
}

static void execute(const mlp_onednn *mlp, const layer *l, int pass) {
    check(dnnl_primitive_execute(l->pass[pass], mlp->stream, pass == DATA ? 3 : 4, l->arg[pass]));
}

static void backward(const mlp_onednn *mlp) {
    for (size_t i = mlp->layers; i-- > 0;) {
        const layer *l = &mlp->layer[i];
        if (i + 1 < mlp->layers) plain_relu_grad(mlp->batch * l->out, l->y.data, l->dy.data);
        execute(mlp, l, WEIGHTS);
        if (l->from_raw_dw != NULL) run_reorder(mlp, l->from_raw_dw, &l->raw_dw, &l->dw);
        if (i == 0) continue;
        if (l->to_data_w != NULL) run_reorder(mlp, l->to_data_w, &l->w, &l->data_w);
        execute(mlp, l, DATA);
    }
    check(dnnl_stream_wait(mlp->stream));
}

double mlp_onednn_step(mlp_onednn *mlp, const float *x, const int32_t *labels, float rate) {
    const layer *last = &mlp->layer[mlp->layers - 1];
    check(dnnl_memory_set_data_handle(mlp->x, (void *)(uintptr_t)x));
    for (size_t i = 0; i < mlp->layers; i++) execute(mlp, &mlp->layer[i], FORWARD);
    check(dnnl_stream_wait(mlp->stream));
    const double loss = plain_softmax_cross_entropy(mlp->batch, last->out, last->y.data, labels, last->dy.data);
    backward(mlp);
    for (size_t i = 0; i < mlp->layers; i++) {
        const layer *l = &mlp->layer[i];
        plain_update(l->w.count, rate, l->dw.data, l->vw, l->w.data);
        plain_update(l->out, rate, l->db.data, l->vb, l->b.data);
    }
    return loss;
}
#else
mlp_onednn *mlp_onednn_create(size_t batch, const size_t *widths, size_t layers, const eng_params *like) {
    (void)batch, (void)widths, (void)layers, (void)like;
    return NULL;
}

void mlp_onednn_destroy(mlp_onednn *mlp) {
    (void)mlp;
}

double mlp_onednn_step(mlp_onednn *mlp, const float *x, const int32_t *labels, float rate) {
    (void)mlp, (void)x, (void)labels, (void)rate;
    return 0.0;
}
#endif
