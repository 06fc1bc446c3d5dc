/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fully connected layer: Y = f(X W + b), X [n, in], W [in, width], b [width].
 *
 *   dZ = dY f'(Y),   db = column sums of dZ,   dW = X' dZ,   dX = dZ W'
 *
 * W is stored [in, width], so that forward and dW read all matrices in place. Bias and ReLU are added while a tile of Y
 * is in registers, other activations in a pass over Y; their gradients are one pass over dY; dZ takes the place of dY.
 */
#include "engine/ops/ops.h"
#include "engine/tensor/product.h"

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

static size_t workspace(const eng_node *node, size_t batch) {
    (void)batch;
    const size_t in = eng_shape_count(&node->in_shape[0]), width = eng_shape_count(&node->out_shape);
    const size_t forward = eng_product_nn_workspace(width, in), backward = eng_product_nt_workspace(width);
    return (forward > backward ? forward : backward) * sizeof(float);
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_epilogue epilogue = epilogue_of(call->node);
    const bool fused = epilogue == ENG_EPILOGUE_LINEAR || epilogue == ENG_EPILOGUE_RELU;
    eng_product_nn(&(eng_product){.tiles = run->k->tiles,
                                  .m = run->n,
                                  .n = call->out_count,
                                  .k = call->in_count[0],
                                  .a = call->x[0],
                                  .b = call->w[0],
                                  .c = call->y,
                                  .workspace = call->workspace,
                                  .bias = fused ? call->w[1] : NULL,
                                  .relu = epilogue == ENG_EPILOGUE_RELU});
    if (!fused) run->k->bias_epilogue[epilogue](run->n, call->out_count, call->w[1], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t in = call->in_count[0], width = call->out_count;
    run->k->bias_epilogue_grad[epilogue_of(call->node)](run->n, width, call->y, call->dy, call->dw[1]);
    if (call->dx[0] != NULL)
        eng_product_nt(&(eng_product){.tiles = run->k->tiles,
                                      .m = run->n,
                                      .n = in,
                                      .k = width,
                                      .a = call->dy,
                                      .b = call->w[0],
                                      .c = call->dx[0],
                                      .workspace = call->workspace});
    eng_product_tn(&(eng_product){
        .tiles = run->k->tiles, .m = in, .n = width, .k = run->n, .a = call->x[0], .b = call->dy, .c = call->dw[0]});
}

const eng_op eng_op_dense = {
    .name = "dense",
    .summary = "x W + b, with an activation on the fly",
    .inputs = 1,
    .config_size = sizeof(eng_dense_config),
    .traits = ENG_READS_X,
    .infer = infer,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
