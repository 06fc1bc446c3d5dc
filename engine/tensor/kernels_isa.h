/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The instances of the kernels that this build holds. Private to kernels*.c. */
#ifndef ENG_KERNELS_ISA_H
#define ENG_KERNELS_ISA_H

#include "engine/tensor/tiles.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const eng_kernels eng_kernels_portable;
extern const eng_tiles eng_tiles_portable;
#if defined(__x86_64__)
extern const eng_kernels eng_kernels_avx2;
extern const eng_kernels eng_kernels_avx512;
extern const eng_tiles eng_tiles_avx2;
extern const eng_tiles eng_tiles_avx512;
#endif

#ifdef __cplusplus
}
#endif
#endif
