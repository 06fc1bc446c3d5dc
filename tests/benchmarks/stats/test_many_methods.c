/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of many methods against Demsar's worked example and table, an example of Hollander and Wolfe, and scipy 1.17.
 */
#include "benchmarks/stats/many_methods.h"

#include <gsl/gsl_cdf.h>

#include "tests/support/check.h"

/* J. Demsar, JMLR 7, 2006, table 6: ranks of C4.5, with m, with cf, with both tuned, on 14 data sets. */
static const double classifiers[14][4] = {{4, 3, 2, 1}, {1, 2, 3, 4},         {4, 1, 2, 3},     {4, 1, 3, 2},
                                          {4, 2, 3, 1}, {1, 2.5, 4, 2.5},     {3, 2, 4, 1},     {2.5, 2.5, 4, 1},
                                          {4, 3, 2, 1}, {2.5, 2.5, 2.5, 2.5}, {4, 2.5, 1, 2.5}, {3, 2, 4, 1},
                                          {4, 1, 2, 3}, {3, 1, 4, 2}};

/* His section 3.2.4 prints the mean ranks, chi^2_F = 9.28, F_F = 3.69, and critical differences of 1.25 and 1.12. */
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
    CHECK_NEAR(bench_nemenyi_difference(.05, 14, 4), 1.25, .005);
    CHECK_NEAR(bench_nemenyi_difference(.10, 14, 4), 1.12, .005);
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

static void holm(void **state) {
    (void)state;
    double p[] = {.01, .04, NAN, .03, .005, .5, .04};
    /* Sorted .005 .01 .03 .04 .04 .5, times 6 5 4 3 2 1: .03 .05 .12 .12 .08 .5, which may not fall. */
    const double expected[] = {.05, .12, NAN, .12, .03, .5, .12};
    bench_holm(p, 7, p);
    for (size_t i = 0; i < 7; i++)
        if (i != 2) CHECK_NEAR(p[i], expected[i], 1e-15);
    assert_true(isnan(p[2]));
    double large[] = {.6, .9};
    bench_holm(large, 2, large);
    CHECK_NEAR(large[0], 1, 0);
    CHECK_NEAR(large[1], 1, 0);
    bench_holm(large, 0, large);
}

/* Normal numbers with means 0, 0.2, 1, 1.2, 2.5; three digits. */
static const double values[12][5] = {
    {2.041, -2.356, 1.418, 0.632, 2.047}, {-0.216, -1.82, 0.768, 0.335, 5.823},  {0.226, -0.153, 0.719, 0.532, 1.445},
    {-0.391, 0.682, 0.761, 2.158, 2.3},   {0.024, 1.746, 1.545, 0.695, 2.317},   {0.541, 2.135, 0.73, 0.956, 3.502},
    {-0.886, -0.092, 1.883, 1.78, 2.592}, {0.67, -2.628, 2.021, 0.24, 0.831},    {0.276, 0.901, 0.555, 0.124, 2.526},
    {-0.053, 1.606, 1.747, 1.394, 3.612}, {-0.206, -0.726, 1.584, 1.783, 2.285}, {-0.783, 0.429, -1.494, 1.89, 2.991}};

static void check_pairs(const double *p, const double *expected, size_t methods, double tolerance) {
    for (size_t i = 0, pair = 0; i < methods; i++) {
        CHECK_NEAR(p[i * methods + i], 1, 0);
        for (size_t j = i + 1; j < methods; j++, pair++) {
            CHECK_CLOSE(p[i * methods + j], expected[pair], tolerance);
            CHECK_SAME_DOUBLE(p[j * methods + i], p[i * methods + j]);
        }
    }
}

static void check_groups(const double *p, const double *mean_rank, size_t methods, const bench_group *expected,
                         size_t count) {
    size_t order[8];
    bench_group groups[8];
    bench_rank_order(mean_rank, methods, order);
    assert_int_equal(bench_groups(p, order, methods, .05, groups), count);
    for (size_t g = 0; g < count; g++) {
        assert_int_equal(groups[g].first, expected[g].first);
        assert_int_equal(groups[g].last, expected[g].last);
    }
}

/* scipy.stats.friedmanchisquare; scipy.stats.studentized_range.sf(sqrt(2) |R_i - R_j| / sqrt(5 6 / (6 12)), 5, inf);
 * scipy.stats.wilcoxon(method="exact") of each pair with Holm's correction. Order by rank: 0 1 3 2 4. */
