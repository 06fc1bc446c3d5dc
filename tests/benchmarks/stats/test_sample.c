/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sorting, quantiles and ranks against numpy and scipy, and what NaN and infinity do to them. */
#include "benchmarks/stats/sample.h"

#include "tests/support/check.h"

static void sorting(void **state) {
    (void)state;
    double values[] = {3, NAN, INFINITY, -1, NAN, 2};
    assert_int_equal(bench_sample_sort(values, 6), 4);
    const double expected[] = {-1, 2, 3, INFINITY};
    CHECK_ARRAY_NEAR(values, expected, 4, 0);
    assert_true(isnan(values[4]) && isnan(values[5]));
    assert_int_equal(bench_sample_sort(values, 0), 0);
    double nothing[] = {NAN};
    assert_int_equal(bench_sample_sort(nothing, 1), 0);
}

/* numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], p) */
static void quantiles(void **state) {
    (void)state;
    double values[] = {3, 1, 4, 1, 5, 9, 2, 6};
    const size_t n = bench_sample_sort(values, 8);
    static const double cases[][2] = {{0, 1}, {.1, 1}, {.25, 1.75}, {.5, 3.5}, {.9, 6.9}, {1, 9}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        CHECK_NEAR(bench_sample_quantile(values, n, cases[i][0]), cases[i][1], 1e-14);
    CHECK_NEAR(bench_sample_quantile(values, 1, .3), 1, 0);
    assert_true(isnan(bench_sample_quantile(values, 0, .5)));
}

static void quantiles_of_failures(void **state) {
    (void)state;
    const double sorted[] = {1, 2, INFINITY, INFINITY, INFINITY};
    CHECK_NEAR(bench_sample_quantile(sorted, 5, .25), 2, 0); /* not infinity times 0 */
    CHECK_NEAR(bench_sample_quantile(sorted, 5, .3), INFINITY, 0);
    CHECK_NEAR(bench_sample_quantile(sorted, 5, .9), INFINITY, 0); /* not infinity - infinity */
}

static void complete(void **state) {
    (void)state;
    const double values[] = {1, INFINITY, NAN};
    assert_true(bench_sample_complete(values, 2) && bench_sample_complete(values, 0));
    assert_false(bench_sample_complete(values, 3));
}

static void means(void **state) {
    (void)state;
    const double sorted[] = {1, 2, 6};
    CHECK_NEAR(bench_sample_mean(sorted, 3), 3, 0);
    assert_true(isnan(bench_sample_mean(sorted, 0)));
}

static void ranks(void **state) {
    (void)state;
    const double values[] = {5, 2, INFINITY, 2, NAN, 2, INFINITY, -1};
    const double expected[] = {5, 3, 6.5, 3, NAN, 3, 6.5, 1};
    double got[8];
    CHECK_NEAR(bench_midranks(values, 8, got), 27 - 3 + 8 - 2, 0);
    for (size_t i = 0; i < 8; i++)
        if (i != 4) CHECK_NEAR(got[i], expected[i], 0);
    assert_true(isnan(got[4]));
    CHECK_NEAR(bench_midranks(values, 1, got), 0, 0);
    CHECK_NEAR(got[0], 1, 0);
    CHECK_NEAR(bench_midranks(values, 0, got), 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting),  cmocka_unit_test(quantiles), cmocka_unit_test(quantiles_of_failures),
        cmocka_unit_test(complete), cmocka_unit_test(means),     cmocka_unit_test(ranks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
