/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The auxiliary tower: a second, small head inside the network, whose loss helps in training. */
#ifndef NAS_AUXILIARY_H
#define NAS_AUXILIARY_H

#include "engine/modules/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Number of the cell that it stands behind, in a stack of count. */
size_t nas_auxiliary_place(size_t count);
/* *out = the tower's answers to what net->at holds, which stays; its nodes are called "auxiliary.". */
BASE_CHECK base_status nas_auxiliary_build(eng_net *net, eng_value *out);
/* The loss of the tower, weight times that of the network, in training only. */
BASE_CHECK base_status nas_auxiliary_end(eng_net *net, eng_value tower, const eng_ports *ports, double weight);

#ifdef __cplusplus
}
#endif
#endif
