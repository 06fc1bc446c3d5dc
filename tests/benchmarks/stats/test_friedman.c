/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Friedman's test against examples of Demsar and of Hollander and Wolfe, and against scipy 1.17. */
#include "benchmarks/stats/many_methods.h"

#include "tests/support/check.h"

/* J. Demsar, JMLR 7, 2006, table 6: ranks of C4.5, with m, with cf, with both tuned, on 14 data sets. */
static const double classifiers[14][4] = {{4, 3, 2, 1}, {1, 2, 3, 4},         {4, 1, 2, 3},     {4, 1, 3, 2},
                                          {4, 2, 3, 1}, {1, 2.5, 4, 2.5},     {3, 2, 4, 1},     {2.5, 2.5, 4, 1},
                                          {4, 3, 2, 1}, {2.5, 2.5, 2.5, 2.5}, {4, 2.5, 1, 2.5}, {3, 2, 4, 1},
                                          {4, 1, 2, 3}, {3, 1, 4, 2}};

/* His section 3.2.4 prints the mean ranks, chi^2_F = 9.28 and F_F = 3.69. */
static void demsar(void **state) {
    (void)state;
    double mean_rank[4];
    const bench_friedman test = bench_friedman_test(classifiers[0], 14, 4, mean_rank);
    const double expected[] = {3.143, 2.000, 2.893, 1.964};
    CHECK_ARRAY_NEAR(mean_rank, expected, 4, .0005);
    assert_int_equal(test.blocks, 14);
    CHECK_NEAR(test.chi2_uncorrected, 9.28, .005);
    CHECK_NEAR(bench_iman_davenport(test.chi2_uncorrected, 14, 4), 3.69, .005);
    /* scipy.stats.friedmanchisquare corrects for ties; the F of that, scipy.stats.f.sf(F, 3, 39) */
    CHECK_CLOSE(test.chi2, 10.228346456692925, 1e-13);
    CHECK_CLOSE(test.chi2_p, 0.016721580328441323, 1e-12);
    CHECK_CLOSE(test.f, 4.1851301115241695, 1e-12);
    CHECK_CLOSE(test.f_p, 0.011620659515310975, 1e-12);
}

/* M. Hollander, D. A. Wolfe, 1999, table 7.1: rounding first base. scipy.stats.friedmanchisquare of the columns. */
static void first_base(void **state) {
    (void)state;
    static const double seconds[] = {5.40, 5.50, 5.55, 5.85, 5.70, 5.75, 5.20, 5.60, 5.50, 5.55, 5.50, 5.40, 5.90, 5.85,
                                     5.70, 5.45, 5.55, 5.60, 5.40, 5.40, 5.35, 5.45, 5.50, 5.35, 5.25, 5.15, 5.00, 5.85,
                                     5.80, 5.70, 5.25, 5.20, 5.10, 5.65, 5.55, 5.45, 5.60, 5.35, 5.45, 5.05, 5.00, 4.95,
                                     5.50, 5.50, 5.40, 5.45, 5.55, 5.50, 5.55, 5.55, 5.35, 5.45, 5.50, 5.55, 5.50, 5.45,
                                     5.25, 5.65, 5.60, 5.40, 5.70, 5.65, 5.55, 6.30, 6.30, 6.25};
    double mean_rank[3];
    const bench_friedman test = bench_friedman_test(seconds, 22, 3, mean_rank);
    CHECK_NEAR(test.chi2, 11.142857142857132, 1e-12);
    CHECK_CLOSE(test.chi2_p, 0.003805040775511383, 1e-11);
    CHECK_NEAR(test.chi2, 11.1, .05); /* as printed */
}

static void friedman_edges(void **state) {
    (void)state;
    double mean_rank[3];
    const double same[] = {1, 1, 1, 2, 2, 2}, agree[] = {1, 2, 3, 4, 5, 6, 0, 7, 9}, holes[] = {1, NAN, 3, 1, 2, 3};
    bench_friedman test = bench_friedman_test(same, 2, 3, mean_rank);
    CHECK_NEAR(test.chi2, 0, 0);
    CHECK_NEAR(test.chi2_p, 1, 0);
    CHECK_NEAR(test.f_p, 1, 0);
    CHECK_NEAR(mean_rank[1], 2, 0);
    test = bench_friedman_test(agree, 3, 3, mean_rank);
    CHECK_NEAR(test.chi2, 6, 1e-14); /* blocks (methods - 1) */
    CHECK_NEAR(test.f, INFINITY, 0);
    CHECK_NEAR(test.f_p, 0, 0);
    test = bench_friedman_test(holes, 2, 3, mean_rank);
    assert_int_equal(test.blocks, 1);
    CHECK_NEAR(mean_rank[2], 3, 0);
    CHECK_NEAR(test.chi2, 2, 1e-14);
    CHECK_NEAR(test.f_p, 1, 0); /* one block tells no variance */
    test = bench_friedman_test(holes, 1, 3, mean_rank);
    assert_int_equal(test.blocks, 0);
    CHECK_NEAR(test.chi2_p, 1, 0);
    assert_true(isnan(mean_rank[0]));
    test = bench_friedman_test(agree, 3, 1, mean_rank); /* one method */
    CHECK_NEAR(test.chi2_p, 1, 0);
    CHECK_NEAR(mean_rank[0], 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(demsar), cmocka_unit_test(first_base),
                                       cmocka_unit_test(friedman_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
