/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probability of superiority against its definition, and its interval against that of a binomial proportion. */
#include "benchmarks/stats/two_samples.h"

#include "tests/support/check.h"

static const bench_bootstrap settings = {.resamples = 4000, .level = .95, .seed = 2};

static double by_pairs(const double *a, size_t n, const double *b, size_t m) {
    double better = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) better += a[i] < b[j] ? 1 : a[i] == b[j] ? .5 : 0;
    return better / (double)(n * m);
}

static void definition(void **state) {
    (void)state;
    double a[23], b[17];
    for (size_t i = 0; i < 23; i++) a[i] = (double)((i * 11) % 13);
    for (size_t i = 0; i < 17; i++) b[i] = (double)((i * 7) % 9) + 2;
    a[5] = b[3] = INFINITY;
    CHECK_NEAR(bench_superiority(a, 23, b, 17), by_pairs(a, 23, b, 17), 1e-15);
    CHECK_NEAR(bench_superiority(a, 23, b, 17) + bench_superiority(b, 17, a, 23), 1, 1e-15);
    const bench_test test = bench_mann_whitney(a, 23, b, 17, BENCH_P_AUTO);
    CHECK_NEAR(1 - test.statistic / (23 * 17), by_pairs(a, 23, b, 17), 1e-15);
}

/* Against a single number it is a proportion: the bootstrap draws Binomial(n, A) / n. */
static void interval(void **state) {
    (void)state;
    enum { N = 200 };
    double a[N];
    const double zero = 0;
    for (size_t i = 0; i < N; i++) a[i] = i < 140 ? -1 - (double)i : 1;
    const bench_interval got = bench_superiority_interval(a, N, &zero, 1, &settings);
    const double error = sqrt(.7 * .3 / N);
    CHECK_NEAR(got.estimate, .7, 1e-15);
    CHECK_NEAR(got.low, .7 - 1.96 * error, 4 * .042 * error + 1.0 / N);
    CHECK_NEAR(got.high, .7 + 1.96 * error, 4 * .042 * error + 1.0 / N);
}

/* Two samples that hardly differ: the variance is nearly that of Mann-Whitney's U over n m, (n + m + 1) / (12 n m). */
static void interval_of_two(void **state) {
    (void)state;
    enum { N = 200 };
    double a[N], b[N];
    for (size_t i = 0; i < N; i++) {
        a[i] = (double)i;
        b[i] = (double)i + (i % 2 == 0 ? .5 : -.5) / 2;
    }
    const bench_interval got = bench_superiority_interval(a, N, b, N, &settings);
    const double error = sqrt((2 * N + 1) / (12.0 * N * N));
    CHECK_NEAR(got.high - got.low, 2 * 1.96 * error, 6 * .042 * error);
}

static void edges(void **state) {
    (void)state;
    const double low[] = {1, 2, 3}, high[] = {4, 5, NAN}, same[] = {7, 7, 7};
    bench_interval got = bench_superiority_interval(low, 3, high, 3, &settings);
    CHECK_NEAR(got.estimate, 1, 0);
    CHECK_NEAR(got.low, 1, 0);
    CHECK_NEAR(got.high, 1, 0);
    got = bench_superiority_interval(same, 3, same, 3, &settings);
    CHECK_NEAR(got.low, .5, 0);
    CHECK_NEAR(got.high, .5, 0);
    CHECK_NEAR(bench_superiority(low, 1, low, 1), .5, 0);
    assert_true(isnan(bench_superiority(low, 3, NULL, 0)));
    got = bench_superiority_interval(NULL, 0, low, 3, &settings);
    assert_true(isnan(got.estimate) && isnan(got.low) && isnan(got.high));
    assert_true(isnan(bench_superiority(low, 3, high + 2, 1))); /* nothing but NaN */
}

static void order_of_runs(void **state) {
    (void)state;
    const double a[] = {3, 1, 4, 1, 5}, turned[] = {5, 1, 4, 3, 1}, b[] = {2, 7, 1, 8}, other[] = {1, 8, 2, 7};
    const bench_interval x = bench_superiority_interval(a, 5, b, 4, &settings);
    const bench_interval y = bench_superiority_interval(turned, 5, other, 4, &settings);
    assert_memory_equal(&x, &y, sizeof x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(definition), cmocka_unit_test(interval),
                                       cmocka_unit_test(interval_of_two), cmocka_unit_test(edges),
                                       cmocka_unit_test(order_of_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
