/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Average pooling, 3 x 3; the zeros of the padding do not count. */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_pool(net, edge, ENG_POOL_AVERAGE);
}

const nas_operation nas_operation_avg_pool_3x3 = {
    .name = "avg_pool_3x3",
    .summary = "the mean of the pixels of each 3 x 3 window",
    .flags = NAS_OPERATION_POOL,
    .build = build,
};
