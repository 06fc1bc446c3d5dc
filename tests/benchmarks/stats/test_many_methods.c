/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pairs of methods differ, and the groups of those that do not: Demsar's worked example, scipy 1.17, and cases
 * whose answer is plain. */
#include "benchmarks/stats/many_methods.h"

#include "tests/support/check.h"

/* J. Demsar, JMLR 7, 2006, table 6: ranks of C4.5, with m, with cf, with both tuned, on 14 data sets. */
static const double classifiers[14][4] = {{4, 3, 2, 1}, {1, 2, 3, 4},         {4, 1, 2, 3},     {4, 1, 3, 2},
                                          {4, 2, 3, 1}, {1, 2.5, 4, 2.5},     {3, 2, 4, 1},     {2.5, 2.5, 4, 1},
                                          {4, 3, 2, 1}, {2.5, 2.5, 2.5, 2.5}, {4, 2.5, 1, 2.5}, {3, 2, 4, 1},
                                          {4, 1, 2, 3}, {3, 1, 4, 2}};

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

/* Demsar's section 3.2.4 and figure 1 a: the critical differences at 0.05 and 0.10; at 0.10 the groups of tuned
 * methods, and of those without a tuned m. */
static void demsar_groups(void **state) {
    (void)state;
    CHECK_NEAR(bench_nemenyi_difference(.05, 14, 4), 1.25, .005);
    CHECK_NEAR(bench_nemenyi_difference(.10, 14, 4), 1.12, .005);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(holm),           cmocka_unit_test(five_methods),
                                       cmocka_unit_test(nemenyi_agrees), cmocka_unit_test(demsar_groups),
                                       cmocka_unit_test(groups_by_hand), cmocka_unit_test(blocks_in_any_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
