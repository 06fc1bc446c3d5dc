/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inverted residual of MobileNetV2, 5 x 5 with expansion 6 (M. Sandler et al., CVPR 2018, table 1; as in
 * NAS-Bench-Macro). */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_inverted(net, edge, 5, 6);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    (void)stride;
    const size_t wide = 6 * in;
    return in * wide + 25 * wide + wide * out + 2 * nas_norm_numbers(wide, affine) + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_mbconv_5x5_e6 = {
    .name = "mbconv_5x5_e6",
    .summary = "inverted residual 5 x 5, expansion 6",
    .family = "mbconv",
    .kernel = 5,
    .expansion = 6,
    .build = build,
    .parameters = parameters,
};
