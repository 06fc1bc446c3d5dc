/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernels: known values, what the distance says of choices and inactive parameters, and positive definiteness. */
#include "hpo/models/kernel.h"

#include "hpo/models/linalg.h"
#include "tests/support/toy_space.h"

static const char *const SPACE =
    "{parameters: {branch: {values: [p, q, r]}, u: {min: 0.0, max: 1.0, when: {branch: p}}, w: {values: [a, b, c], "
    "when: {branch: q}}, x: {min: 0.0, max: 1.0}, k: {min: 1, max: 5, when: {branch: [p, q]}}}}";

static void known_values(void **state) {
    (void)state;
    static const double r[] = {.1, .5, 1, 2};
    static const double matern[] = {.9917592361711776, .8286491424181253, .5239941088318203, .13866021913850426};
    for (size_t i = 0; i < CHECK_COUNT(r); i++) {
        const double r2 = r[i] * r[i], h = 1e-6;
        CHECK_NEAR(hpo_kernel_correlation(HPO_KERNEL_MATERN52, r2), matern[i], 1e-15);
        CHECK_NEAR(hpo_kernel_correlation(HPO_KERNEL_RBF, r2), exp(-r2 / 2), 1e-15);
        for (int kind = HPO_KERNEL_MATERN52; kind <= HPO_KERNEL_RBF; kind++) {
            const hpo_kernel_kind k = (hpo_kernel_kind)kind;
            const double slope = (hpo_kernel_correlation(k, r2 + h) - hpo_kernel_correlation(k, r2 - h)) / (2 * h);
            CHECK_NEAR(hpo_kernel_slope(k, r2), slope, 1e-8);
            double both, both_slope;
            hpo_kernel_both(k, r2, &both, &both_slope);
            CHECK_NEAR(both, hpo_kernel_correlation(k, r2), 1e-15);
            CHECK_NEAR(both_slope, hpo_kernel_slope(k, r2), 1e-15);
        }
    }
    CHECK_NEAR(hpo_kernel_slope(HPO_KERNEL_MATERN52, 0), -5.0 / 6, 1e-15);
}

static double squared(const hpo_embedding *e, const double *a, const double *b) {
    static const double weight[5] = {1, 1, 1, 1, 1};
    double fa[10], fb[10], r2;
    hpo_embed(e, a, fa, 1);
    hpo_embed(e, b, fb, 1);
    hpo_kernel_distances(e, weight, fa, fb, 1, 1, &r2);
    return r2;
}

static void distances_say_what_they_should(void **state) {
    (void)state;
    const double none = (double)NAN, p = 1.0 / 6, q = 0.5, r = 5.0 / 6;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, SPACE);
    hpo_embedding e = hpo_embedding_make(s.space, 0);
    assert_int_equal(e.dims, 5);
    const double a[5] = {p, 0.2, none, 0.5, 0.1}, b[5] = {p, 0.7, none, 0.5, 0.1}, c[5] = {r, none, none, 0.5, none};
    const double f[5] = {q, none, p, 0.5, 0.1}, g[5] = {q, none, r, 0.5, 0.1}, h[5] = {r, none, none, 0.8, none};
    assert_true(squared(&e, a, a) == 0 && squared(&e, c, c) == 0);
    CHECK_NEAR(squared(&e, a, b), 2 - 2 * cos(0.5), 1e-15);  /* both active */
    CHECK_NEAR(squared(&e, f, g), 1, 1e-15);                 /* another choice */
    CHECK_NEAR(squared(&e, c, h), 0.09, 1e-15);              /* what both lack does not matter */
    CHECK_NEAR(squared(&e, a, c), 3, 1e-15);                 /* branch, u and k */
    CHECK_NEAR(squared(&e, a, c), squared(&e, b, c), 1e-15); /* whatever the value of u */
    hpo_embedding_free(&e);
    toy_sampling_close(&s);
}

/* 60 points of the space; the smallest eigenvalue of their kernel matrix is not negative: its factor needs no more than
 * rounding's worth of jitter, with length scales from short to very long. */
static void is_positive_definite(void **state) {
    (void)state;
    enum { N = 60 };
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, SPACE);
    hpo_embedding e = hpo_embedding_make(s.space, 0);
    double unit[5], features[10 * N], matrix[N * N], point[10];
    for (size_t i = 0; i < N; i++) {
        hpo_space_to_unit(s.space, toy_sampling_point(&s, i, 0), unit);
        hpo_embed(&e, unit, features + i, N);
    }
    for (double length = 0.1; length < 100; length *= 3) {
        const double w = 1 / (length * length), weight[5] = {w, w, w, w, w};
        for (int kind = HPO_KERNEL_MATERN52; kind <= HPO_KERNEL_RBF; kind++) {
            for (size_t i = 0; i < N; i++) {
                for (size_t f = 0; f < e.count; f++) point[f] = features[f * N + i];
                hpo_kernel_distances(&e, weight, point, features, N, N, matrix + i * N);
                for (size_t j = 0; j < N; j++) {
                    matrix[i * N + j] = hpo_kernel_correlation((hpo_kernel_kind)kind, matrix[i * N + j]);
                }
                matrix[i * N + i] += 1e-12;
            }
            assert_true(hpo_cholesky(matrix, N, N) <= 1e-12);
        }
    }
    hpo_embedding_free(&e);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(distances_say_what_they_should),
        cmocka_unit_test(is_positive_definite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
