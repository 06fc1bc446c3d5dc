/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Residual networks for small images.
 *
 * K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: a 3 x 3 convolution, stages of
 * two-layer blocks, global average pooling; 3 stages of n blocks are ResNet-(6n + 2). Shortcuts that change shape are
 * projections (option B) where the paper's CIFAR nets pad with zeros (option A). preactivation: K. He et al., "Identity
 * Mappings in Deep Residual Networks", ECCV 2016, figure 4e: normalization and activation in front of each convolution;
 * a block that changes shape projects its activated input. drop_path: G. Huang et al., "Deep Networks with Stochastic
 * Depth", ECCV 2016, eq. 4: linear from 0 to the given rate over the blocks. */
#include "engine/modules/convnets.h"

static base_status post_block(eng_net *net, const eng_convnet_config *config, const eng_convnet_block *b) {
    const eng_value before = net->at;
    const eng_norm norm = net->config->norm;
    eng_window down = eng_convnet_three;
    (void)config;
    down.stride[0] = b->stride;
    BASE_TRY(eng_net_conv(net, b->channels, &down, 1, norm, eng_net_activation(net)));
    BASE_TRY(eng_net_conv(net, b->channels, &eng_convnet_three, 1, norm, &eng_op_linear));
    return eng_net_residual(net, before, b->drop_path, norm, eng_net_activation(net));
}

static base_status activate(eng_net *net) {
    return eng_net_finish(net, net->config->norm, eng_net_activation(net));
}

static base_status pre_block(eng_net *net, const eng_convnet_config *config, const eng_convnet_block *b) {
    eng_value before = net->at;
    eng_window down = eng_convnet_three;
    (void)config;
    down.stride[0] = b->stride;
    const bool same = b->stride == 1 && eng_net_shape(net)->dim[2] == b->channels;
    BASE_TRY(activate(net));
    if (!same) before = net->at;
    BASE_TRY(eng_net_conv(net, b->channels, &down, 1, ENG_NORM_NONE, &eng_op_linear));
    BASE_TRY(activate(net));
    BASE_TRY(eng_net_conv(net, b->channels, &eng_convnet_three, 1, ENG_NORM_NONE, &eng_op_linear));
    return eng_net_residual(net, before, b->drop_path, ENG_NORM_NONE, &eng_op_linear);
}

base_status eng_resnet_build(eng_net *net, const eng_convnet_config *config) {
    const bool pre = config->preactivation;
    BASE_TRY(eng_net_conv(net, config->width, &eng_convnet_three, 1, pre ? ENG_NORM_NONE : net->config->norm,
                          pre ? &eng_op_linear : eng_net_activation(net)));
    BASE_TRY(eng_convnet_stages(net, config, pre ? pre_block : post_block));
    if (pre) BASE_TRY(activate(net));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

static const base_option options[] = {
    ENG_CONVNET_SHAPE_OPTIONS,
    {.name = "preactivation",
     .kind = BASE_OPTION_BOOL,
     ENG_CONVNET_FIELD(preactivation),
     .fallback = "false",
     .help = "normalize and activate in front of a convolution"},
    ENG_CONVNET_DROP_PATH_OPTION,
    BASE_OPTIONS_END,
};

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const eng_convnet_config config = eng_convnet_config_of(network);
    BASE_TRY(eng_resnet_build(net, &config));
    return eng_net_end(net, ports);
}

const eng_network_kind eng_network_resnet = {
    .name = "resnet",
    .summary = "residual network of any depth and width, post- or pre-activation",
    .options = options,
    .size = sizeof(eng_convnet_options),
    .norm = ENG_NORM_BATCH,
    .build = build,
};
