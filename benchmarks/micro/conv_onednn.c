/* SPDX-License-Identifier: GPL-3.0-or-later */
/* oneDNN's convolution through its C API (version 2), as the yardstick: memory in the formats that its primitives
 * prefer, created once, executed again and again. Compiled to an empty answer when the library is not there. */
#include "benchmarks/micro/conv_peers.h"

#if BENCH_ONEDNN
#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

enum { FORWARD, DATA, WEIGHTS, PASSES };

typedef struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t desc[PASSES];
    dnnl_primitive_t primitive[PASSES];
    dnnl_exec_arg_t arg[PASSES][3];
    void *memory[9];
    dnnl_memory_t handle[9];
    size_t memories;
    bool wants_dx;
} onednn;

static bool add_argument(onednn *o, int pass, int index, dnnl_query_t what, int name) {
    const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(o->desc[pass], what, 0);
    size_t bytes = (dnnl_memory_desc_get_size(desc) + 63) / 64 * 64;
    float *memory = aligned_alloc(64, bytes);
    if (memory == NULL) return false;
    for (size_t i = 0; i < bytes / sizeof *memory; i++) memory[i] = 0.01f * (float)(i % 97) - 0.5f;
    o->memory[o->memories] = memory;
    if (dnnl_memory_create(&o->handle[o->memories], desc, o->engine, memory) != dnnl_success) return false;
    o->arg[pass][index] = (dnnl_exec_arg_t){name, o->handle[o->memories++]};
    return true;
}

static bool create_pass(onednn *o, int pass, const dnnl_convolution_desc_t *desc) {
    return dnnl_primitive_desc_create(&o->desc[pass], desc, NULL, o->engine,
                                      pass == FORWARD ? NULL : o->desc[FORWARD]) == dnnl_success &&
           dnnl_primitive_create(&o->primitive[pass], o->desc[pass]) == dnnl_success;
}

static bool create(onednn *o, const eng_conv *c, size_t n) {
    const bool grouped = c->groups > 1;
    const dnnl_dims_t x = {(int64_t)n, (int64_t)c->channels, (int64_t)c->h.in, (int64_t)c->w.in};
    const dnnl_dims_t y = {(int64_t)n, (int64_t)c->filters, (int64_t)c->h.out, (int64_t)c->w.out};
    const dnnl_dims_t dense = {(int64_t)c->filters, (int64_t)c->channels, (int64_t)c->h.kernel, (int64_t)c->w.kernel};
    const dnnl_dims_t split = {(int64_t)c->groups, (int64_t)(c->filters / c->groups),
                               (int64_t)(c->channels / c->groups), (int64_t)c->h.kernel, (int64_t)c->w.kernel};
    const dnnl_dims_t stride = {(int64_t)c->h.stride, (int64_t)c->w.stride};
    const dnnl_dims_t dilation = {(int64_t)c->h.dilation - 1, (int64_t)c->w.dilation - 1};
    const dnnl_dims_t padding = {(int64_t)c->h.padding, (int64_t)c->w.padding};
    dnnl_memory_desc_t mx, my, mw;
    dnnl_memory_desc_init_by_tag(&mx, 4, x, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&my, 4, y, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&mw, grouped ? 5 : 4, grouped ? split : dense, dnnl_f32, dnnl_format_tag_any);
    dnnl_convolution_desc_t forward, data, weights;
    if (dnnl_engine_create(&o->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags) != dnnl_success ||
        dnnl_dilated_convolution_forward_desc_init(&forward, dnnl_forward_training, dnnl_convolution_direct, &mx, &mw,
                                                   NULL, &my, stride, dilation, padding, padding) != dnnl_success ||
        dnnl_dilated_convolution_backward_data_desc_init(&data, dnnl_convolution_direct, &mx, &mw, &my, stride,
                                                         dilation, padding, padding) != dnnl_success ||
        dnnl_dilated_convolution_backward_weights_desc_init(&weights, dnnl_convolution_direct, &mx, &mw, NULL, &my,
                                                            stride, dilation, padding, padding) != dnnl_success)
        return false;
    return create_pass(o, FORWARD, &forward) && create_pass(o, DATA, &data) && create_pass(o, WEIGHTS, &weights) &&
           add_argument(o, FORWARD, 0, dnnl_query_src_md, DNNL_ARG_SRC) &&
           add_argument(o, FORWARD, 1, dnnl_query_weights_md, DNNL_ARG_WEIGHTS) &&
           add_argument(o, FORWARD, 2, dnnl_query_dst_md, DNNL_ARG_DST) &&
           add_argument(o, DATA, 0, dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST) &&
           add_argument(o, DATA, 1, dnnl_query_weights_md, DNNL_ARG_WEIGHTS) &&
           add_argument(o, DATA, 2, dnnl_query_diff_src_md, DNNL_ARG_DIFF_SRC) &&
           add_argument(o, WEIGHTS, 0, dnnl_query_src_md, DNNL_ARG_SRC) &&
           add_argument(o, WEIGHTS, 1, dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST) &&
           add_argument(o, WEIGHTS, 2, dnnl_query_diff_weights_md, DNNL_ARG_DIFF_WEIGHTS);
}

/* x and dy are one tensor for all passes where oneDNN wants them in one format. */
static void share(onednn *o) {
    struct {
        int pass, index, with_pass, with_index;
    } pairs[] = {{WEIGHTS, 0, FORWARD, 0}, {WEIGHTS, 1, DATA, 0}};
    for (size_t i = 0; i < 2; i++) {
        const dnnl_memory_desc_t *a, *b;
        dnnl_memory_t mine = o->arg[pairs[i].pass][pairs[i].index].memory;
        dnnl_memory_t other = o->arg[pairs[i].with_pass][pairs[i].with_index].memory;
        dnnl_memory_get_memory_desc(mine, &a);
        dnnl_memory_get_memory_desc(other, &b);
        if (dnnl_memory_desc_equal(a, b)) o->arg[pairs[i].pass][pairs[i].index].memory = other;
    }
}

static void execute(onednn *o, int pass) {
    dnnl_primitive_execute(o->primitive[pass], o->stream, 3, o->arg[pass]);
}

static void forward(void *self) {
    onednn *o = self;
    execute(o, FORWARD);
    dnnl_stream_wait(o->stream);
}

static void backward(void *self) {
    onednn *o = self;
    if (o->wants_dx) execute(o, DATA);
    execute(o, WEIGHTS);
    dnnl_stream_wait(o->stream);
}

static void destroy(void *self) {
    onednn *o = self;
    for (int i = 0; i < PASSES; i++) {
        dnnl_primitive_destroy(o->primitive[i]);
        dnnl_primitive_desc_destroy(o->desc[i]);
    }
    for (size_t i = 0; i < o->memories; i++) {
        dnnl_memory_destroy(o->handle[i]);
        free(o->memory[i]);
    }
    dnnl_stream_destroy(o->stream);
    dnnl_engine_destroy(o->engine);
    free(o);
}

conv_peer conv_onednn_create(const eng_conv *conv, size_t n, bool wants_dx) {
    onednn *o = base_calloc(1, sizeof *o);
    o->wants_dx = wants_dx;
    if (!create(o, conv, n)) {
        free(o);
        return (conv_peer){0};
    }
    share(o);
    return (conv_peer){.name = "oneDNN", .self = o, .forward = forward, .backward = backward, .destroy = destroy};
}
#else
conv_peer conv_onednn_create(const eng_conv *conv, size_t n, bool wants_dx) {
    (void)conv, (void)n, (void)wants_dx;
    return (conv_peer){0};
}
#endif
