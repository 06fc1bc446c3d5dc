/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rank tests against examples of Hollander and Wolfe, against scipy 1.17 and against enumeration. */
#include "benchmarks/stats/two_samples.h"

#include "tests/support/check.h"

/* M. Hollander, D. A. Wolfe, 1999, table 4.1: permeability of the chorioamnion. scipy.stats.mannwhitneyu(term, early,
 * method="exact") and method="asymptotic". */
static void permeability(void **state) {
    (void)state;
    const double term[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46},
                 early[] = {1.15, .88, .90, .74, 1.21};
    bench_test test = bench_mann_whitney(term, 10, early, 5, BENCH_P_AUTO);
    assert_true(test.exact);
    CHECK_NEAR(test.statistic, 35, 0);
    CHECK_CLOSE(test.p, 0.2544122544122544, 1e-13);
    CHECK_CLOSE(test.smallest_p, 2 / 3003.0, 1e-14);
    test = bench_mann_whitney(early, 5, term, 10, BENCH_P_NORMAL);
    assert_false(test.exact);
    CHECK_NEAR(test.statistic, 15, 0);
    CHECK_CLOSE(test.p, 0.24462360512698333, 1e-13);
}

/* scipy.stats.mannwhitneyu(a, b, method="asymptotic") */
static void unpaired_normal(void **state) {
    (void)state;
    const double a[] = {1, 2, 2, 3, 5, 5, 7, 8, 8, 8}, b[] = {2, 3, 5, 6, 8, 9, 9, 10, 10, 12, 13};
    bench_test test = bench_mann_whitney(a, 10, b, 11, BENCH_P_NORMAL);
    CHECK_NEAR(test.statistic, 25, 0);
    CHECK_CLOSE(test.p, 0.03647095099684498, 1e-13);
    double many[60], others[55];
    for (size_t i = 0; i < 60; i++) many[i] = .5 * (double)i;
    for (size_t i = 0; i < 55; i++) others[i] = .4 * (double)i + 3.05;
    test = bench_mann_whitney(many, 60, others, 55, BENCH_P_AUTO);
    assert_false(test.exact);
    CHECK_NEAR(test.statistic, 1749, 0);
    CHECK_CLOSE(test.p, 0.5812949941136567, 1e-12);
}

/* scipy.stats.mannwhitneyu(a, b, method="exact") without ties; with them
 * scipy.stats.permutation_test((a, b), lambda u, v: mannwhitneyu(u, v).statistic), all 126 choices. */
static void unpaired_exact(void **state) {
    (void)state;
    double a[30], b[28];
    for (size_t i = 0; i < 30; i++) a[i] = (double)i;
    for (size_t i = 0; i < 28; i++) b[i] = .97 * (double)i + 5.35;
    bench_test test = bench_mann_whitney(a, 30, b, 28, BENCH_P_AUTO);
    CHECK_NEAR(test.statistic, 313, 0);
    CHECK_CLOSE(test.p, 0.09770744970646791, 1e-12);
    const double tied[] = {1, 2, 2, 5}, other[] = {2, 3, 5, 5, 6};
    test = bench_mann_whitney(tied, 4, other, 5, BENCH_P_AUTO);
    assert_true(test.exact);
    CHECK_NEAR(test.statistic, 4, 0);
    CHECK_CLOSE(test.p, 2 / 9.0, 1e-13);
}

/* Complete separation is the smallest p that the runs allow, down to 2 / (100 choose 50). */
static void unpaired_smallest(void **state) {
    (void)state;
    double a[50], b[50];
    for (size_t n = 1; n <= 50; n += 7) {
        for (size_t i = 0; i < n; i++) a[i] = (double)i;
        for (size_t i = 0; i < n; i++) b[i] = 100 + (double)i;
        const bench_test test = bench_mann_whitney(a, n, b, n, BENCH_P_AUTO);
        CHECK_NEAR(test.statistic, 0, 0);
        CHECK_CLOSE(test.p, test.smallest_p, 1e-12);
    }
    CHECK_NEAR(bench_mann_whitney_smallest_p(1, 1), 1, 0);
    CHECK_CLOSE(bench_mann_whitney_smallest_p(3, 3), .1, 1e-14);
    CHECK_CLOSE(bench_mann_whitney_smallest_p(25, 25), 1.5821457204897228e-14, 1e-13); /* scipy, exact */
    CHECK_CLOSE(bench_mann_whitney_smallest_p(2, 500), bench_mann_whitney_smallest_p(500, 2), 1e-12);
}

