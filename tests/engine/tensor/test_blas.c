/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include <dlfcn.h>

#include "engine/tensor/blas.h"

/* With GSL on the link line its slow reference BLAS can take the name cblas_sgemm: ask the loader who has it. */
static void openblas_answers_even_with_gsl_around(void **state) {
    (void)state;
    Dl_info info = {0};
    void *symbol = dlsym(RTLD_DEFAULT, "cblas_sgemm");
    assert_non_null(symbol);
    assert_true(dladdr(symbol, &info) != 0);
    CHECK_CONTAINS(info.dli_fname, "openblas");
}

enum { MOST = 70 };

typedef enum form { NN, NT, TN } form;

static double reference(form f, size_t i, size_t j, size_t m, size_t n, size_t k, const float *a, const float *b) {
    double sum = 0.0;
    for (size_t l = 0; l < k; l++)
        sum += (double)(f == TN ? a[l * m + i] : a[i * k + l]) * (double)(f == NT ? b[j * k + l] : b[l * n + j]);
    return sum;
}

static void check_product(form f, size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    void (*const product[])(size_t, size_t, size_t, const float *, const float *, float *) = {eng_gemm_nn, eng_gemm_nt,
                                                                                              eng_gemm_tn};
    for (size_t i = 0; i <= m * n; i++) c[i] = NAN; /* beta = 0: what was there has no influence */
    product[f](m, n, k, a, b, c);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            CHECK_NEAR((double)c[i * n + j], reference(f, i, j, m, n, k, a, b), 1e-5 * sqrt((double)k) + 1e-6);
    assert_true(isnan(c[m * n]));
}

static void products_match_sums(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 8, 16, 17, 33, MOST};
    static double random[MOST * MOST];
    static float a[MOST * MOST], b[MOST * MOST], c[MOST * MOST + 1];
    gradcheck_fill(1, 0.0, CHECK_COUNT(random), random);
    gradcheck_to_float(CHECK_COUNT(random), random, a);
    gradcheck_fill(2, 0.0, CHECK_COUNT(random), random);
    gradcheck_to_float(CHECK_COUNT(random), random, b);
    for (form f = NN; f <= TN; f++)
        for (size_t m = 0; m < CHECK_COUNT(sizes); m++)
            for (size_t n = 0; n < CHECK_COUNT(sizes); n += 1 + m % 2)
                for (size_t k = 0; k < CHECK_COUNT(sizes); k += 1 + n % 2)
                    check_product(f, sizes[m], sizes[n], sizes[k], a, b, c);
}

static void threads_are_set(void **state) {
    (void)state;
    eng_blas_set_threads(1);
    assert_int_equal(eng_blas_threads(), 1);
    assert_true(strlen(eng_blas_core()) > 0);
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
    const char *better = eng_blas_better_core();
    int able = 128, now = width_of(eng_blas_core());
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
        cmocka_unit_test(products_match_sums),
        cmocka_unit_test(threads_are_set),
        cmocka_unit_test(better_kernels_are_advised_only_where_there_are_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
