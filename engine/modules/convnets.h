/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the convolutional networks by name share: their shape, its options, and stages of blocks. */
#ifndef ENG_CONVNETS_H
#define ENG_CONVNETS_H

#include "engine/modules/network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_convnet_config {
    size_t stages; /* each but the first halves the image and doubles the channels */
    size_t blocks; /* of each stage */
    size_t width;  /* channels of the first stage */
    bool preactivation;
    bool skip;        /* separable: blocks that leave the shape add to their input */
    double drop_path; /* of the last block; it grows linearly from the first */
} eng_convnet_config;

/* Everything between the input and the output layer, which eng_net_end adds. */
typedef base_status eng_convnet_fn(eng_net *net, const eng_convnet_config *config);
eng_convnet_fn eng_resnet_build, eng_separable_build, eng_unet_build;

/* ---- for the files of these networks ---- */

extern const eng_window eng_convnet_three; /* 3 x 3, of the same size */

typedef struct eng_convnet_block {
    size_t channels, stride;
    double drop_path;
} eng_convnet_block;

typedef base_status eng_convnet_block_fn(eng_net *net, const eng_convnet_config *config, const eng_convnet_block *b);
/* Stages of blocks, the first block of each but the first with stride 2 and twice the channels. */
BASE_CHECK base_status eng_convnet_stages(eng_net *net, const eng_convnet_config *config, eng_convnet_block_fn *build);

/* The options as a table reads them; those that a kind does not have are zero. */
typedef struct eng_convnet_options {
    int64_t stages, blocks, width; /* width 0: 16 */
    bool preactivation, skip;
    double drop_path;
} eng_convnet_options;

eng_convnet_config eng_convnet_config_of(const eng_network *network);

/* Lines of a kind's table. */
#define ENG_CONVNET_FIELD(name) .offset = offsetof(eng_convnet_options, name)
#define ENG_CONVNET_SHAPE_OPTIONS                                                                                      \
    {.name = "stages",                                                                                                 \
     .kind = BASE_OPTION_INT,                                                                                          \
     ENG_CONVNET_FIELD(stages),                                                                                        \
     .fallback = "3",                                                                                                  \
     .min = 1,                                                                                                         \
     .max = 10,                                                                                                        \
     .help = "each after the first halves the image and doubles the channels; unet then goes back up"},                \
        {.name = "blocks",                                                                                             \
         .kind = BASE_OPTION_INT,                                                                                      \
         ENG_CONVNET_FIELD(blocks),                                                                                    \
         .fallback = "1",                                                                                              \
         .min = 1,                                                                                                     \
         .max = 1000,                                                                                                  \
         .help = "blocks of each stage (unet: on either way); 3 stages of n blocks are ResNet-(6n + 2)"},              \
    {                                                                                                                  \
        .name = "width", .kind = BASE_OPTION_INT, ENG_CONVNET_FIELD(width), .fallback = "", .min = 1, .max = 1 << 20,  \
        .help = "channels of the first stage, default 16"                                                              \
    }
/* Of those that are made of residual blocks. */
#define ENG_CONVNET_DROP_PATH_OPTION                                                                                   \
    {                                                                                                                  \
        .name = "drop_path", .kind = BASE_OPTION_REAL, ENG_CONVNET_FIELD(drop_path), .fallback = "0", .min = 0,        \
        .max = 1, .open_max = true,                                                                                    \
        .help = "probability that the last block is left out for a sample in training; less for earlier ones"          \
    }

#ifdef __cplusplus
}
#endif
#endif