static void unpaired_edges(void **state) {
    (void)state;
    const double same[] = {3, 3, 3, 3}, failed[] = {INFINITY, INFINITY, NAN, INFINITY, INFINITY};
    for (int how = BENCH_P_AUTO; how <= BENCH_P_NORMAL; how++) {
        CHECK_NEAR(bench_mann_whitney(same, 4, same, 4, (bench_p_value)how).p, 1, 1e-14);
        CHECK_NEAR(bench_mann_whitney(same, 4, NULL, 0, (bench_p_value)how).p, 1, 0);
        CHECK_NEAR(bench_mann_whitney(NULL, 0, NULL, 0, (bench_p_value)how).p, 1, 0);
        CHECK_NEAR(bench_mann_whitney(same, 1, failed, 1, (bench_p_value)how).p, 1, 1e-14);
    }
    const bench_test test = bench_mann_whitney(same, 4, failed, 5, BENCH_P_AUTO);
    assert_int_equal(test.m, 4);
    CHECK_NEAR(test.statistic, 0, 0);
    CHECK_CLOSE(test.p, 2 / 70.0, 1e-13); /* failures are worse than numbers */
}

/* Hollander and Wolfe, table 3.1: the depression scale. scipy.stats.wilcoxon(x, y, method="exact"), and
 * method="asymptotic", correction=True. */
