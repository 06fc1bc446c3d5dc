/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer around a convolution. */
#include "engine/ops/conv_layer.h"

#include "engine/ops/layer_weights.h"

/* So that no product of sizes wraps around. */
#define MOST_EDGE ((size_t)1 << 20)

static size_t other(const size_t pair[2], size_t i) {
    return i == 1 && pair[1] == 0 ? pair[0] : pair[i];
}

base_status eng_conv_layer_edge(size_t kernel, size_t stride, size_t dilation, size_t padding, eng_conv_edge *e,
                                base_err *err) {
    e->kernel = kernel;
    e->stride = stride == 0 ? 1 : stride;
    e->dilation = dilation == 0 ? 1 : dilation;
    e->padding = padding;
    if (e->kernel == 0 || e->kernel > ENG_CONV_MOST_TAPS)
        return BASE_FAIL(err, BASE_INVALID, "a kernel is 1 to %d pixels wide, not %zu", ENG_CONV_MOST_TAPS, e->kernel);
    if (e->stride > 64 || e->dilation > 64)
        return BASE_FAIL(err, BASE_INVALID, "stride and dilation are at most 64, not %zu and %zu", e->stride,
                         e->dilation);
    if (e->padding > (e->kernel - 1) * e->dilation)
        return BASE_FAIL(err, BASE_INVALID, "a padding of %zu is wider than what a kernel of %zu reaches", e->padding,
                         e->kernel);
    return BASE_OK;
}

base_status eng_conv_layer_edges(const size_t kernel[2], const size_t stride[2], const size_t dilation[2],
                                 const size_t padding[2], eng_conv *conv, base_err *err) {
    eng_conv_edge *edges[2] = {&conv->h, &conv->w};
    for (size_t i = 0; i < 2; i++)
        BASE_TRY(
            eng_conv_layer_edge(other(kernel, i), other(stride, i), other(dilation, i), padding[i], edges[i], err));
    return BASE_OK;
}

base_status eng_conv_layer_same(eng_conv_edge *e, base_err *err) {
    if (e->kernel % 2 == 0)
        return BASE_FAIL(err, BASE_INVALID, "\"same\" padding wants an odd kernel, not %zu", e->kernel);
    e->padding = (e->kernel - 1) * e->dilation / 2;
    return BASE_OK;
}

base_status eng_conv_layer_edge_check(const eng_conv_edge *e, base_err *err) {
    if (e->in == 0 || e->out == 0)
        return BASE_FAIL(err, BASE_INVALID, "a kernel of %zu with dilation %zu does not fit into %zu pixels", e->kernel,
                         e->dilation, e->in + 2 * e->padding);
    if (e->in > MOST_EDGE || e->out > MOST_EDGE)
        return BASE_FAIL(err, BASE_INVALID, "an image of %zu pixels along an edge is too large",
                         e->in > e->out ? e->in : e->out);
    return BASE_OK;
}

base_status eng_conv_layer_check(const eng_conv *conv, base_err *err) {
    BASE_TRY(eng_conv_layer_edge_check(&conv->h, err));
    BASE_TRY(eng_conv_layer_edge_check(&conv->w, err));
    if (conv->channels == 0 || conv->filters == 0 || conv->channels > MOST_EDGE || conv->filters > MOST_EDGE)
        return BASE_FAIL(err, BASE_INVALID, "a convolution has 1 to %zu channels and filters, not %zu and %zu",
                         MOST_EDGE, conv->channels, conv->filters);
    if (conv->groups == 0 || conv->channels % conv->groups != 0 || conv->filters % conv->groups != 0)
        return BASE_FAIL(err, BASE_INVALID, "%zu groups do not divide %zu channels and %zu filters", conv->groups,
                         conv->channels, conv->filters);
    return BASE_OK;
}

void eng_conv_layer_params(eng_node *node, const eng_conv *conv, bool transposed, const eng_init *init, bool no_bias) {
    const size_t taps = conv->h.kernel * conv->w.kernel;
    const size_t channels = taps * (conv->channels / conv->groups), filters = taps * (conv->filters / conv->groups);
    const eng_shape shape = {.ndim = 4,
                             .dim = {conv->h.kernel, conv->w.kernel, conv->channels / conv->groups, conv->filters}};
    node->params = no_bias ? 1 : 2;
    node->param[0] = (eng_param_spec){.name = "weight",
                                      .shape = shape,
                                      .flags = ENG_PARAM_DECAY,
                                      .init = init != NULL ? init : &eng_init_he_normal,
                                      .fan_in = transposed ? filters : channels,
                                      .fan_out = transposed ? channels : filters};
    node->param[1] = (eng_param_spec){
        .name = "bias", .shape = eng_shape_1d(transposed ? conv->channels : conv->filters), .value = 0.0f};
}

eng_conv_pass eng_conv_layer_pass(const eng_call *call, const eng_run *run, const eng_conv *conv, size_t skipped) {
    eng_conv_pass pass = {.conv = conv,
                          .tiles = run->k->tiles,
                          .n = run->n,
                          .w = eng_layer_weights_of(call).w,
                          .workspace = (float *)call->workspace + skipped,
                          .threads = run->threads};
    if (run->threads != NULL) {
        pass.others = (float *)eng_workspace(call, run, 1) + skipped;
        pass.others_step = run->workspace_step / sizeof(float);
    }
    return pass;
}

