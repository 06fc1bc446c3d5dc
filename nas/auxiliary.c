/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The auxiliary tower of DARTS's evaluation network (H. Liu et al., ICLR 2019, appendix A.2, and the authors' code:
 * AuxiliaryHeadCIFAR), after C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 5.
 *
 * ReLU, mean pooling to 2 x 2 pixels, 1 x 1 convolution to 128 channels, 2 x 2 to 768, each with normalization and
 * ReLU, and a linear layer. The published pool, 5 x 5 with stride 3, makes 2 x 2 pixels of 8 x 8 (CIFAR-10); that of an
 * image of m pixels has stride 3 m / 8 and the window that is left, so 5 x 5 with stride 2 for the 7 x 7 of 28 x 28. */
#include "nas/auxiliary.h"

#include "nas/parts.h"

enum { NARROW = 128, WIDE = 768 };

size_t nas_auxiliary_place(size_t count) {
    return 2 * count / 3;
}

static base_status pool(eng_net *net) {
    const eng_shape in = *eng_net_shape(net);
    eng_pool_config config = {0};
    for (size_t i = 0; i < 2; i++) {
        if (in.dim[i] < 2)
            return BASE_FAIL(net->err, BASE_INVALID,
                             "the auxiliary tower needs images of at least 2 x 2 pixels, but gets %zu x %zu: set "
                             "auxiliary to 0",
                             in.dim[0], in.dim[1]);
        config.stride[i] = in.dim[i] < 6 ? 1 : 3 * in.dim[i] / 8;
        config.window[i] = in.dim[i] - config.stride[i];
    }
    return eng_net_apply(net, &eng_op_mean_pool, &config, NULL);
}

base_status nas_auxiliary_build(eng_net *net, eng_value *out) {
    const eng_value before = net->at;
    const nas_edge edge = {.affine = true, .name = "auxiliary"};
    const eng_conv2d_config square = {.filters = WIDE, .kernel = {2}, .no_bias = true, .init = net->config->init};
    const eng_init *init = net->config->init != NULL ? net->config->init : &eng_init_xavier_uniform;
    const eng_dense_config answers = {.width = net->config->outputs, .init = init};
    BASE_TRY(eng_net_apply(net, &eng_op_relu, NULL, NULL));
    BASE_TRY(pool(net));
    BASE_TRY(nas_part_conv(net, &edge, "conv1", NARROW, 1, 1));
    BASE_TRY(nas_part_norm(net, &edge, "norm1", true));
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d, &square, "auxiliary.conv2"));
    BASE_TRY(nas_part_norm(net, &edge, "norm2", true));
    BASE_TRY(eng_net_apply(net, &eng_op_dense, &answers, "auxiliary.output"));
    *out = net->at;
    net->at = before;
    return BASE_OK;
}

base_status nas_auxiliary_end(eng_net *net, eng_value tower, const eng_ports *ports, double weight) {
    if (ports->task != ENG_MULTICLASS)
        return BASE_FAIL(net->err, BASE_INVALID, "an auxiliary tower needs classes to predict: set auxiliary to 0");
    const eng_cross_entropy_config loss = {.smoothing = net->config->label_smoothing, .auxiliary = weight};
    eng_value none;
    return eng_graph_add(net->graph, &eng_op_cross_entropy, &loss, "auxiliary.loss",
                         (eng_value[]){tower, ports->target}, &none, net->err);
}
