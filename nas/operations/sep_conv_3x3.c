/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Depthwise 3 x 3 and 1 x 1 convolution, applied twice (DARTS, section 3.1). */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_separable(net, edge, 3);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    (void)stride;
    const size_t first = 9 * in + in * in + nas_norm_numbers(in, affine);
    return first + 9 * in + in * out + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_sep_conv_3x3 = {
    .name = "sep_conv_3x3",
    .summary = "separable 3 x 3 convolution, twice",
    .family = "sep_conv",
    .kernel = 3,
    .build = build,
    .parameters = parameters,
};
