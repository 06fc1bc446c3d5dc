/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cholesky and its solves against products written out, and matrices that are barely positive definite or not at all.
 */
#include "hpo/models/linalg.h"

#include "base/rng.h"
#include "tests/support/check.h"

enum { N = 30, STRIDE = 37 };

/* B B^T + shift I, full. */
static void make_matrix(double *a, size_t rank, double shift) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)rank, 0);
    double b[N][N];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < rank; k++) b[i][k] = base_rng_normal(&rng);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            double sum = i == j ? shift : 0;
            for (size_t k = 0; k < rank; k++) sum += b[i][k] * b[j][k];
            a[i * STRIDE + j] = sum;
        }
    }
}

static void check_factor(const double *l, const double *a, double tolerance) {
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k <= j; k++) sum += l[i * STRIDE + k] * l[j * STRIDE + k];
            CHECK_NEAR(sum, a[i * STRIDE + j], tolerance);
        }
    }
}

static void factor_and_solves(void **state) {
    (void)state;
    double a[N * STRIDE], l[N * STRIDE], x[N], y[N], back[N];
    make_matrix(a, N, 0.1);
    memcpy(l, a, sizeof a);
    assert_true(hpo_cholesky(l, N, STRIDE) == 0);
    check_factor(l, a, 1e-12);
    for (size_t i = 0; i < N; i++) x[i] = y[i] = (double)i - 7;
    hpo_cholesky_forward(l, N, STRIDE, y);
    hpo_cholesky_backward(l, N, STRIDE, y);
    hpo_matvec(a, N, N, STRIDE, y, back);
    CHECK_ARRAY_NEAR(back, x, N, 1e-9);
    double rows[2 * STRIDE];
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < N; i++) rows[r * STRIDE + i] = x[i] * (double)(r + 1);
    hpo_cholesky_forward_rows(l, N, STRIDE, rows, 2, STRIDE);
    hpo_cholesky_forward(l, N, STRIDE, x);
    for (size_t i = 0; i < N; i++) {
        CHECK_NEAR(rows[i], x[i], 1e-9);
        CHECK_NEAR(rows[STRIDE + i], 2 * x[i], 1e-9);
    }
    hpo_cholesky_invert(l, N, STRIDE);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            double sum = 0;
            for (size_t k = 0; k < N; k++) sum += a[i * STRIDE + k] * l[(k > j ? k : j) * STRIDE + (k > j ? j : k)];
            CHECK_NEAR(sum, i == j, 1e-9);
        }
    }
}

static void growing_by_rows(void **state) {
    (void)state;
    double a[N * STRIDE], l[N * STRIDE];
    make_matrix(a, N, 0.1);
    memcpy(l, a, sizeof a);
    hpo_cholesky(l, 10, STRIDE);
    for (size_t i = 10; i < N; i++) hpo_cholesky_append(l, i, STRIDE, a + i * STRIDE, a[i * STRIDE + i], 1e-12);
    check_factor(l, a, 1e-11);
}

/* Rank 3, all zeros, and clearly indefinite: a factor of A + jitter I every time, with a jitter as small as it may be.
 */
static void jitter_never_fails(void **state) {
    (void)state;
    double a[N * STRIDE], l[N * STRIDE];
    for (int kind = 0; kind < 3; kind++) {
        make_matrix(a, kind == 0 ? 3 : 0, 0);
        if (kind == 2) {
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++) a[i * STRIDE + j] = i == j ? 1 : -1;
        }
        memcpy(l, a, sizeof a);
        const double jitter = hpo_cholesky(l, N, STRIDE);
        assert_true(jitter > 0 && (kind == 2 || jitter < 1e-6));
        for (size_t i = 0; i < N; i++) a[i * STRIDE + i] += jitter;
        check_factor(l, a, 1e-9 * (1 + jitter));
    }
    /* the same row again: the pivot would be 0 */
    double one[4] = {1, 0, 0, 0};
    const double again = 1;
    hpo_cholesky_append(one, 1, 2, &again, 1, 1e-8);
    CHECK_NEAR(one[3], 1e-4, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factor_and_solves),
        cmocka_unit_test(growing_by_rows),
        cmocka_unit_test(jitter_never_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
