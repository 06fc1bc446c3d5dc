/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The identity; where the stride or the channels change, a factorized reduction (stride 2) or ReLU, 1 x 1 convolution
 * and normalization. */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    if (edge->stride == 2) return nas_part_factorized_reduce(net, edge);
    if (edge->stride == 1 && eng_net_shape(net)->dim[2] == edge->channels) return BASE_OK;
    return nas_part_relu_conv_norm(net, edge, 1);
}

static size_t parameters(size_t in, size_t out, size_t stride, bool affine) {
    return stride == 1 && in == out ? 0 : in * out + nas_norm_numbers(out, affine);
}

const nas_operation nas_operation_skip_connect = {
    .name = "skip_connect",
    .summary = "the input itself; a factorized reduction at stride 2",
    .aliases = (const char *const[]){"skip", "identity", NULL},
    .flags = NAS_OPERATION_SKIP,
    .build = build,
    .parameters = parameters,
};
