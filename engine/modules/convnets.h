/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolutional networks by name. */
#ifndef ENG_CONVNETS_H
#define ENG_CONVNETS_H

#include "engine/modules/net.h"

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

#ifdef __cplusplus
}
#endif
#endif
