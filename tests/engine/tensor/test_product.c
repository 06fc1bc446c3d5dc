/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three forms of a product on every instance of the kernels, against sums in double. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "base/arena.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/product.h"

typedef enum form { NN, NT, TN } form;

typedef struct problem {
    form form;
    size_t m, n, k;
    float *a, *b, *bias, *c, *workspace;
} problem;

/* Exactly as long as it must be: a sanitizer sees what is read behind the end. */
static float *random_floats(uint32_t who, size_t count) {
    double *numbers = base_calloc(count, sizeof *numbers);
    float *floats = base_calloc(count, sizeof *floats);
    gradcheck_fill(who, 0.0, count, numbers);
    gradcheck_to_float(count, numbers, floats);
    free(numbers);
    return floats;
}

static problem problem_create(form f, size_t m, size_t n, size_t k) {
    const size_t workspace = f == NN ? eng_product_nn_workspace(n, k) : f == NT ? eng_product_nt_workspace(k) : 0;
    return (problem){.form = f,
                     .m = m,
                     .n = n,
                     .k = k,
                     .a = random_floats(1, m * k),
                     .b = random_floats(2, k * n),
                     .bias = random_floats(3, n),
                     .c = base_calloc(m * n + 1, sizeof(float)),
                     .workspace = base_calloc(workspace + 1, sizeof(float))};
}

static void problem_destroy(problem *p) {
    free(p->a), free(p->b), free(p->bias), free(p->c), free(p->workspace);
}

/* C is full of NaN before, and one more behind it must stay. */
static void compute(const problem *p, const eng_kernels *k, bool bias, bool relu) {
    static void (*const product[])(const eng_product *) = {eng_product_nn, eng_product_nt, eng_product_tn};
    for (size_t i = 0; i <= p->m * p->n; i++) p->c[i] = NAN;
    product[p->form](&(eng_product){.tiles = k->tiles,
                                    .m = p->m,
                                    .n = p->n,
                                    .k = p->k,
                                    .a = p->a,
                                    .b = p->b,
                                    .c = p->c,
                                    .workspace = p->workspace,
                                    .bias = bias ? p->bias : NULL,
                                    .relu = relu});
    assert_true(isnan(p->c[p->m * p->n]));
}

static double sum_of(const problem *p, size_t i, size_t j) {
    double sum = 0.0;
    for (size_t l = 0; l < p->k; l++)
        sum += (double)(p->form == TN ? p->a[l * p->m + i] : p->a[i * p->k + l]) *
               (double)(p->form == NT ? p->b[j * p->k + l] : p->b[l * p->n + j]);
    return sum;
}

/* About `samples` numbers of C, spread. */
static void check(const problem *p, const eng_kernels *k, bool bias, bool relu, size_t samples) {
    compute(p, k, bias, relu);
    const size_t step = p->m * p->n / samples + 1;
    for (size_t at = 0; at < p->m * p->n; at += step) {
        const size_t i = at / p->n, j = at % p->n;
        double want = sum_of(p, i, j) + (bias ? (double)p->bias[j] : 0.0);
        if (relu) want = fmax(want, 0.0);
        if (!(fabs((double)p->c[at] - want) <= 1e-6 * sqrt((double)p->k) * 4.0))
            print_error("form %d, %s, %zu x %zu x %zu\n", (int)p->form, k->name, p->m, p->n, p->k);
        CHECK_NEAR((double)p->c[at], want, 1e-6 * sqrt((double)p->k) * 4.0);
    }
}

static void on_every_instance(form f, size_t m, size_t n, size_t k, size_t samples) {
    problem p = problem_create(f, m, n, k);
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        check(&p, kernels, false, false, samples);
        if (f != NN) continue;
        check(&p, kernels, true, false, samples);
        check(&p, kernels, true, true, samples);
    }
    problem_destroy(&p);
}

