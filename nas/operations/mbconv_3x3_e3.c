/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inverted residual of MobileNetV2, 3 x 3 with expansion 3 (M. Sandler et al., CVPR 2018, table 1; as in
 * NAS-Bench-Macro). */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_inverted(net, edge, 3, 3);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    (void)stride;
    const size_t wide = 3 * in;
    return in * wide + 9 * wide + wide * out + 2 * nas_norm_numbers(wide, affine) + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_mbconv_3x3_e3 = {
    .name = "mbconv_3x3_e3",
    .summary = "inverted residual 3 x 3, expansion 3",
    .family = "mbconv",
    .kernel = 3,
    .expansion = 3,
    .build = build,
    .parameters = parameters,
};
