/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sum of values of one shape, with an activation on the fly: y = f(x0 + x1 + ...), the end of a residual block.
 *
 * K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, eq. 1. Every gradient is dy f'(y). Done in
 * pieces that stay in the L1 cache, so that many inputs and the activation cost one pass over memory. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/ops.h"

enum { PIECE = 2048 }; /* floats: 8 KiB of y beside as much of an input */

static eng_epilogue epilogue_of(const eng_node *node) {
    eng_epilogue epilogue = ((const eng_add_config *)node->config)->epilogue;
    return epilogue == ENG_EPILOGUE_NONE ? ENG_EPILOGUE_LINEAR : epilogue;
}

static base_status infer(eng_node *node, base_err *err) {
    for (size_t i = 1; i < node->inputs; i++) {
        if (eng_shape_equal(&node->in_shape[i], &node->in_shape[0])) continue;
        base_buf text = {0};
        eng_shape_text(&node->in_shape[0], &text);
        base_buf_puts(&text, " and ");
        eng_shape_text(&node->in_shape[i], &text);
        base_status status = BASE_FAIL(err, BASE_INVALID, "shapes %s cannot be added; they must be equal", text.data);
        base_buf_fini(&text);
        return status;
    }
    if (epilogue_of(node) != ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    return BASE_OK;
}

static eng_map_fn *activation(const eng_kernels *k, eng_epilogue epilogue) {
    return epilogue == ENG_EPILOGUE_RELU      ? k->relu
           : epilogue == ENG_EPILOGUE_SIGMOID ? k->sigmoid
           : epilogue == ENG_EPILOGUE_TANH    ? k->tanh
                                              : NULL;
}

static eng_map_grad_fn *slope(const eng_kernels *k, eng_epilogue epilogue) {
    return epilogue == ENG_EPILOGUE_RELU      ? k->relu_grad
           : epilogue == ENG_EPILOGUE_SIGMOID ? k->sigmoid_grad
           : epilogue == ENG_EPILOGUE_TANH    ? k->tanh_grad
                                              : NULL;
}

static void forward(const eng_call *call, eng_run *run) {
    eng_map_fn *f = activation(run->k, epilogue_of(call->node));
    size_t count = run->n * call->out_count;
    for (size_t at = 0; at < count; at += PIECE) {
        size_t n = count - at < PIECE ? count - at : PIECE;
        const float *x = (const float *)call->x[0] + at;
        float *y = call->y + at;
        if (call->node->inputs == 1) memmove(y, x, n * sizeof *y);
        for (size_t i = 1; i < call->node->inputs; i++) {
            run->k->add(n, x, (const float *)call->x[i] + at, y);
            x = y;
        }
        if (f != NULL) f(n, y, y);
    }
}

static void backward(const eng_call *call, const eng_run *run) {
    eng_map_grad_fn *df = slope(run->k, epilogue_of(call->node));
    size_t count = run->n * call->out_count;
    for (size_t at = 0; at < count; at += PIECE) {
        size_t n = count - at < PIECE ? count - at : PIECE;
        float *dy = call->dy + at;
        if (df != NULL) df(n, call->y + at, dy, dy);
        for (size_t i = 0; i < call->node->inputs; i++)
            if (call->dx[i] != NULL && call->dx[i] != call->dy) memcpy(call->dx[i] + at, dy, n * sizeof *dy);
    }
}

static const char c_text[] = "static inline void @_add(int n, const float *a, const float *b, float *y) {\n"
                             "    for (int i = 0; i < n; i++) y[i] = b != NULL ? a[i] + b[i] : a[i];\n"
                             "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t count = eng_shape_count(&node->out_shape);
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_add(%zu, %s, %s, %s);", count, call->x[0], node->inputs > 1 ? call->x[1] : "NULL",
                    call->y);
    for (size_t i = 2; i < node->inputs; i++)
        eng_c_statement(call->to, "@_add(%zu, %s, %s, %s);", count, call->y, call->x[i], call->y);
    eng_epilogue_c(epilogue_of(node), node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *before = eng_epilogue_onnx_before(epilogue_of(node), call);
    eng_onnx_node(call->to, "Sum", call->x, node->inputs, before);
    eng_epilogue_onnx(epilogue_of(node), before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"epilogue", ENG_FIELD_EPILOGUE, offsetof(eng_add_config, epilogue), 1},
    {0},
};

const eng_op eng_op_add = {
    .name = "add",
    .summary = "sum of values of one shape, with an activation on the fly",
    .inputs = 1,
    .config_size = sizeof(eng_add_config),
    .fields = fields,
    .traits = ENG_VARIADIC | ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
