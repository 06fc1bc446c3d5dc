/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The range of normal numbers against Demsar's table, scipy 1.17, an integral with many digits and a closed form. */
#include "benchmarks/stats/many_methods.h"

#include <gsl/gsl_cdf.h>

#include "tests/support/check.h"

/* J. Demsar, table 5: q_alpha, the quantile over the root of 2, from tables that had few digits. */
static void critical_values(void **state) {
    (void)state;
    static const double table[][2] = {{1.960, 1.645}, {2.343, 2.052}, {2.569, 2.291}, {2.728, 2.459}, {2.850, 2.589},
                                      {2.949, 2.693}, {3.031, 2.780}, {3.102, 2.855}, {3.164, 2.920}};
    for (size_t k = 2; k <= 10; k++) {
        CHECK_NEAR(bench_range_quantile(.05, k) / sqrt(2), table[k - 2][0], .00101);
        CHECK_NEAR(bench_range_quantile(.10, k) / sqrt(2), table[k - 2][1], .00101);
    }
    /* scipy.stats.studentized_range.ppf(0.95, k, inf) */
    static const double more[][2] = {
        {3, 3.314493155398122}, {10, 4.474124221725907}, {25, 5.17299617312959}, {60, 5.764388004145548}};
    for (size_t i = 0; i < CHECK_COUNT(more); i++)
        CHECK_CLOSE(bench_range_quantile(.05, (size_t)more[i][0]), more[i][1], 1e-8);
}

static void range_tails(void **state) {
    (void)state;
    /* mpmath.quad of the integral with 90 digits */
    static const double tails[][3] = {{2, 1, 0.47950012218695346},    {3, 3.3145, 0.049999387596061449},
                                      {5, 2, 0.61844948055099186},    {10, 6, 0.00092151530387726079},
                                      {20, 9, 3.7242702522134567e-8}, {50, 12, 2.6360774973249076e-14},
                                      {5, 20, 2.0884875837625432e-44}};
    for (size_t i = 0; i < CHECK_COUNT(tails); i++)
        CHECK_CLOSE(bench_range_tail(tails[i][1], (size_t)tails[i][0]), tails[i][2], 1e-11);
    /* Two: the difference of two normal numbers, of variance 2. */
    for (double q = 0; q < 12; q += .5)
        CHECK_CLOSE(bench_range_tail(q, 2), 2 * gsl_cdf_ugaussian_Q(q / sqrt(2)), 1e-12);
    for (size_t k = 2; k < 200; k += 33) CHECK_NEAR(bench_range_tail(0, k), 1, 1e-12);
    CHECK_CLOSE(bench_range_tail(bench_range_quantile(.01, 7), 7), .01, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(critical_values), cmocka_unit_test(range_tails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
