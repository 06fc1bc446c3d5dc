/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's one door to BLAS.
 *
 * OpenBLAS is asked for by name where the interface of BLAS has no word for it: its threads and its choice of kernels.
 */
#include "engine/tensor/blas.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

static void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c) {
    BASE_ASSERT(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX);
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)lda, b, (blasint)ldb, 0.0f,
                c, (blasint)n);
}

void eng_gemm_nn(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    gemm(CblasNoTrans, CblasNoTrans, m, n, k, a, k, b, n, c);
}

void eng_gemm_nt(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    gemm(CblasNoTrans, CblasTrans, m, n, k, a, k, b, k, c);
}

void eng_gemm_tn(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    gemm(CblasTrans, CblasNoTrans, m, n, k, a, m, b, n, c);
}

void eng_blas_set_threads(int threads) {
    openblas_set_num_threads(threads);
}

int eng_blas_threads(void) {
    return openblas_get_num_threads();
}

const char *eng_blas_core(void) {
    return openblas_get_corename();
}

#if defined(__x86_64__)
static bool is_one_of(const char *core, const char *const *names) {
    for (; *names; names++) {
        if (strcmp(core, *names) == 0) return true;
    }
    return false;
}
#endif

const char *eng_blas_better_core(void) {
#if defined(__x86_64__)
    static const char *const with_avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    static const char *const with_avx2[] = {"Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    const char *core = eng_blas_core();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512cd");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx512 && !is_one_of(core, with_avx512)) return "SKYLAKEX";
    if (avx2 && !is_one_of(core, with_avx2)) return "HASWELL";
#endif
    return NULL;
}
