/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings of BLAS. OpenBLAS is asked for by name: the interface of BLAS has no word for its threads and its choice
 * of kernels. */
#include "hpo/models/blas.h"

#include <cblas.h>
#include <string.h>

#include "base/cpu.h"

void hpo_blas_set_threads(int threads) {
    openblas_set_num_threads(threads);
}

int hpo_blas_threads(void) {
    return openblas_get_num_threads();
}

const char *hpo_blas_core(void) {
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

const char *hpo_blas_better_core(void) {
#if defined(__x86_64__)
    static const char *const with_avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    static const char *const with_avx2[] = {"Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    const char *core = hpo_blas_core();
    if (base_cpu() == BASE_CPU_AVX512 && !is_one_of(core, with_avx512)) return "SKYLAKEX";
    if (base_cpu() == BASE_CPU_AVX2 && !is_one_of(core, with_avx2)) return "HASWELL";
#endif
    return NULL;
}