static void products_match_sums(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 8, 15, 16, 17, 33, 70};
    for (form f = NN; f <= TN; f++)
        for (size_t m = 0; m < CHECK_COUNT(sizes); m++)
            for (size_t n = 0; n < CHECK_COUNT(sizes); n += 1 + m % 2)
                for (size_t k = 0; k < CHECK_COUNT(sizes); k += 1 + n % 2)
                    on_every_instance(f, sizes[m], sizes[n], sizes[k], 200);
}

/* Every number of rows that a tile may have, none too, and of columns that a tail may have. */
static void all_tiles_match_sums(void **state) {
    (void)state;
    for (size_t i = 0; i <= 30; i++) {
        on_every_instance(NN, i, 40, 9, 2000);
        on_every_instance(NN, 5, i + 30, 9, 2000);
        on_every_instance(TN, i, 40, 9, 2000);
    }
}

/* Rows a multiple of a page apart go through the workspace, or in smaller tiles. */
static void pages_match_sums(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{40, 1024, 20}, {3, 1024, 20}, {40, 20, 1024}, {33, 2048, 1024}, {64, 1024, 6}};
    for (form f = NN; f <= TN; f++)
        for (size_t i = 0; i < CHECK_COUNT(shapes); i++)
            on_every_instance(f, shapes[i][0], shapes[i][1], shapes[i][2], 300);
}

/* A row of C has the same bits whatever rows are with it. */
static void rows_do_not_depend_on_each_other(void **state) {
    (void)state;
    enum { M = 45, N = 37, K = 450 };
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        for (form f = NN; f <= NT; f++) {
            problem all = problem_create(f, M, N, K), some = problem_create(f, M, N, K);
            compute(&all, kernels, false, false);
            for (some.m = 1; some.m < M; some.m++) {
                compute(&some, kernels, false, false);
                assert_memory_equal(some.c, all.c, some.m * N * sizeof(float));
            }
            problem_destroy(&all);
            problem_destroy(&some);
        }
    }
}

/* Any cut of a product into rows gives its bits, and nothing is written behind them; nor does it matter what is fetched
 * meanwhile. */
static void blocks_of_rows_are_parts_of_the_product(void **state) {
    (void)state;
    enum { M = 45, N = 37, K = 50 };
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        problem p = problem_create(TN, M, N, K);
        compute(&p, kernels, false, false);
        for (size_t rows = 1; rows <= M; rows++)
            for (size_t from = 0; from < M; from += rows) {
                const size_t count = rows < M - from ? rows : M - from;
                float *c = base_calloc(count * N, sizeof *c);
                const eng_product part = {.tiles = kernels->tiles,
                                          .m = M,
                                          .n = N,
                                          .k = K,
                                          .a = p.a,
                                          .b = p.b,
                                          .c = c,
                                          .fetch = {p.c + from * N, from % 2 == 0 ? p.a : NULL},
                                          .fetched = rows % 3 * count * N};
                eng_product_tn_rows(&part, from, count);
                assert_memory_equal(c, p.c + from * N, count * N * sizeof *c);
                free(c);
            }
        problem_destroy(&p);
    }
}

/* 0 x NaN and 0 x infinity are NaN, also behind the ReLU: nothing is left out. */
static void nothing_hides_a_nan(void **state) {
    (void)state;
    enum { M = 19, N = 35, K = 21 };
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        for (size_t i = 0; i < 9; i++) {
            const form f = (form)(i / 3);
            problem p = problem_create(f, M, N, K);
            memset(p.b, 0, K * N * sizeof *p.b);
            const size_t row = 17, l = 20;
            p.a[f == TN ? l * M + row : row * K + l] = bad[i % 3];
            compute(&p, kernels, false, f == NN);
            for (size_t at = 0; at < M * N; at++) assert_int_equal(isnan(p.c[at]) != 0, at / N == row);
            problem_destroy(&p);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_match_sums),
        cmocka_unit_test(all_tiles_match_sums),
        cmocka_unit_test(pages_match_sums),
        cmocka_unit_test(rows_do_not_depend_on_each_other),
        cmocka_unit_test(blocks_of_rows_are_parts_of_the_product),
        cmocka_unit_test(nothing_hides_a_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
