/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's one door to BLAS: row-major float32 products. */
#ifndef ENG_BLAS_H
#define ENG_BLAS_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All matrices are row-major and dense. C is overwritten: what it held, NaN included, has no influence. */
void eng_gemm_nn(size_t m, size_t n, size_t k, const float *a, const float *b, float *c); /* C[m,n] = A[m,k] B[k,n] */
void eng_gemm_nt(size_t m, size_t n, size_t k, const float *a, const float *b, float *c); /* C[m,n] = A[m,k] B[n,k]' */
void eng_gemm_tn(size_t m, size_t n, size_t k, const float *a, const float *b, float *c); /* C[m,n] = A[k,m]' B[k,n] */

/* Threads of BLAS in this process. Bit-equal results are promised for 1. */
void eng_blas_set_threads(int threads);
int eng_blas_threads(void);
/* The kernel family BLAS chose for this machine, e.g. "SkylakeX". */
const char *eng_blas_core(void);
/* What the environment variable OPENBLAS_CORETYPE should say before the program is started, or NULL when the choice is
 * good. OpenBLAS knows CPUs by their model numbers and runs far older kernels on those that came after it: 0.3.21 takes
 * AVX2 for Zen 4 and 5 (AVX-512 is 1.7 times as fast) and SSE3 for Emerald Rapids (8 times). */
const char *eng_blas_better_core(void);

#ifdef __cplusplus
}
#endif
#endif
