/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bands of mean and median: against the exact bootstrap distribution where there is one, and whatever order runs have.
 */
#include "benchmarks/stats/bands.h"

#include <gsl/gsl_cdf.h>

#include "benchmarks/stats/sample.h"
#include "tests/support/check.h"

static const bench_bootstrap settings = {.resamples = 4000, .level = .95, .seed = 5};

/* Two runs: the mean of a resample is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4. */
static void two_runs(void **state) {
    (void)state;
    const double values[] = {0, 3, 1, 3};
    bench_interval band[2];
    bench_band(values, 2, 2, NULL, BENCH_MEAN, &settings, band);
    CHECK_NEAR(band[0].estimate, .5, 0);
    CHECK_NEAR(band[0].low, 0, 0);
    CHECK_NEAR(band[0].high, 1, 0);
    CHECK_NEAR(band[1].low, 3, 0); /* tied */
    CHECK_NEAR(band[1].high, 3, 0);
    const bench_bootstrap half = {.resamples = 4000, .level = .4, .seed = 5};
    bench_band(values, 2, 2, NULL, BENCH_MEAN, &half, band);
    CHECK_NEAR(band[0].low, .5, 0);
    CHECK_NEAR(band[0].high, .5, 0);
}

static void one_run(void **state) {
    (void)state;
    const double value = 2.5;
    bench_interval band;
    for (int center = BENCH_MEAN; center <= BENCH_MEDIAN; center++) {
        bench_band(&value, 1, 1, NULL, (bench_center)center, &settings, &band);
        CHECK_NEAR(band.estimate, 2.5, 0);
        CHECK_NEAR(band.low, 2.5, 0);
        CHECK_NEAR(band.high, 2.5, 0);
    }
}

/* The median of a resample of n = 2 m + 1 values is at most the k-th smallest with P(Binomial(n, k/n) > m) (B. Efron,
 * "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7, 1979, section 3). */
static void median_exactly(void **state) {
    (void)state;
    enum { N = 21 };
    double values[N];
    for (size_t i = 0; i < N; i++) values[i] = (double)((i * 8) % N + 1);
    /* A tail between two of these probabilities, far from both. */
    const double seven = gsl_cdf_binomial_Q(N / 2, 7 / (double)N, N),
                 eight = gsl_cdf_binomial_Q(N / 2, 8 / (double)N, N);
    const double tail = (seven + eight) / 2;
    const bench_bootstrap how = {.resamples = 4000, .level = 1 - 2 * tail, .seed = 5};
    assert_true(eight - tail > 4 * sqrt(tail * (1 - tail) / 4000));
    bench_interval band;
    bench_band(values, N, 1, NULL, BENCH_MEDIAN, &how, &band);
    CHECK_NEAR(band.estimate, 11, 0);
    CHECK_NEAR(band.low, 8, 0);
    CHECK_NEAR(band.high, N + 1 - 8, 0);
}

/* Many runs: the band of the mean is that of the normal distribution with the sample's variance. */
static void mean_of_many(void **state) {
    (void)state;
    enum { N = 400 };
    double values[N], square = 0;
    for (size_t i = 0; i < N; i++) values[i] = gsl_cdf_ugaussian_Pinv(((double)i + .5) / N);
    for (size_t i = 0; i < N; i++) square += values[i] * values[i] / N;
    bench_interval band;
    bench_band(values, N, 1, NULL, BENCH_MEAN, &settings, &band);
    const double error = sqrt(square / N), half = 1.959964 * error;
    CHECK_NEAR(band.estimate, 0, 1e-14);
    /* The standard error of a 2.5 % quantile of 4000 normal replicates is 0.042 deviations. */
    CHECK_NEAR(band.low, -half, 4 * .042 * error);
    CHECK_NEAR(band.high, half, 4 * .042 * error);
}

/* Of problems, each with its own level: only the spread within problems counts. */
static void problems(void **state) {
    (void)state;
    const double values[] = {100, 1, 100, 3, 100, 2};
    const uint32_t problem[] = {0, 1, 0, 1, 0, 1};
    bench_interval band;
    bench_band(values, 6, 1, problem, BENCH_MEAN, &settings, &band);
    CHECK_NEAR(band.estimate, 51, 0);
    CHECK_NEAR(band.low, 50.5, 0); /* the runs 1 1 1 have the probability 1/27 > 2.5 % */
    CHECK_NEAR(band.high, 51.5, 0);
    bench_band(values, 6, 1, NULL, BENCH_MEAN, &settings, &band);
    assert_true(band.low < 40 && band.high > 60);
}

