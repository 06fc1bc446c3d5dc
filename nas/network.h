/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a genotype. */
#ifndef NAS_NETWORK_H
#define NAS_NETWORK_H

#include "nas/genotype.h"
#include "nas/skeleton.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts it behind net->at, the data. BASE_INVALID as of nas_skeleton_build. */
BASE_CHECK base_status nas_network_build(const nas_genotype *genotype, const nas_settings *settings, eng_net *net,
                                         eng_ports *ports);

/* Numbers that are trained, and floating-point operations of a sample, as papers count them: without the auxiliary
 * tower. Of any network of a space. */
size_t nas_network_numbers(const eng_graph *graph);
double nas_network_flops(const eng_graph *graph);

#ifdef __cplusplus
}
#endif
#endif
