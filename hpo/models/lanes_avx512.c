/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops for AVX-512 (F, DQ, BW, VL). */
#define HPO_ISA_NAME  "avx512"
#define HPO_ISA_TABLE hpo_lanes_avx512
#include "hpo/models/lanes_table.inc"
