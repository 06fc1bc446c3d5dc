/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <dlfcn.h>

#include "hpo/models/blas.h"

/* With GSL on the link line its slow reference BLAS can take the name cblas_sgemm: ask the loader who has it. */
static void openblas_answers_even_with_gsl_around(void **state) {
    (void)state;
    Dl_info info = {0};
    void *symbol = dlsym(RTLD_DEFAULT, "cblas_sgemm");
    assert_non_null(symbol);
    assert_true(dladdr(symbol, &info) != 0);
    CHECK_CONTAINS(info.dli_fname, "openblas");
}

static void threads_are_set(void **state) {
    (void)state;
    hpo_blas_set_threads(1);
    assert_int_equal(hpo_blas_threads(), 1);
    assert_true(strlen(hpo_blas_core()) > 0);
}

/* The widest vectors that a family of kernels uses, in bits. */
static int width_of(const char *core) {
    static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    static const char *const middle[] = {"Haswell", "Zen"};
    for (size_t i = 0; i < CHECK_COUNT(wide); i++) {
        if (strcmp(core, wide[i]) == 0) return 512;
    }
    for (size_t i = 0; i < CHECK_COUNT(middle); i++) {
        if (strcmp(core, middle[i]) == 0) return 256;
    }
    return 128;
}

/* Advice is given just where this machine has wider vectors than the kernels that run on it, and takes all it has. */
static void better_kernels_are_advised_only_where_there_are_some(void **state) {
    (void)state;
    const char *better = hpo_blas_better_core();
    int able = 128, now = width_of(hpo_blas_core());
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) able = 256;
    if (__builtin_cpu_supports("avx512vl")) able = 512;
#endif
    assert_int_equal(better != NULL, now < able);
    if (better) assert_string_equal(better, able == 512 ? "SKYLAKEX" : "HASWELL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openblas_answers_even_with_gsl_around),
        cmocka_unit_test(threads_are_set),
        cmocka_unit_test(better_kernels_are_advised_only_where_there_are_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
