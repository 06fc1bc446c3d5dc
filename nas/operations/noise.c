/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Normal noise instead of the input: an operation that a search should never choose (A. Zela et al., ICLR 2020, section
 * 3, space S4). */
#include "nas/operation.h"

static base_status build(eng_net *net, const nas_edge *edge) {
    return eng_net_apply(net, &eng_op_noise, &(eng_noise_config){.stride = edge->stride}, NULL);
}

const nas_operation nas_operation_noise = {
    .name = "noise",
    .summary = "normal noise, whatever comes in",
    .build = build,
};
