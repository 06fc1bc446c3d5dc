/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The identity of NAS-Bench-Macro: where a stage begins, a 1 x 1 convolution with the stride, and normalization. */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    if (edge->stride == 1 && eng_net_shape(net)->dim[2] == edge->channels) return BASE_OK;
    BASE_TRY(nas_part_conv(net, edge, "conv", edge->channels, 1, edge->stride));
    return nas_part_norm(net, edge, "norm", false);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    return stride == 1 && in == out ? 0 : in * out + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_macro_identity = {
    .name = "macro_identity",
    .summary = "the input itself; a strided 1 x 1 convolution where the shape changes",
    .flags = NAS_OPERATION_SKIP,
    .build = build,
    .parameters = parameters,
};