enum {
    MAPPED = 8192, /* numbers worth another thread */
    LINE = 16,     /* of them in a line of memory */
};

/* The activation of a call, in a pass that threads share. */
typedef struct activation {
    const eng_call *call;
    const eng_run *run;
    eng_epilogue epilogue;
    size_t rows, cols;
    float *sums;
} activation;

static void finish_range(const void *self, size_t thread, size_t begin, size_t end) {
    const activation *a = self;
    float *y = a->call->y + begin;
    (void)thread;
    (a->epilogue == ENG_EPILOGUE_SIGMOID ? a->run->k->sigmoid : a->run->k->tanh)(end - begin, y, y);
}

void eng_conv_layer_finish(const eng_call *call, const eng_run *run, eng_epilogue epilogue) {
    const activation a = {.call = call, .run = run, .epilogue = epilogue};
    if (epilogue == ENG_EPILOGUE_SIGMOID || epilogue == ENG_EPILOGUE_TANH)
        eng_threads_ranges(run->threads, run->n * call->out_count, MAPPED, finish_range, &a);
}

static void undo_columns(const void *self, size_t thread, size_t begin, size_t end) {
    const activation *a = self;
    const eng_call *call = a->call;
    (void)thread;
    a->run->k->bias_epilogue_grad[a->epilogue](a->rows, end - begin, a->cols, call->y + begin, call->dy + begin,
                                               a->sums + begin);
}

void eng_conv_layer_undo(const eng_call *call, const eng_run *run, eng_epilogue epilogue, float *spare) {
    float *dbias = eng_layer_weights_of(call).dbias;
    if (epilogue == ENG_EPILOGUE_NONE) epilogue = ENG_EPILOGUE_LINEAR;
    if (dbias == NULL && epilogue == ENG_EPILOGUE_LINEAR) return;
    const size_t cols = call->node->out_shape.dim[call->node->out_shape.ndim - 1];
    const activation a = {.call = call,
                          .run = run,
                          .epilogue = epilogue,
                          .rows = run->n * call->out_count / cols,
                          .cols = cols,
                          .sums = dbias != NULL ? dbias : spare};
    eng_threads_ranges(run->threads, cols, (MAPPED / a.rows / LINE + 1) * LINE, undo_columns, &a);
}

/* ---- export ---- */

void eng_conv_layer_c_edge(const eng_conv_edge *e, base_buf *out) {
    base_buf_printf(out, "(const int[]){%zu, %zu, %zu, %zu, %zu, %zu}", e->in, e->out, e->kernel, e->stride,
                    e->dilation, e->padding);
}

void eng_conv_layer_c(const char *name, const eng_conv *conv, const eng_node *node, const eng_c_call *call) {
    base_buf h = {0}, w = {0};
    eng_conv_layer_c_edge(&conv->h, &h);
    eng_conv_layer_c_edge(&conv->w, &w);
    eng_c_statement(call->to, "@_%s(%s, %s, %zu, %zu, %zu, %s, %s, %s, %s);", name, h.data, w.data, conv->channels,
                    conv->filters, conv->groups, call->x[0], call->w[0], node->params > 1 ? call->w[1] : "NULL",
                    call->y);
    base_buf_fini(&h);
    base_buf_fini(&w);
}

void eng_conv_layer_onnx_edges(const eng_conv_edge *const *edges, size_t count, eng_onnx *to) {
    int64_t kernel[3], strides[3], dilations[3], pads[6];
    for (size_t i = 0; i < count; i++) {
        kernel[i] = (int64_t)edges[i]->kernel;
        strides[i] = (int64_t)edges[i]->stride;
        dilations[i] = (int64_t)edges[i]->dilation;
        pads[i] = pads[count + i] = (int64_t)edges[i]->padding;
    }
    eng_onnx_ints(to, "kernel_shape", kernel, count);
    eng_onnx_ints(to, "strides", strides, count);
    eng_onnx_ints(to, "dilations", dilations, count);
    eng_onnx_ints(to, "pads", pads, 2 * count);
}

/* Weights are [kernel h, kernel w, channels / groups, filters] here and [filters, channels / groups, h, w] there; those
 * of a transposed convolution likewise, whose filters are its inputs. */
void eng_conv_layer_onnx(const char *type, const eng_conv *conv, const eng_node *node, const eng_onnx_call *call,
                         const char *y) {
    static const unsigned order[] = {3, 2, 0, 1};
    const char *in[] = {call->x[0], eng_onnx_permuted(call->to, call->w[0], &node->param[0].shape, order), NULL};
    if (node->params > 1) in[2] = eng_onnx_floats(call->to, call->w[1], &node->param[1].shape);
    eng_onnx_node(call->to, type, in, 1 + node->params, y);
    eng_conv_layer_onnx_edges((const eng_conv_edge *[]){&conv->h, &conv->w}, 2, call->to);
    eng_onnx_int(call->to, "group", (int64_t)conv->groups);
}
