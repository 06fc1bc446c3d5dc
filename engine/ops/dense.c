/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fully connected layer: Y = f(X W + b), X [n, in], W [in, width], b [width].
 *
 *   dZ = dY f'(Y),   db = column sums of dZ,   dW = X' dZ,   dX = dZ W'
 *
 * W is stored [in, width], so that forward and dW are the two forms BLAS is fast at (NN, TN). Bias and activation are
 * one pass over Y, their gradients one pass over dY; dZ takes the place of dY. */
#include "engine/ops/ops.h"
#include "engine/tensor/blas.h"

static eng_epilogue epilogue_of(const eng_node *node) {
    eng_epilogue epilogue = ((const eng_dense_config *)node->config)->epilogue;
    return epilogue == ENG_EPILOGUE_NONE ? ENG_EPILOGUE_LINEAR : epilogue;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_dense_config *config = node->config;
    size_t in = eng_shape_count(&node->in_shape[0]), width = config->width;
    if (in == 0) return BASE_FAIL(err, BASE_INVALID, "a dense layer needs at least one input");
    if (width == 0) return BASE_FAIL(err, BASE_INVALID, "the width of a dense layer must be at least 1");
    if (width > INT32_MAX || in > INT32_MAX || width > PTRDIFF_MAX / sizeof(float) / in)
        return BASE_FAIL(err, BASE_INVALID, "a dense layer of %zu x %zu weights is too large", in, width);
    node->out_shape = eng_shape_1d(width);
    if (epilogue_of(node) != ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    node->params = 2;
    node->param[0] = (eng_param_spec){.name = "weight",
                                      .shape = eng_shape_2d(in, width),
                                      .flags = ENG_PARAM_DECAY,
                                      .init = config->init != NULL ? config->init : &eng_init_xavier_uniform,
                                      .fan_in = in,
                                      .fan_out = width};
    node->param[1] = (eng_param_spec){.name = "bias", .shape = eng_shape_1d(width), .value = 0.0f};
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    size_t in = call->in_count[0], width = call->out_count;
    eng_gemm_nn(run->n, width, in, call->x[0], call->w[0], call->y);
    run->k->bias_epilogue[epilogue_of(call->node)](run->n, width, call->w[1], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    size_t in = call->in_count[0], width = call->out_count;
    run->k->bias_epilogue_grad[epilogue_of(call->node)](run->n, width, call->y, call->dy, call->dw[1]);
    if (call->dx[0] != NULL) eng_gemm_nt(run->n, in, width, call->dy, call->w[0], call->dx[0]);
    eng_gemm_tn(in, width, run->n, call->x[0], call->dy, call->dw[0]);
}

const eng_op eng_op_dense = {
    .name = "dense",
    .summary = "x W + b, with an activation on the fly",
    .inputs = 1,
    .config_size = sizeof(eng_dense_config),
    .traits = ENG_READS_X,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
