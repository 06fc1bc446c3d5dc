/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing: zeros, which take their part of a mixture (DARTS, section 2.1). */
#include "nas/operation.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return eng_net_apply(net, &eng_op_zero, &(eng_zero_config){.stride = edge->stride}, NULL);
}

const nas_operation nas_operation_none = {
    .name = "none",
    .summary = "zeros: no edge",
    .flags = NAS_OPERATION_NONE,
    .build = build,
};
