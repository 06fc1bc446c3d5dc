/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ReLU, 1 x 1 convolution, normalization (NAS-Bench-201, section 2.1). The authors' code gives the convolution a bias
 * where the normalization has no shift; the normalization takes it away again, so there is none here. */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_relu_conv_norm(net, edge, 1);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    (void)stride;
    return 1 * in * out + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_nor_conv_1x1 = {
    .name = "nor_conv_1x1",
    .summary = "1 x 1 convolution",
    .family = "nor_conv",
    .kernel = 1,
    .build = build,
    .parameters = parameters,
};
