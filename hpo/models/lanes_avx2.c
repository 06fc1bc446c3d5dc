/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops for AVX2. */
#define HPO_ISA_NAME  "avx2"
#define HPO_ISA_TABLE hpo_lanes_avx2
#include "hpo/models/lanes_table.inc"
