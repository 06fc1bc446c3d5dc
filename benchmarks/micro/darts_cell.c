/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The normal cell of DARTS (second order, CIFAR-10): H. Liu et al., "DARTS: Differentiable Architecture Search", ICLR
 * 2019, fig. 4.
 *
 * Two inputs, here the same stem as for the first cell of a network, go through ReLU, 1 x 1 convolution and batch
 * normalization; four nodes are sums of two operations each; their channels side by side are the output. A separable
 * convolution is applied twice, a dilated one once (there, section 3 and appendix A.1). */
#include "benchmarks/micro/darts_cell.h"

typedef base_status operation(eng_net *net, size_t channels);

/* ReLU, 1 x 1 convolution, batch normalization. */
static base_status pointwise(eng_net *net, size_t channels, bool relu) {
    static const eng_window point = {.size = {1, 1}, .stride = {1, 1}, .dilation = 1};
    if (relu) BASE_TRY(eng_net_activate(net, &eng_op_relu));
    return eng_net_conv(net, channels, &point, 1, ENG_NORM_BATCH, &eng_op_linear);
}

/* ReLU, depthwise 3 x 3, 1 x 1, batch normalization. */
static base_status separable_once(eng_net *net, size_t channels, size_t dilation) {
    const eng_conv2d_config depthwise = {
        .filters = channels, .kernel = {3}, .dilation = {dilation}, .same = true, .groups = channels, .no_bias = true};
    BASE_TRY(eng_net_activate(net, &eng_op_relu));
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d, &depthwise, NULL));
    return pointwise(net, channels, false);
}

static base_status separable_3x3(eng_net *net, size_t channels) {
    BASE_TRY(separable_once(net, channels, 1));
    return separable_once(net, channels, 1);
}

static base_status dilated_3x3(eng_net *net, size_t channels) {
    return separable_once(net, channels, 2);
}

static base_status skip(eng_net *net, size_t channels) {
    (void)net;
    (void)channels;
    return BASE_OK;
}

enum { INPUTS = 2, NODES = 4 };

static const struct {
    operation *op;
    size_t from; /* 0, 1: the inputs; 2 to 4: the nodes */
} cell[NODES][2] = {
    {{separable_3x3, 0}, {separable_3x3, 1}},
    {{separable_3x3, 0}, {separable_3x3, 1}},
    {{separable_3x3, 1}, {skip, 0}},
    {{skip, 0}, {dilated_3x3, 2}},
};

base_status darts_cell_build(eng_net *net, size_t channels) {
    const eng_value stem = net->at;
    eng_value state[INPUTS + NODES];
    for (size_t i = 0; i < INPUTS; i++) {
        net->at = stem;
        BASE_TRY(pointwise(net, channels, true));
        state[i] = net->at;
    }
    for (size_t i = 0; i < NODES; i++) {
        eng_value term[2];
        for (size_t k = 0; k < 2; k++) {
            net->at = state[cell[i][k].from];
            BASE_TRY(cell[i][k].op(net, channels));
            term[k] = net->at;
        }
        BASE_TRY(eng_net_add(net, term, 2, &eng_op_linear));
        state[INPUTS + i] = net->at;
    }
    return eng_net_concat(net, state + INPUTS, NODES);
}
