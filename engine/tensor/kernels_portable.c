/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for any machine: the baseline of the compiler's target, no fused multiply-add. */
#define ENG_ISA_NAME  "portable"
#define ENG_ISA_TABLE eng_kernels_portable
#define ENG_ISA_TILES eng_tiles_portable
#define ENG_HAS_FMA   0
#include "engine/tensor/kernels_table.inc"
