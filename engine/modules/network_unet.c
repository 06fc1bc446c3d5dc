/* SPDX-License-Identifier: GPL-3.0-or-later */
/* U-shaped networks for small images.
 *
 * O. Ronneberger et al., "U-Net", MICCAI 2015, figure 1: a block is two 3 x 3 convolutions, the way down max-pools, the
 * way up puts a 2 x 2 up-convolution with half the channels beside what the way down had at that size. Convolutions
 * keep the size, and an up-convolution adds the row or column that pooling an odd size lost, where the paper crops. The
 * paper ends with a map of scores for the pixels; here a network answers for the whole image, so the features of the
 * pixels are averaged. */
#include "engine/modules/convnets.h"

static base_status unet_blocks(eng_net *net, const eng_convnet_config *config, size_t channels) {
    for (size_t i = 0; i < 2 * config->blocks; i++)
        BASE_TRY(eng_net_conv(net, channels, &eng_convnet_three, 1, net->config->norm, eng_net_activation(net)));
    return BASE_OK;
}

/* Twice as many pixels, or as many as the skip has where halving it rounded down. */
static base_status unet_up(eng_net *net, eng_value skip, size_t channels) {
    const eng_shape *to = &eng_graph_value(net->graph, skip)->shape;
    const eng_window twice = {.size = {2}, .stride = {2}, .dilation = 1, .extra = {to->dim[0] % 2, to->dim[1] % 2}};
    BASE_TRY(eng_net_transposed(net, channels, &twice, ENG_NORM_NONE, &eng_op_linear));
    return eng_net_concat(net, (eng_value[]){skip, net->at}, 2);
}

/* Everything from the size of a stage downwards and up again. */
static base_status unet_stage(eng_net *net, const eng_convnet_config *config, size_t stage, size_t channels) {
    static const eng_window half = {.size = {2}, .stride = {2}, .dilation = 1};
    BASE_TRY(unet_blocks(net, config, channels));
    if (stage == config->stages) return BASE_OK;
    const eng_shape *shape = eng_net_shape(net);
    if (shape->dim[0] < 2 || shape->dim[1] < 2)
        return BASE_FAIL(net->err, BASE_INVALID, "after %zu stages the image has %zux%zu pixels, too few to be halved",
                         stage, shape->dim[0], shape->dim[1]);
    const eng_value skip = net->at;
    BASE_TRY(eng_net_pool(net, ENG_POOL_MAX, &half));
    BASE_TRY(unet_stage(net, config, stage + 1, 2 * channels));
    BASE_TRY(unet_up(net, skip, channels));
    return unet_blocks(net, config, channels);
}

base_status eng_unet_build(eng_net *net, const eng_convnet_config *config) {
    BASE_TRY(unet_stage(net, config, 1, config->width));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

static const base_option options[] = {
    ENG_CONVNET_SHAPE_OPTIONS,
    BASE_OPTIONS_END,
};

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const eng_convnet_config config = eng_convnet_config_of(network);
    BASE_TRY(eng_unet_build(net, &config));
    return eng_net_end(net, ports);
}

const eng_network_kind eng_network_unet = {
    .name = "unet",
    .summary = "convolutions down to small images and up again, with skips",
    .options = options,
    .size = sizeof(eng_convnet_options),
    .norm = ENG_NORM_BATCH,
    .build = build,
};
