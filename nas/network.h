/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a genotype. */
#ifndef NAS_NETWORK_H
#define NAS_NETWORK_H

#include "nas/genotype.h"
#include "nas/skeleton.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts it behind net->at, the data. What papers count, without the auxiliary tower, is what lies behind ports->output
 * (eng_graph_numbers_behind, eng_graph_flops_behind). BASE_INVALID as of nas_skeleton_build. */
BASE_CHECK base_status nas_network_build(const nas_genotype *genotype, const nas_settings *settings, eng_net *net,
                                         eng_ports *ports);

#ifdef __cplusplus
}
#endif
#endif