/* Two problems with the same runs: their resamples are independent, so that errors partly cancel. */
static void independent_problems(void **state) {
    (void)state;
    enum { N = 200 };
    double values[2 * N];
    uint32_t problem[2 * N];
    for (size_t i = 0; i < 2 * N; i++) {
        values[i] = gsl_cdf_ugaussian_Pinv(((double)(i / 2) + .5) / N);
        problem[i] = (uint32_t)i % 2;
    }
    bench_interval band;
    bench_band(values, 2 * N, 1, problem, BENCH_MEAN, &settings, &band);
    const double error = 1 / sqrt(2 * N);
    CHECK_NEAR(band.high - band.low, 2 * 1.96 * error, 6 * .042 * error);
}

/* Where a run is missing, the band is that of the others. */
static void missing_runs(void **state) {
    (void)state;
    const double values[] = {1, NAN, 1, 5, 5, 5, 2, 2, 2, 9, 9, 9, 4, 4, 4}, others[] = {5, 2, 9, 4};
    bench_interval band[3], alone;
    for (int center = BENCH_MEAN; center <= BENCH_MEDIAN; center++) {
        bench_band(values, 5, 3, NULL, (bench_center)center, &settings, band);
        bench_band(others, 4, 1, NULL, (bench_center)center, &settings, &alone);
        assert_memory_equal(&band[1], &alone, sizeof alone);
        assert_memory_equal(&band[0], &band[2], sizeof alone);
        CHECK_NEAR(band[0].estimate, center == BENCH_MEAN ? 4.2 : 4, 1e-15);
        CHECK_NEAR(alone.estimate, center == BENCH_MEAN ? 5 : 4.5,
                   0); /* an even number: between the two in the middle */
    }
}

/* Problems count alike, whatever their number of runs; one without a value at a point is left out there. */
static void unequal_problems(void **state) {
    (void)state;
    const double values[] = {1, 1, 1, NAN, 1, NAN, 5, NAN};
    const uint32_t problem[] = {0, 0, 0, 2};
    bench_interval band[2];
    bench_band(values, 4, 2, problem, BENCH_MEDIAN, &settings, band);
    CHECK_NEAR(band[0].estimate, 3, 0);
    CHECK_NEAR(band[1].estimate, 1, 0);
    CHECK_NEAR(band[1].high, 1, 0);
}

static void order_of_runs(void **state) {
    (void)state;
    enum { RUNS = 12, POINTS = 3 };
    double values[RUNS * POINTS], turned[RUNS * POINTS];
    uint32_t problem[RUNS], turned_problem[RUNS];
    for (size_t r = 0; r < RUNS; r++) {
        problem[r] = turned_problem[RUNS - 1 - r] = (uint32_t)r % 3;
        for (size_t i = 0; i < POINTS; i++)
            values[r * POINTS + i] = turned[(RUNS - 1 - r) * POINTS + i] = sin((double)(7 * r + i)) / 3;
    }
    values[4] = turned[(RUNS - 2) * POINTS + 1] = NAN;
    bench_interval a[POINTS], b[POINTS];
    for (int center = BENCH_MEAN; center <= BENCH_MEDIAN; center++) {
        bench_band(values, RUNS, POINTS, problem, (bench_center)center, &settings, a);
        bench_band(turned, RUNS, POINTS, turned_problem, (bench_center)center, &settings, b);
        assert_memory_equal(a, b, sizeof a);
    }
    bench_band_quantile(values, RUNS, POINTS, .3, &a[0].estimate);
    bench_band_quantile(turned, RUNS, POINTS, .3, &b[0].estimate);
    assert_memory_equal(a, b, sizeof a);
}

static void failures_and_nothing(void **state) {
    (void)state;
    const double values[] = {1, NAN, INFINITY, NAN, 2, NAN};
    bench_interval band[2];
    double quantile[2];
    bench_band(values, 3, 2, NULL, BENCH_MEAN, &settings, band);
    CHECK_NEAR(band[0].estimate, INFINITY, 0);
    CHECK_NEAR(band[0].low, 1, 0); /* 29 % of the resamples hold no failure, 3.7 % nothing but the best */
    assert_true(isnan(band[1].estimate) && isnan(band[1].low) && isnan(band[1].high));
    bench_band(values, 3, 2, NULL, BENCH_MEDIAN, &settings, band);
    CHECK_NEAR(band[0].estimate, 2, 0);
    CHECK_NEAR(band[0].high, INFINITY, 0);
    bench_band_quantile(values, 3, 2, .5, quantile);
    CHECK_NEAR(quantile[0], 2, 0);
    assert_true(isnan(quantile[1]));
    bench_band(values, 0, 2, NULL, BENCH_MEAN, &settings, band);
    assert_true(isnan(band[0].estimate) && isnan(band[1].high));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_runs),
                                       cmocka_unit_test(one_run),
                                       cmocka_unit_test(median_exactly),
                                       cmocka_unit_test(mean_of_many),
                                       cmocka_unit_test(problems),
                                       cmocka_unit_test(unequal_problems),
                                       cmocka_unit_test(order_of_runs),
                                       cmocka_unit_test(failures_and_nothing),
                                       cmocka_unit_test(independent_problems),
                                       cmocka_unit_test(missing_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
