/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Max pooling, 3 x 3. */
#include "nas/parts.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return nas_part_pool(net, edge, ENG_POOL_MAX);
}

const nas_operation nas_operation_max_pool_3x3 = {
    .name = "max_pool_3x3",
    .summary = "the largest pixel of each 3 x 3 window",
    .flags = NAS_OPERATION_POOL,
    .build = build,
};
