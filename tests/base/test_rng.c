/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/rng.h"

/* kat_vectors of Random123 (D. E. Shaw Research), philox4x32 with 10 rounds. */
static void philox_gives_the_published_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        uint32_t out[4];
        base_philox4x32(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].expected, sizeof out);
    }
}

static void a_stream_is_the_blocks_of_its_counter(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(42, BASE_RNG_SAMPLER, 17, 3);
    for (uint32_t draw = 0; draw < 5; draw++) {
        uint32_t counter[4] = {draw, 0, 17, 3}, block[4];
        base_philox4x32(counter, rng.key, block);
        for (size_t i = 0; i < 4; i++) assert_int_equal(base_rng_u32(&rng), block[i]);
    }
    rng.counter[0] = UINT32_MAX; /* the carry into the high word of the draw */
    (void)base_rng_u64(&rng), (void)base_rng_u64(&rng);
    assert_int_equal(rng.counter[0], 0);
    assert_int_equal(rng.counter[1], 1);
    assert_int_equal(rng.counter[2], 17);
}

/* A stream is part of every result ever produced: these numbers, computed by a second program,
 * may never change. */
static void streams_are_frozen(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 2, 3);
    assert_true(base_rng_u64(&rng) == UINT64_C(0x3aaf7ffb1c2f4e7d));
    assert_true(base_rng_below(&rng, 1000) == 91);
    CHECK_SAME_DOUBLE(base_rng_uniform(&rng), 0x1.f3ec79ae56df8p-3);
    CHECK_CLOSE(base_rng_normal(&rng), 0.4292747042754667, 1e-14);
    assert_true(base_rng_derive(1, BASE_RNG_SEED, 0) == UINT64_C(0x61eebc928f5296b4));
}

static void equal_numbers_make_equal_streams(void **state) {
    (void)state;
    base_rng a = base_rng_stream(7, BASE_RNG_INIT, 1, 2), b = base_rng_stream(7, BASE_RNG_INIT, 1, 2);
    for (size_t i = 0; i < 100; i++) assert_int_equal(base_rng_u32(&a), base_rng_u32(&b));
    base_rng copy = a;
    for (size_t i = 0; i < 100; i++) CHECK_SAME_DOUBLE(base_rng_normal(&a), base_rng_normal(&copy));
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void assert_distinct(uint64_t *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    for (size_t i = 1; i < count; i++) assert_true(values[i - 1] != values[i]);
}

/* 64-bit values: a collision among a few thousand independent ones has a chance below 1e-12. */
static void every_part_of_the_name_matters(void **state) {
    (void)state;
    static uint64_t first[8 * 12 * 5 * 5], keys[8 * 12], derived[8 * 12 * 5];
    size_t streams = 0, pairs = 0, seeds = 0;
    const uint64_t seed_of[] = {0, 1, 2, 3, 0x9E3779B97F4A7C15u, 1ull << 32, 1ull << 63, UINT64_MAX};
    for (size_t s = 0; s < 8; s++) {
        for (unsigned domain = BASE_RNG_SAMPLER; domain <= BASE_RNG_TEST; domain++) {
            base_rng_domain d = (base_rng_domain)domain;
            base_rng any = base_rng_stream(seed_of[s], d, 0, 0);
            keys[pairs++] = any.key[0] | (uint64_t)any.key[1] << 32;
            for (uint32_t who = 0; who < 5; who++) {
                derived[seeds++] = base_rng_derive(seed_of[s], d, who);
                for (uint32_t what = 0; what < 5; what++) {
                    base_rng rng = base_rng_stream(seed_of[s], d, who, what);
                    first[streams++] = base_rng_u64(&rng);
                }
            }
        }
    }
    assert_distinct(keys, pairs);
    assert_distinct(derived, seeds);
    assert_distinct(first, streams);
}

/* Moments of n draws lie within five standard errors of the exact ones. */
static void uniforms_and_normals_have_their_moments(void **state) {
    (void)state;
    const size_t n = 1000000;
    const double root = sqrt((double)n);
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    double sum[3] = {0}, square[3] = {0}, fourth = 0, product = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        double u = base_rng_uniform(&rng), f = base_rng_uniformf(&rng), z = base_rng_normal(&rng);
        if (!(u >= 0 && u < 1 && f >= 0 && f < 1 && isfinite(z))) fail_msg("draw %zu: %g %g %g", i, u, f, z);
        sum[0] += u, sum[1] += f, sum[2] += z;
        square[0] += u * u, square[1] += f * f, square[2] += z * z;
        fourth += z * z * z * z;
        product += z * last;
        last = z;
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK_NEAR(sum[i] / (double)n, 0.5, 5 * sqrt(1.0 / 12) / root);
        CHECK_NEAR(square[i] / (double)n, 1.0 / 3, 5 * sqrt(4.0 / 45) / root);
    }
    CHECK_NEAR(sum[2] / (double)n, 0, 5 / root);
    CHECK_NEAR(square[2] / (double)n, 1, 5 * sqrt(2.0) / root);
    CHECK_NEAR(fourth / (double)n, 3, 5 * sqrt(96.0) / root);
    CHECK_NEAR(product / (double)n, 0, 5 / root);
}

