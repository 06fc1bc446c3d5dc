/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for AVX-512 (F, DQ, BW, VL), with 512-bit vectors. */
#define ENG_ISA_NAME  "avx512"
#define ENG_ISA_TABLE eng_kernels_avx512
#define ENG_ISA_TILES eng_tiles_avx512
#define ENG_HAS_FMA   1
#include "engine/tensor/kernels_table.inc"
