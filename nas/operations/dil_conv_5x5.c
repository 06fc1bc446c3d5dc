/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Depthwise 5 x 5 convolution with dilation 2, and 1 x 1 (DARTS, section 3.1). */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_dilated(net, edge, 5);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    (void)stride;
    return 25 * in + in * out + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_dil_conv_5x5 = {
    .name = "dil_conv_5x5",
    .summary = "separable 5 x 5 convolution with dilation 2",
    .family = "dil_conv",
    .kernel = 5,
    .build = build,
    .parameters = parameters,
};
