/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Residual, depthwise-separable and U-shaped networks for small images.
 *
 * resnet: K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: a 3 x 3 convolution,
 * stages of two-layer blocks, global average pooling; 3 stages of n blocks are ResNet-(6n + 2). Shortcuts that change
 * shape are projections (option B) where the paper's CIFAR nets pad with zeros (option A). preactivation: K. He et al.,
 * "Identity Mappings in Deep Residual Networks", ECCV 2016, figure 4e: normalisation and activation in front of each
 * convolution; a block that changes shape projects its activated input. drop_path: G. Huang et al., "Deep Networks with
 * Stochastic Depth", ECCV 2016, eq. 4: linear from 0 to the given rate over the blocks.
 *
 * separable: A. Howard et al., "MobileNets", arXiv:1704.04861, section 3.1: a 3 x 3 convolution, then blocks of a
 * depthwise 3 x 3 and a 1 x 1 convolution, each with normalisation and activation.
 *
 * unet: O. Ronneberger et al., "U-Net", MICCAI 2015, figure 1: a block is two 3 x 3 convolutions, the way down
 * max-pools, the way up puts a 2 x 2 up-convolution with half the channels beside what the way down had at that size.
 * Convolutions keep the size, and an up-convolution adds the row or column that pooling an odd size lost, where the
 * paper crops. The paper ends with a map of scores for the pixels; here a network answers for the whole image, so the
 * features of the pixels are averaged. */
#include "engine/modules/convnets.h"

static const eng_window three = {.size = {3}, .stride = {1}, .dilation = 1, .same = true};

typedef struct block {
    size_t channels, stride;
    double drop_path;
} block;

typedef base_status block_fn(eng_net *net, const eng_convnet_config *config, const block *b);

static base_status build_stages(eng_net *net, const eng_convnet_config *config, block_fn *build) {
    const size_t count = config->stages * config->blocks;
    size_t channels = config->width;
    for (size_t i = 0; i < count; i++) {
        const bool first = i > 0 && i % config->blocks == 0;
        if (first) channels *= 2;
        if (channels > (size_t)1 << 20)
            return BASE_FAIL(net->err, BASE_INVALID, "%zu stages of a network %zu wide are too many", config->stages,
                             config->width);
        const block b = {.channels = channels,
                         .stride = first ? 2 : 1,
                         .drop_path = config->drop_path * (double)(i + 1) / (double)count};
        BASE_TRY(build(net, config, &b));
    }
    return BASE_OK;
}

static base_status post_block(eng_net *net, const eng_convnet_config *config, const block *b) {
    const eng_value before = net->at;
    const eng_norm norm = net->config->norm;
    eng_window down = three;
    (void)config;
    down.stride[0] = b->stride;
    BASE_TRY(eng_net_conv(net, b->channels, &down, 1, norm, eng_net_activation(net)));
    BASE_TRY(eng_net_conv(net, b->channels, &three, 1, norm, &eng_op_linear));
    return eng_net_residual(net, before, b->drop_path, norm, eng_net_activation(net));
}

static base_status activate(eng_net *net) {
    return eng_net_finish(net, net->config->norm, eng_net_activation(net));
}

static base_status pre_block(eng_net *net, const eng_convnet_config *config, const block *b) {
    eng_value before = net->at;
    eng_window down = three;
    (void)config;
    down.stride[0] = b->stride;
    const bool same = b->stride == 1 && eng_net_shape(net)->dim[2] == b->channels;
    BASE_TRY(activate(net));
    if (!same) before = net->at;
    BASE_TRY(eng_net_conv(net, b->channels, &down, 1, ENG_NORM_NONE, &eng_op_linear));
    BASE_TRY(activate(net));
    BASE_TRY(eng_net_conv(net, b->channels, &three, 1, ENG_NORM_NONE, &eng_op_linear));
    return eng_net_residual(net, before, b->drop_path, ENG_NORM_NONE, &eng_op_linear);
}

base_status eng_resnet_build(eng_net *net, const eng_convnet_config *config) {
    const bool pre = config->preactivation;
    BASE_TRY(eng_net_conv(net, config->width, &three, 1, pre ? ENG_NORM_NONE : net->config->norm,
                          pre ? &eng_op_linear : eng_net_activation(net)));
    BASE_TRY(build_stages(net, config, pre ? pre_block : post_block));
    if (pre) BASE_TRY(activate(net));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

static base_status separable_block(eng_net *net, const eng_convnet_config *config, const block *b) {
    const eng_value before = net->at;
    const bool same = b->stride == 1 && eng_net_shape(net)->dim[2] == b->channels;
    eng_window down = three;
    down.stride[0] = b->stride;
    BASE_TRY(eng_net_separable(net, b->channels, &down, net->config->norm, eng_net_activation(net)));
    if (!config->skip || !same) return BASE_OK;
    return eng_net_residual(net, before, b->drop_path, ENG_NORM_NONE, &eng_op_linear);
}

base_status eng_separable_build(eng_net *net, const eng_convnet_config *config) {
    BASE_TRY(eng_net_conv(net, config->width, &three, 1, net->config->norm, eng_net_activation(net)));
    BASE_TRY(build_stages(net, config, separable_block));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

static base_status unet_blocks(eng_net *net, const eng_convnet_config *config, size_t channels) {
    for (size_t i = 0; i < 2 * config->blocks; i++)
        BASE_TRY(eng_net_conv(net, channels, &three, 1, net->config->norm, eng_net_activation(net)));
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
