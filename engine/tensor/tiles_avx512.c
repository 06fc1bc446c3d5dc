/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The register-tile kernels for AVX-512. */
#define ENG_TILES_TABLE eng_tiles_avx512
#define ENG_VECTOR      16
#include "engine/tensor/tiles_table.inc"
