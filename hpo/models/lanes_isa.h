/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The copies of the loops; a processor may lack the instructions of some: hpo_lanes chooses. */
#ifndef HPO_MODELS_LANES_ISA_H
#define HPO_MODELS_LANES_ISA_H

#include "hpo/models/lanes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The standard normal's quantile with the mass `below` under it and `above` over it, far from the middle: of draws, one
 * in a thousand. */
double hpo_outer_quantile(double below, double above);

extern const hpo_lane_kernels hpo_lanes_portable, hpo_lanes_avx2, hpo_lanes_avx512;

#ifdef __cplusplus
}
#endif
#endif
