/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stages of blocks, as residual and depthwise-separable networks have them. */
#include "engine/modules/convnets.h"

enum { WIDTH = 16 };

const eng_window eng_convnet_three = {.size = {3}, .stride = {1}, .dilation = 1, .same = true};

base_status eng_convnet_stages(eng_net *net, const eng_convnet_config *config, eng_convnet_block_fn *build) {
    const size_t count = config->stages * config->blocks;
    size_t channels = config->width;
    for (size_t i = 0; i < count; i++) {
        const bool first = i > 0 && i % config->blocks == 0;
        if (first) channels *= 2;
        if (channels > (size_t)1 << 20)
            return BASE_FAIL(net->err, BASE_INVALID, "%zu stages of a network %zu wide are too many", config->stages,
                             config->width);
        const eng_convnet_block b = {.channels = channels,
                                     .stride = first ? 2 : 1,
                                     .drop_path = config->drop_path * (double)(i + 1) / (double)count};
        BASE_TRY(build(net, config, &b));
    }
    return BASE_OK;
}

eng_convnet_config eng_convnet_config_of(const eng_network *network) {
    const eng_convnet_options *o = network->own;
    return (eng_convnet_config){
        .stages = (size_t)o->stages,
        .blocks = (size_t)o->blocks,
        .width = o->width > 0 ? (size_t)o->width : WIDTH,
        .preactivation = o->preactivation,
        .skip = o->skip,
        .drop_path = o->drop_path,
    };
}
