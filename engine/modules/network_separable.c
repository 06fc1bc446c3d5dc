/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Depthwise-separable networks for small images.
 *
 * A. Howard et al., "MobileNets", arXiv:1704.04861, section 3.1: a 3 x 3 convolution, then blocks of a depthwise 3 x 3
 * and a 1 x 1 convolution, each with normalization and activation. */
#include "engine/modules/convnets.h"

static base_status separable_block(eng_net *net, const eng_convnet_config *config, const eng_convnet_block *b) {
    const eng_value before = net->at;
    const bool same = b->stride == 1 && eng_net_shape(net)->dim[2] == b->channels;
    eng_window down = eng_convnet_three;
    down.stride[0] = b->stride;
    BASE_TRY(eng_net_separable(net, b->channels, &down, net->config->norm, eng_net_activation(net)));
    if (!config->skip || !same) return BASE_OK;
    return eng_net_residual(net, before, b->drop_path, ENG_NORM_NONE, &eng_op_linear);
}

base_status eng_separable_build(eng_net *net, const eng_convnet_config *config) {
    BASE_TRY(eng_net_conv(net, config->width, &eng_convnet_three, 1, net->config->norm, eng_net_activation(net)));
    BASE_TRY(eng_convnet_stages(net, config, separable_block));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

static const base_option options[] = {
    ENG_CONVNET_SHAPE_OPTIONS,
    {.name = "skip",
     .kind = BASE_OPTION_BOOL,
     ENG_CONVNET_FIELD(skip),
     .fallback = "false",
     .help = "a layer that leaves the shape of what it reads adds to it"},
    ENG_CONVNET_DROP_PATH_OPTION,
    BASE_OPTIONS_END,
};

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const eng_convnet_config config = eng_convnet_config_of(network);
    BASE_TRY(eng_separable_build(net, &config));
    return eng_net_end(net, ports);
}

const eng_network_kind eng_network_separable = {
    .name = "separable",
    .summary = "depthwise-separable convolutions",
    .options = options,
    .size = sizeof(eng_convnet_options),
    .norm = ENG_NORM_BATCH,
    .build = build,
};
