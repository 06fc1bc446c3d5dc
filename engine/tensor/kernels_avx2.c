/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for AVX2 and FMA: the Haswell generation and later. */
#define ENG_ISA_NAME  "avx2"
#define ENG_ISA_TABLE eng_kernels_avx2
#define ENG_ISA_TILES eng_tiles_avx2
#define ENG_HAS_FMA   1
#include "engine/tensor/kernels_table.inc"
