/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The register-tile kernels for AVX2 with fused multiply-add. */
#define ENG_TILES_TABLE eng_tiles_avx2
#define ENG_VECTOR      8
#include "engine/tensor/tiles_table.inc"
