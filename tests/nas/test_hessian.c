/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dominant eigenvalue against matrices whose spectrum is known: the Hessian of L_valid in the alphas is F. */
#include "tests/support/check.h"

#include "nas/hessian.h"
#include "tests/nas/closed_bilevel.h"

static double dominant(closed_bilevel *j, uint64_t seed) {
    const nas_bilevel problem = closed_bilevel_problem(j);
    double value = (double)NAN;
    base_err err;
    CHECK_OK(nas_dominant_eigenvalue(&problem, seed, &value, &err));
    return value;
}

static closed_bilevel with(size_t alphas, const double *matrix) {
    closed_bilevel j = {.size = {1, alphas}};
    memcpy(j.F, matrix, alphas * alphas * sizeof *matrix);
    for (size_t i = 0; i < alphas; i++) j.point[NAS_ALPHAS].at[i] = .1 * (double)i - .05;
    return j;
}

static void small_matrices(void **state) {
    (void)state;
    static const double chain[] = {2, -1, 0, -1, 2, -1, 0, -1, 2}, indefinite[] = {-3, 2, 2, 0},
                        negative[] = {-2, 0, 0, -5};
    for (uint64_t seed = 0; seed < 5; seed++) {
        closed_bilevel a = with(3, chain), b = with(2, indefinite), c = with(2, negative);
        CHECK_CLOSE(dominant(&a, seed), 2 + sqrt(2), 1e-9);
        CHECK_CLOSE(dominant(&b, seed), 1, 1e-9); /* the other one, -4, is larger in size */
        CHECK_CLOSE(dominant(&c, seed), -2, 1e-9);
    }
}

static void one_alpha_and_no_curvature(void **state) {
    (void)state;
    static const double one[] = {.7}, none[] = {0, 0, 0, 0};
    closed_bilevel a = with(1, one), b = with(2, none);
    CHECK_CLOSE(dominant(&a, 3), .7, 1e-9);
    CHECK_NEAR(dominant(&b, 3), 0, 1e-12);
}

/* A path of n points: 4 sin^2(k pi / (2 (n + 1))), the largest ones close together. */
static void a_long_chain(void **state) {
    (void)state;
    enum { N = CLOSED_MAX };
    double matrix[N * N] = {0};
    for (size_t i = 0; i < N; i++) {
        matrix[i * N + i] = 2;
        if (i + 1 < N) matrix[i * N + i + 1] = matrix[(i + 1) * N + i] = -1;
    }
    closed_bilevel j = with(N, matrix);
    const double root = sin(N * acos(-1.0) / (2 * (N + 1)));
    CHECK_CLOSE(dominant(&j, 1), 4 * root * root, 1e-3);
}

static void the_alphas_come_back_bit_for_bit(void **state) {
    (void)state;
    static const double chain[] = {2, -1, 0, -1, 2, -1, 0, -1, 2};
    closed_bilevel j = with(3, chain);
    for (size_t i = 0; i < 3; i++) j.point[NAS_ALPHAS].at[i] = 1.0 / (3.0 + (double)i);
    (void)dominant(&j, 1);
    for (size_t i = 0; i < 3; i++) CHECK_SAME_DOUBLE(j.point[NAS_ALPHAS].at[i], 1.0 / (3.0 + (double)i));
    assert_int_equal(j.moving, 0);
}

static void a_loss_that_is_not_finite_keeps_the_alphas(void **state) {
    (void)state;
    static const double one[] = {1};
    closed_bilevel j = with(1, one);
    j.c = (double)NAN;
    const nas_bilevel problem = closed_bilevel_problem(&j);
    double value;
    base_err err;
    CHECK_STATUS(nas_dominant_eigenvalue(&problem, 0, &value, &err), BASE_NUMERIC);
    CHECK_SAME_DOUBLE(j.point[NAS_ALPHAS].at[0], -.05);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_matrices),
        cmocka_unit_test(one_alpha_and_no_curvature),
        cmocka_unit_test(a_long_chain),
        cmocka_unit_test(the_alphas_come_back_bit_for_bit),
        cmocka_unit_test(a_loss_that_is_not_finite_keeps_the_alphas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
