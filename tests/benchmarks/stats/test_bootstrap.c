/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Draws with replacement: their distribution, their independence, and percentiles of what they gave. */
#include "benchmarks/stats/bootstrap.h"

#include "tests/support/check.h"

static const bench_bootstrap settings = {.resamples = 2000, .level = .9, .seed = 7};

static void draws(void **state) {
    (void)state;
    enum { N = 5 };
    size_t counts[N], again[N];
    double zero = 0, squares = 0;
    for (size_t b = 0; b < settings.resamples; b++) {
        bench_bootstrap_draw(&settings, b, 3, N, counts);
        bench_bootstrap_draw(&settings, b, 3, N, again);
        assert_memory_equal(counts, again, sizeof counts);
        assert_int_equal(counts[0] + counts[1] + counts[2] + counts[3] + counts[4], N);
        zero += counts[2] == 0;
        squares += pow((double)counts[1] - 1, 2);
    }
    /* Binomial(5, 1/5): P(0) = 0.8^5, variance 0.8 with fourth central moment 2.624. */
    const double b = (double)settings.resamples, p = pow(.8, N);
    CHECK_NEAR(zero / b, p, 4 * sqrt(p * (1 - p) / b));
    CHECK_NEAR(squares / b, .8, 4 * sqrt((2.624 - .64) / b));
}

/* Another seed, resample or sample: other draws. */
static void streams(void **state) {
    (void)state;
    enum { N = 40 };
    const bench_bootstrap other = {.resamples = 1, .level = .9, .seed = 8};
    size_t base[N], counts[N];
    bench_bootstrap_draw(&settings, 1, 1, N, base);
    bench_bootstrap_draw(&other, 1, 1, N, counts);
    assert_memory_not_equal(base, counts, sizeof base);
    bench_bootstrap_draw(&settings, 2, 1, N, counts);
    assert_memory_not_equal(base, counts, sizeof base);
    bench_bootstrap_draw(&settings, 1, 2, N, counts);
    assert_memory_not_equal(base, counts, sizeof base);
}

static void percentiles(void **state) {
    (void)state;
    const bench_bootstrap how = {.resamples = 101, .level = .9, .seed = 1};
    double replicates[101];
    for (size_t i = 0; i < 101; i++) replicates[i] = (double)((i * 37) % 101);
    const bench_interval interval = bench_bootstrap_interval(&how, 42, replicates);
    CHECK_NEAR(interval.estimate, 42, 0);
    CHECK_NEAR(interval.low, 5, 1e-12);
    CHECK_NEAR(interval.high, 95, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(draws), cmocka_unit_test(streams),
                                       cmocka_unit_test(percentiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
