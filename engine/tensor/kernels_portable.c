/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for any machine: the baseline of the compiler's target, with a fused multiply-add where that has one, as
 * 64-bit ARM does and x86-64 does not. */
#define ENG_ISA_NAME  "portable"
#define ENG_ISA_TABLE eng_kernels_portable
#define ENG_ISA_TILES eng_tiles_portable
#ifdef __FP_FAST_FMAF
#define ENG_HAS_FMA 1
#else
#define ENG_HAS_FMA 0
#endif
#include "engine/tensor/kernels_table.inc"
