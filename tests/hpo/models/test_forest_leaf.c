/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the errors of all sizes, and the truth behind noisy targets, which the forest does not see. */
#include "hpo/models/forest_leaf.h"
#include "tests/support/check.h"

enum { N = 200, FEATURES = 3, TREES = 10, SEEDS = 20 };

static double truth(const double *x) {
    return pow(x[0] - 0.4, 2) + 0.5 * x[1];
}

static void draw(double *x, double *y, double noise, uint32_t seed) {
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, seed, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t f = 0; f < FEATURES; f++) x[i * FEATURES + f] = base_rng_uniform(&rng);
        y[i] = truth(x + i * FEATURES) + noise * base_rng_normal(&rng);
    }
}

static double miss(const hpo_forest *forest, const double *x) {
    double mean[N], variance[N], sum = 0;
    hpo_forest_predict(forest, x, N, mean, variance);
    for (size_t i = 0; i < N; i++) sum += pow(mean[i] - truth(x + i * FEATURES), 2) / N;
    return sum;
}

/* Without noise single rows, with noise more; what is chosen knows more of the truth than single rows do. */
static void noise_asks_for_larger_leaves(void **state) {
    (void)state;
    static double x[N * FEATURES], y[N], fresh[N * FEATURES], ignored[N];
    double chosen = 0, single = 0;
    size_t larger = 0, pure = 0;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        hpo_forest *forest = hpo_forest_create(FEATURES, NULL, TREES),
                   *spare = hpo_forest_create(FEATURES, NULL, TREES);
        draw(x, y, 0, seed);
        pure += hpo_forest_fit_leaf(&forest, &spare, x, y, N, false, 1, seed) == 1;
        draw(x, y, 0.3, seed);
        draw(fresh, ignored, 0, SEEDS + seed);
        larger += hpo_forest_fit_leaf(&forest, &spare, x, y, N, false, 1, seed) > 1;
        chosen += miss(forest, fresh);
        hpo_forest_fit(spare, x, y, N, false, 1, 1, seed);
        single += miss(spare, fresh);
        hpo_forest_destroy(forest);
        hpo_forest_destroy(spare);
    }
    assert_int_equal(pure, SEEDS);
    assert_true(larger >= SEEDS - 2);
    assert_true(chosen < single / 2);
}

/* What comes out is a fit with that size: no other size before it, nor the next one, has a smaller error. */
static void the_answer_is_what_was_fitted(void **state) {
    (void)state;
    static double x[N * FEATURES], y[N];
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        hpo_forest *forest = hpo_forest_create(FEATURES, NULL, TREES),
                   *spare = hpo_forest_create(FEATURES, NULL, TREES);
        hpo_forest *other = hpo_forest_create(FEATURES, NULL, TREES);
        draw(x, y, 0.05 * (double)(seed % 5), seed);
        const size_t size = hpo_forest_fit_leaf(&forest, &spare, x, y, N, false, 1, seed);
        const double error = hpo_forest_outside_error(forest, y, N);
        for (size_t s = 1; s <= size; s = s == 1 ? 3 : 2 * s) {
            hpo_forest_fit(other, x, y, N, false, s, 1, seed);
            assert_true(hpo_forest_outside_error(other, y, N) >= error);
        }
        CHECK_SAME_DOUBLE(miss(other, x), miss(forest, x));
        if (2 * size <= 24) {
            hpo_forest_fit(other, x, y, N, false, size == 1 ? 3 : 2 * size, 1, seed);
            assert_true(hpo_forest_outside_error(other, y, N) >= error);
        }
        hpo_forest_destroy(forest);
        hpo_forest_destroy(spare);
        hpo_forest_destroy(other);
    }
}

/* Of two rows there is one forest. */
static void few_rows_have_single_leaves(void **state) {
    (void)state;
    const double x[2] = {0.2, 0.8}, y[2] = {1, 2};
    hpo_forest *forest = hpo_forest_create(1, NULL, TREES), *spare = hpo_forest_create(1, NULL, TREES);
    for (size_t n = 1; n <= 2; n++) assert_int_equal(hpo_forest_fit_leaf(&forest, &spare, x, y, n, false, 1, 0), 1);
    hpo_forest_destroy(forest);
    hpo_forest_destroy(spare);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_asks_for_larger_leaves),
        cmocka_unit_test(the_answer_is_what_was_fitted),
        cmocka_unit_test(few_rows_have_single_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