/* The empirical distribution of normals against the error function: Kolmogorov-Smirnov at the 1e-6 level on a grid. */
static void normals_are_normal(void **state) {
    (void)state;
    enum { N = 200000 };
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    size_t below[61] = {0};
    for (size_t i = 0; i < N; i++) {
        double z = base_rng_normal(&rng);
        for (size_t k = 0; k < 61; k++) below[k] += z < -3 + 0.1 * (double)k;
    }
    for (size_t k = 0; k < 61; k++) {
        double exact = 0.5 * erfc(-(-3 + 0.1 * (double)k) / sqrt(2));
        CHECK_NEAR((double)below[k] / N, exact, 2.7 / sqrt(N));
    }
}

static void below_is_even(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    enum { CELLS = 13, N = 130000 };
    double seen[CELLS] = {0}, chi_square = 0;
    for (size_t i = 0; i < N; i++) {
        uint64_t value = base_rng_below(&rng, CELLS);
        assert_true(value < CELLS);
        seen[value] += 1;
    }
    for (size_t i = 0; i < CELLS; i++) chi_square += pow(seen[i] - N / CELLS, 2) / (N / CELLS);
    assert_true(chi_square < 39.1 && chi_square > 1.0); /* 12 degrees of freedom: upper 1e-4 and lower 1e-5 points */
    for (size_t i = 0; i < 100; i++) assert_int_equal(base_rng_below(&rng, 1), 0);
    /* n = 3 * 2^62: the plain high product would favour 0, 3, 6, ... two to one. A third each, or it is biased. */
    size_t multiples = 0;
    for (size_t i = 0; i < 30000; i++) multiples += base_rng_below(&rng, 3ull << 62) % 3 == 0;
    CHECK_NEAR((double)multiples / 30000, 1.0 / 3, 5 * sqrt(2.0 / 9 / 30000));
}

static void a_shuffle_is_an_even_permutation_lottery(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 0, 0);
    enum { COUNT = 1000, ROUNDS = 24000 };
    uint32_t items[COUNT];
    bool present[COUNT] = {false};
    for (uint32_t i = 0; i < COUNT; i++) items[i] = i;
    base_rng_shuffle_u32(&rng, items, COUNT);
    size_t fixed = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_false(present[items[i]]);
        present[items[i]] = true;
        fixed += items[i] == i;
    }
    assert_true(fixed < 10);                /* Poisson(1) */
    double seen[256] = {0}, chi_square = 0; /* all 24 orders of four items */
    for (size_t round = 0; round < ROUNDS; round++) {
        uint32_t four[] = {0, 1, 2, 3};
        base_rng_shuffle_u32(&rng, four, 4);
        seen[four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6] += 1;
    }
    size_t orders = 0;
    for (size_t i = 0; i < 256; i++) {
        if (seen[i] == 0) continue;
        orders++;
        chi_square += pow(seen[i] - ROUNDS / 24.0, 2) / (ROUNDS / 24.0);
    }
    assert_int_equal(orders, 24);
    assert_true(chi_square < 55.5); /* 23 degrees of freedom, 1.6e-4 */
    base_rng_shuffle_u32(&rng, NULL, 0);
}

/* Test vectors of the FNV reference (Fowler, Noll, Vo), 64-bit FNV-1a. */
static void hash_gives_the_published_answers(void **state) {
    (void)state;
    assert_true(base_hash64("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(base_hash64("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(base_hash64("foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void fresh_seeds_differ_and_fit_a_double(void **state) {
    (void)state;
    uint64_t seeds[64];
    for (size_t i = 0; i < 64; i++) {
        seeds[i] = base_rng_fresh_seed();
        assert_true(seeds[i] < 1ull << 53);
    }
    assert_distinct(seeds, 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_stream_is_the_blocks_of_its_counter),
        cmocka_unit_test(streams_are_frozen),
        cmocka_unit_test(equal_numbers_make_equal_streams),
        cmocka_unit_test(every_part_of_the_name_matters),
        cmocka_unit_test(uniforms_and_normals_have_their_moments),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(a_shuffle_is_an_even_permutation_lottery),
        cmocka_unit_test(hash_gives_the_published_answers),
        cmocka_unit_test(fresh_seeds_differ_and_fit_a_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