static void five_methods(void **state) {
    (void)state;
    double mean_rank[5], p[25];
    const bench_friedman test = bench_friedman_test(values[0], 12, 5, mean_rank);
    CHECK_CLOSE(test.chi2, 27.46666666666667, 1e-13);
    CHECK_CLOSE(test.chi2_p, 1.5995216760030506e-05, 1e-11);
    static const double nemenyi[] = {
        0.9675206759118824, 0.18159903478985406,    0.6146309432106245, 1.759816043833684e-05, 0.5302985918319807,
        0.9379758399149798, 0.00034798216175524477, 0.9379758399149798, 0.07367063316705369,   0.007062893466381559};
    bench_nemenyi(mean_rank, 12, 5, p);
    check_pairs(p, nemenyi, 5, 1e-8);
    check_groups(p, mean_rank, 5, (const bench_group[]){{0, 3}, {3, 4}}, 2);
    static const double wilcoxon[] = {0.939453125,  0.0966796875, 0.1708984375, 0.0048828125, 0.4541015625,
                                      0.1708984375, 0.0048828125, 0.939453125,  0.0478515625, 0.0048828125};
    bench_wilcoxon_holm(values[0], 12, 5, BENCH_ZEROS_PRATT, p);
    check_pairs(p, wilcoxon, 5, 1e-13);
    check_groups(p, mean_rank, 5, (const bench_group[]){{0, 3}}, 1);
}

/* Two mean ranks differ exactly when they are a critical difference apart. */
static void nemenyi_agrees(void **state) {
    (void)state;
    const double apart = bench_nemenyi_difference(.05, 14, 4);
    const double mean_rank[] = {1, 1 + apart * (1 + 1e-9), 2, 2 + apart * (1 - 1e-9)};
    double p[16];
    bench_nemenyi(mean_rank, 14, 4, p);
    assert_true(p[1] < .05 && p[2 * 4 + 3] > .05);
    bench_nemenyi(mean_rank, 0, 4, p);
    CHECK_NEAR(p[1], 1, 0);
}

/* Demsar's figure 1 a at 0.10: groups of tuned methods, and of those without a tuned m. */
static void demsar_groups(void **state) {
    (void)state;
    double mean_rank[4], p[16];
    size_t order[4];
    bench_group groups[4];
    bench_friedman_test(classifiers[0], 14, 4, mean_rank);
    bench_nemenyi(mean_rank, 14, 4, p);
    bench_rank_order(mean_rank, 4, order);
    const size_t expected[] = {3, 1, 2, 0};
    assert_memory_equal(order, expected, sizeof order);
    assert_int_equal(bench_groups(p, order, 4, .10, groups), 2);
    assert_true(groups[0].first == 0 && groups[0].last == 2 && groups[1].first == 2 && groups[1].last == 3);
    assert_int_equal(bench_groups(p, order, 4, .05, groups), 1); /* 3.143 - 1.964 < 1.25 */
    assert_true(groups[0].first == 0 && groups[0].last == 3);
}

/* A bar covers only pairs that do not differ: 0 and 2 do not, but 1 stands between them. */
static void groups_by_hand(void **state) {
    (void)state;
    const double mean_rank[] = {1, 2, 3, 4};
    const double p[] = {1, .01, .5, .01, .01, 1, .5, .5, .5, .5, 1, .5, .01, .5, .5, 1};
    check_groups(p, mean_rank, 4, (const bench_group[]){{1, 3}}, 1);
    const double none[] = {1, .05, .05, 1}; /* p = alpha is a difference */
    check_groups(none, mean_rank, 2, NULL, 0);
    check_groups(none, mean_rank, 1, NULL, 0);
    check_groups(none, mean_rank, 0, NULL, 0);
    const double tied[] = {2, 1, 2, 1, NAN};
    size_t order[5];
    const size_t expected[] = {1, 3, 0, 2, 4};
    bench_rank_order(tied, 5, order);
    assert_memory_equal(order, expected, sizeof order);
}

static void blocks_in_any_order(void **state) {
    (void)state;
    double turned[12][5], mean_rank[5], other_rank[5], p[25], other[25];
    for (size_t b = 0; b < 12; b++) memcpy(turned[(b * 5) % 12], values[b], sizeof values[b]);
    const bench_friedman a = bench_friedman_test(values[0], 12, 5, mean_rank);
    const bench_friedman b = bench_friedman_test(turned[0], 12, 5, other_rank);
    CHECK_SAME_DOUBLE(a.chi2, b.chi2);
    assert_memory_equal(mean_rank, other_rank, sizeof mean_rank);
    bench_wilcoxon_holm(values[0], 12, 5, BENCH_ZEROS_WILCOXON, p);
    bench_wilcoxon_holm(turned[0], 12, 5, BENCH_ZEROS_WILCOXON, other);
    for (size_t i = 0; i < 25; i++) CHECK_CLOSE(other[i], p[i], 1e-14);
    turned[3][1] = NAN; /* a missing value takes its block away from every pair */
    bench_wilcoxon_holm(turned[3], 1, 5, BENCH_ZEROS_WILCOXON, other);
    for (size_t i = 0; i < 25; i++) CHECK_NEAR(other[i], 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demsar),          cmocka_unit_test(first_base),         cmocka_unit_test(friedman_edges),
        cmocka_unit_test(critical_values), cmocka_unit_test(range_tails),        cmocka_unit_test(holm),
        cmocka_unit_test(five_methods),    cmocka_unit_test(nemenyi_agrees),     cmocka_unit_test(demsar_groups),
        cmocka_unit_test(groups_by_hand),  cmocka_unit_test(blocks_in_any_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