static void depression(void **state) {
    (void)state;
    const double x[] = {1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double y[] = {.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    bench_test test = bench_wilcoxon(x, y, 9, BENCH_ZEROS_PRATT, BENCH_P_AUTO);
    assert_true(test.exact);
    CHECK_NEAR(test.statistic, 40, 0);
    CHECK_CLOSE(test.p, 0.0390625, 1e-14);
    CHECK_NEAR(test.smallest_p, 1 / 256.0, 0);
    test = bench_wilcoxon(y, x, 9, BENCH_ZEROS_WILCOXON, BENCH_P_NORMAL);
    CHECK_NEAR(test.statistic, 5, 0);
    CHECK_CLOSE(test.p, 0.04401098401295143, 1e-13);
}

/* J. Demsar, JMLR 2006, table 2 and section 3.1.3: of C4.5 with and without a tuned m. His ranks of the two pairs
 * without a difference are split between both sums: 12 = 10.5 + 3 / 2. */
static void classifiers(void **state) {
    (void)state;
    const double c45[] = {.763, .599, .954, .628, .882, .936, .661, .583, .775, 1, .940, .619, .972, .957};
    const double tuned[] = {.768, .591, .971, .661, .888, .931, .668, .583, .838, 1, .962, .666, .981, .978};
    const bench_test test = bench_wilcoxon(c45, tuned, 14, BENCH_ZEROS_PRATT, BENCH_P_AUTO);
    CHECK_NEAR(test.statistic + 3 / 2.0, 12, 0);
    assert_true(test.p < .05);
}

static const double zero[15];

/* scipy.stats.wilcoxon(d, zero_method="wilcox" and "pratt", correction=True, method="asymptotic"); scipy's statistic
 * is the smaller sum. */
static void paired_normal(void **state) {
    (void)state;
    const double d[] = {1, -1, 2, 2, -3, 4, 5, 0, 0, 6, -2, 7, 8, 9, 10};
    bench_test test = bench_wilcoxon(zero, d, 15, BENCH_ZEROS_WILCOXON, BENCH_P_NORMAL);
    CHECK_NEAR(test.statistic, 11.5, 0);
    CHECK_CLOSE(test.p, 0.01903979621008125, 1e-13);
    test = bench_wilcoxon(zero, d, 15, BENCH_ZEROS_PRATT, BENCH_P_NORMAL);
    CHECK_NEAR(test.statistic, 17.5, 0);
    CHECK_CLOSE(test.p, 0.021041804689948124, 1e-13);
    double x[60], y[60];
    for (size_t i = 0; i < 60; i++) {
        x[i] = (double)((i * 37) % 101) / 100 + .001 * (double)i;
        y[i] = (double)((i * 53) % 97) / 90 + .0017 * (double)i;
    }
    test = bench_wilcoxon(y, x, 60, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
    assert_false(test.exact);
    CHECK_CLOSE(test.p, 0.48979192834966134, 1e-12); /* method="asymptotic", correction=True */
    test = bench_wilcoxon(y, x, 40, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
    assert_true(test.exact);
    CHECK_CLOSE(test.p, 0.7772631587613432, 1e-12); /* method="exact" */
}

/* Against all 2^7 assignments of signs: scipy.stats.wilcoxon(d, method=PermutationMethod(n_resamples=1000000)). */
static void paired_exact_with_ties(void **state) {
    (void)state;
    const double d[] = {1, -1, 2, 2, -3, 4, 0, 0, 6};
    bench_test test = bench_wilcoxon(d, zero, 9, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
    CHECK_NEAR(test.statistic, 21.5, 0);
    CHECK_CLOSE(test.p, .25, 1e-14);
    test = bench_wilcoxon(d, zero, 9, BENCH_ZEROS_PRATT, BENCH_P_AUTO);
    CHECK_NEAR(test.statistic, 31.5, 0);
    CHECK_CLOSE(test.p, .234375, 1e-14);
}

static void paired_smallest(void **state) {
    (void)state;
    double x[50];
    for (size_t i = 0; i < 50; i++) x[i] = -1 - (double)i;
    double zeros[50] = {0};
    for (size_t n = 1; n <= 50; n++) {
        const bench_test test = bench_wilcoxon(x, zeros, n, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
        CHECK_NEAR(test.statistic, 0, 0);
        CHECK_CLOSE(test.p, test.smallest_p, 1e-13);
    }
    CHECK_NEAR(bench_wilcoxon_smallest_p(0), 1, 0);
    CHECK_NEAR(bench_wilcoxon_smallest_p(1), 1, 0);
    CHECK_NEAR(bench_wilcoxon_smallest_p(6), .03125, 0);
}

static void paired_edges(void **state) {
    (void)state;
    const double a[] = {1, INFINITY, 2, NAN, 5, INFINITY}, b[] = {1.5, INFINITY, NAN, 3, 9, 7};
    const bench_test test = bench_wilcoxon(a, b, 6, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
    assert_int_equal(test.n, 4); /* two pairs are incomplete, one of the others is no difference */
    CHECK_NEAR(test.statistic, 3, 0);
    CHECK_CLOSE(test.p, 1, 1e-14); /* 3 of 6 */
    for (int how = BENCH_P_AUTO; how <= BENCH_P_NORMAL; how++)
        for (int zeros = BENCH_ZEROS_WILCOXON; zeros <= BENCH_ZEROS_PRATT; zeros++) {
            CHECK_NEAR(bench_wilcoxon(a, a, 3, (bench_zeros)zeros, (bench_p_value)how).p, 1, 0);
            CHECK_NEAR(bench_wilcoxon(NULL, NULL, 0, (bench_zeros)zeros, (bench_p_value)how).p, 1, 0);
        }
}

static void order_of_runs(void **state) {
    (void)state;
    double a[20], b[20], turned_a[20], turned_b[20];
    for (size_t i = 0; i < 20; i++) {
        a[i] = turned_a[(i * 7) % 20] = floor(9 * sin((double)i));
        b[i] = turned_b[(i * 7) % 20] = floor(9 * sin(1.7 * (double)i) + 2);
    }
    for (int how = BENCH_P_AUTO; how <= BENCH_P_NORMAL; how++) {
        const double p = bench_mann_whitney(a, 20, b, 20, (bench_p_value)how).p;
        CHECK_CLOSE(bench_mann_whitney(turned_a, 20, turned_b, 20, (bench_p_value)how).p, p, 0);
        CHECK_CLOSE(bench_mann_whitney(b, 20, a, 20, (bench_p_value)how).p, p, 1e-12);
        const double paired = bench_wilcoxon(a, b, 20, BENCH_ZEROS_PRATT, (bench_p_value)how).p;
        CHECK_CLOSE(bench_wilcoxon(turned_a, turned_b, 20, BENCH_ZEROS_PRATT, (bench_p_value)how).p, paired, 0);
        CHECK_CLOSE(bench_wilcoxon(b, a, 20, BENCH_ZEROS_PRATT, (bench_p_value)how).p, paired, 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(permeability),
                                       cmocka_unit_test(unpaired_normal),
                                       cmocka_unit_test(unpaired_exact),
                                       cmocka_unit_test(unpaired_smallest),
                                       cmocka_unit_test(unpaired_edges),
                                       cmocka_unit_test(depression),
                                       cmocka_unit_test(classifiers),
                                       cmocka_unit_test(paired_normal),
                                       cmocka_unit_test(paired_exact_with_ties),
                                       cmocka_unit_test(paired_smallest),
                                       cmocka_unit_test(paired_edges),
                                       cmocka_unit_test(order_of_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
