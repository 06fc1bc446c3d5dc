/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings of BLAS, which the surrogates compute with; training has kernels of its own. */
#ifndef HPO_MODELS_BLAS_H
#define HPO_MODELS_BLAS_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Threads of BLAS in this process. Bit-equal results are promised for 1. */
void hpo_blas_set_threads(int threads);
int hpo_blas_threads(void);
/* The kernel family BLAS chose for this machine, e.g. "SkylakeX". */
const char *hpo_blas_core(void);
/* What the environment variable OPENBLAS_CORETYPE should say before the program is started, or NULL when the choice is
 * good. OpenBLAS knows CPUs by their model numbers and runs far older kernels on those that came after it: 0.3.21 takes
 * AVX2 for Zen 4 and 5 (AVX-512 is 1.7 times as fast) and SSE3 for Emerald Rapids (8 times). */
const char *hpo_blas_better_core(void);

#ifdef __cplusplus
}
#endif
#endif
