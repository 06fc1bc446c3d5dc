/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Average ranks over problems and seeds against sums by hand. */
#include "benchmarks/stats/ranks.h"

#include "tests/support/check.h"

/* Three methods, one point. Ranks: problem 0: 1 2 3, 2 1 3; problem 1: 1.5 1.5 3, 3 1 2. */
static const double blocks[] = {1, 2, 3, 5, 4, 6, 0, 0, 1, 9, 7, 8};
static const uint32_t problem[] = {0, 0, 1, 1};

static void by_hand(void **state) {
    (void)state;
    bench_rank rank[3];
    bench_mean_ranks(blocks, 4, 3, 1, problem, rank);
    /* Means of the problems: 1.5 1.5 3 and 2.25 1.25 2.5. */
    const double means[] = {1.875, 1.375, 2.75}, errors[] = {.375, .125, .25};
    /* Variances over seeds: 0.5 0.5 0 and 1.125 0.125 0.5, each over 2 seeds; two problems. */
    const double seeds[] = {sqrt((.5 + 1.125) / 2) / 2, sqrt((.5 + .125) / 2) / 2, sqrt(.5 / 2) / 2};
    for (size_t m = 0; m < 3; m++) {
        CHECK_NEAR(rank[m].mean, means[m], 0);
        CHECK_NEAR(rank[m].problem_error, errors[m], 1e-15);
        CHECK_NEAR(rank[m].seed_error, seeds[m], 1e-15);
        assert_int_equal(rank[m].blocks, 4);
        assert_int_equal(rank[m].problems, 2);
    }
}

/* A point before anything is known, one where some know something, one where a method is missing. */
static void over_costs(void **state) {
    (void)state;
    const double values[] = {INFINITY, 3, 1, INFINITY, 2, NAN, INFINITY, INFINITY, 0};
    bench_rank rank[9];
    const uint32_t one = 0;
    bench_mean_ranks(values, 1, 3, 3, &one, rank);
    for (size_t m = 0; m < 3; m++) {
        CHECK_NEAR(rank[m * 3].mean, 2, 0);
        assert_true(isnan(rank[m * 3].problem_error) && isnan(rank[m * 3].seed_error));
        assert_true(isnan(rank[m * 3 + 2].mean));
        assert_int_equal(rank[m * 3 + 2].blocks, 0);
    }
    CHECK_NEAR(rank[1].mean, 2, 0);
    CHECK_NEAR(rank[4].mean, 1, 0);
    CHECK_NEAR(rank[7].mean, 3, 0);
}

/* The first block of problem 1 is incomplete: its other block alone speaks for it. */
static void missing(void **state) {
    (void)state;
    double values[12];
    memcpy(values, blocks, sizeof values);
    values[7] = NAN;
    bench_rank rank[3];
    bench_mean_ranks(values, 4, 3, 1, problem, rank);
    const double means[] = {(1.5 + 3) / 2, (1.5 + 1) / 2, (3 + 2) / 2.0};
    for (size_t m = 0; m < 3; m++) {
        CHECK_NEAR(rank[m].mean, means[m], 0);
        assert_int_equal(rank[m].blocks, 3);
        assert_int_equal(rank[m].problems, 2);
        assert_true(isnan(rank[m].seed_error)); /* one seed tells no variance */
    }
}

static void order_of_blocks(void **state) {
    (void)state;
    enum { BLOCKS = 9, METHODS = 4 };
    double values[BLOCKS * METHODS], turned[BLOCKS * METHODS];
    uint32_t of[BLOCKS], turned_of[BLOCKS];
    for (size_t b = 0; b < BLOCKS; b++) {
        const size_t other = (b * 4) % BLOCKS;
        of[b] = turned_of[other] = (uint32_t)b / 2; /* the last problem has one block */
        for (size_t m = 0; m < METHODS; m++)
            values[b * METHODS + m] = turned[other * METHODS + m] = floor(4 * sin((double)(5 * b + 3 * m)));
    }
    bench_rank a[METHODS], b[METHODS];
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    bench_mean_ranks(values, BLOCKS, METHODS, 1, of, a);
    bench_mean_ranks(turned, BLOCKS, METHODS, 1, turned_of, b);
    assert_memory_equal(a, b, sizeof a);
    double sum = 0;
    for (size_t m = 0; m < METHODS; m++) sum += a[m].mean;
    CHECK_NEAR(sum, METHODS * (METHODS + 1) / 2.0, 1e-14);
}

static void tied_and_empty(void **state) {
    (void)state;
    const double same[] = {4, 4, 4, 4};
    const uint32_t one[] = {0, 0};
    bench_rank rank[2];
    bench_mean_ranks(same, 2, 2, 1, one, rank);
    CHECK_NEAR(rank[0].mean, 1.5, 0);
    CHECK_NEAR(rank[1].seed_error, 0, 0);
    bench_mean_ranks(same, 2, 1, 1, one, rank); /* one method */
    CHECK_NEAR(rank[0].mean, 1, 0);
    bench_mean_ranks(same, 0, 2, 1, one, rank);
    assert_true(isnan(rank[0].mean) && isnan(rank[1].mean));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(over_costs),
                                       cmocka_unit_test(missing), cmocka_unit_test(order_of_blocks),
                                       cmocka_unit_test(tied_and_empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
