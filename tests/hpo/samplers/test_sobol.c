/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: points of the unscrambled sequence as SciPy 1.17 gives them, and what defines a digital net. */
#include "tests/support/toy_space.h"

#include "hpo/samplers/sobol_table.h"

static void open_cube(toy_sampling *s, uint64_t seed, size_t dims, bool scramble) {
    char *yaml = toy_cube(dims, scramble ? "{}" : "{scramble: false}");
    toy_sampling_open(s, "sobol", seed, yaml);
    free(yaml);
}

static void the_first_eight_points(void **state) {
    (void)state;
    static const double points[8][6] = {
        {0, 0, 0, 0, 0, 0},
        {.5, .5, .5, .5, .5, .5},
        {.75, .25, .25, .25, .75, .75},
        {.25, .75, .75, .75, .25, .25},
        {.375, .375, .625, .875, .375, .125},
        {.875, .875, .125, .375, .875, .625},
        {.625, .125, .875, .625, .625, .875},
        {.125, .625, .375, .125, .125, .375},
    };
    toy_sampling s;
    open_cube(&s, 1, 6, false);
    for (uint64_t i = 0; i < 8; i++) CHECK_ARRAY_NEAR(toy_sampling_point(&s, i, 0), points[i], 6, 0);
    toy_sampling_close(&s);
}

/* Single coordinates, and the sum over 2,000 points of (dimension + 1) times the coordinate, which sees every number of
 * the table (all are exact in doubles). */
static void all_dimensions(void **state) {
    (void)state;
    static const struct {
        size_t dim;
        double at_100, at_777, at_1999;
    } values[] = {
        {6, 0.0234375, 0.1904296875, 0.35205078125},
        {99, 0.8828125, 0.5107421875, 0.59521484375},
        {499, 0.4921875, 0.3212890625, 0.61474609375},
        {1110, 0.4609375, 0.5849609375, 0.77490234375},
    };
    static toy_sampling s;
    open_cube(&s, 1, HPO_SOBOL_DIMS, false);
    double sum = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        const double *x = toy_sampling_point(&s, i, 0);
        for (size_t d = 0; d < HPO_SOBOL_DIMS; d++) sum += x[d] * (double)(d + 1);
        for (size_t v = 0; v < CHECK_COUNT(values); v++) {
            if (i == 100) CHECK_NEAR(x[values[v].dim], values[v].at_100, 0);
            if (i == 777) CHECK_NEAR(x[values[v].dim], values[v].at_777, 0);
            if (i == 1999) CHECK_NEAR(x[values[v].dim], values[v].at_1999, 0);
        }
    }
    CHECK_NEAR(sum, 617402239.6875, 0);
    toy_sampling_close(&s);
}

/* Scrambled or not, the first 2^m points put one into each interval of length 2^-m of every dimension, and dimensions 0
 * and 1 together form a (0, m, 2)-net: one in each of the 2^m boxes of any shape. */
static void a_scrambled_sequence_is_a_net(void **state) {
    (void)state;
    enum { M = 8, N = 1 << M, DIMS = 50 };
    static toy_sampling s;
    static double points[N][DIMS];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        open_cube(&s, seed, DIMS, true);
        for (uint64_t i = 0; i < N; i++) memcpy(points[i], toy_sampling_point(&s, i, 0), sizeof points[i]);
        toy_sampling_close(&s);
        for (size_t d = 0; d < DIMS; d++) {
            bool hit[N] = {false};
            for (size_t i = 0; i < N; i++) hit[(size_t)(points[i][d] * N)] = true;
            for (size_t i = 0; i < N; i++) assert_true(hit[i]);
        }
        for (unsigned bits = 0; bits <= M; bits++) {
            const size_t rows = (size_t)1 << bits, columns = N / rows;
            bool hit[N] = {false};
            for (size_t i = 0; i < N; i++) {
                hit[(size_t)(points[i][0] * (double)rows) * columns + (size_t)(points[i][1] * (double)columns)] = true;
            }
            for (size_t i = 0; i < N; i++) assert_true(hit[i]);
        }
    }
}

/* The mean of one scrambled coordinate over seeds is 1/2 with the deviation of a uniform number. */
static void scrambling_is_uniform_over_seeds(void **state) {
    (void)state;
    enum { SEEDS = 2000 };
    static toy_sampling s;
    double sum[3] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        open_cube(&s, seed, 3, true);
        const double *x = toy_sampling_point(&s, 5, 0);
        for (size_t d = 0; d < 3; d++) sum[d] += x[d];
        toy_sampling_close(&s);
    }
    for (size_t d = 0; d < 3; d++) CHECK_NEAR(sum[d] / SEEDS, 0.5, 4 * sqrt(1.0 / 12 / SEEDS));
}

/* A shift alone would leave the difference of two points (exclusive or of their bits) the same for every seed. */
static void scrambling_is_more_than_a_shift(void **state) {
    (void)state;
    static toy_sampling s;
    uint32_t difference[8];
    for (uint64_t seed = 0; seed < 8; seed++) {
        open_cube(&s, seed, 1, true);
        const uint32_t a = (uint32_t)(toy_sampling_point(&s, 3, 0)[0] * 0x1p32);
        difference[seed] = a ^ (uint32_t)(toy_sampling_point(&s, 12, 0)[0] * 0x1p32);
        for (uint64_t other = 0; other < seed; other++) assert_true(difference[other] != difference[seed]);
        toy_sampling_close(&s);
    }
}

/* With x0 > 0.5 forbidden the sequence is the plain one without these points. */
static void forbidden_points_are_skipped_in_order(void **state) {
    (void)state;
    static toy_sampling plain, half;
    toy_sampling_open(&plain, "sobol", 3, "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}}");
    toy_sampling_open(&half, "sobol", 3,
                      "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, forbid: [{x: {gt: 0.5}}]}");
    uint64_t index = 0;
    for (uint64_t trial = 0; trial < 200; trial++, index++) {
        const double *expected = toy_sampling_point(&plain, index, 0);
        while (expected[0] > 0.5) expected = toy_sampling_point(&plain, ++index, 0);
        CHECK_ARRAY_NEAR(toy_sampling_point(&half, trial, 0), expected, 2, 0);
    }
    /* In any order: trial 150 again, then 7. */
    double late[2], early[2];
    memcpy(late, toy_sampling_point(&half, 150, 0), sizeof late);
    memcpy(early, toy_sampling_point(&half, 7, 0), sizeof early);
    CHECK_ARRAY_NEAR(toy_sampling_point(&half, 150, 0), late, 2, 0);
    assert_true(early[0] != late[0]);
    toy_sampling_close(&plain);
    toy_sampling_close(&half);
}

static void further_attempts_do_not_disturb_the_sequence(void **state) {
    (void)state;
    static toy_sampling a, b;
    open_cube(&a, 5, 2, true);
    open_cube(&b, 5, 2, true);
    for (uint64_t trial = 0; trial < 50; trial++) {
        double first[2], again[2];
        memcpy(first, toy_sampling_point(&a, trial, 0), sizeof first);
        memcpy(again, toy_sampling_point(&a, trial, 1), sizeof again);
        assert_true(first[0] != again[0]);
        CHECK_ARRAY_NEAR(toy_sampling_point(&b, trial, 0), first, 2, 0);
    }
    toy_sampling_close(&a);
    toy_sampling_close(&b);
}

/* 2^10 points: a choice of probability p gets p 2^10 of them, up to the two at the ends of its interval. */
static void probabilities_are_respected(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "sobol", 1, "{parameters: {a: {values: [u, v, w], probabilities: [0.1, 0.65, 0.25]}}}");
    size_t counts[3] = {0};
    for (uint64_t i = 0; i < 1024; i++) counts[(size_t)*toy_sampling_point(&s, i, 0)]++;
    const double expected[] = {102.4, 665.6, 256};
    for (size_t k = 0; k < 3; k++) CHECK_NEAR((double)counts[k], expected[k], 2);
    toy_sampling_close(&s);
}

static void too_many_dimensions_are_refused(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    char *yaml = toy_cube(HPO_SOBOL_DIMS + 1, "{}");
    CHECK_STATUS(toy_sampling_try(&s, "sobol", 1, yaml, &err), BASE_INVALID);
    CHECK_CONTAINS(err.text, "1112");
    CHECK_CONTAINS(err.text, "use random");
    free(yaml);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_eight_points),
        cmocka_unit_test(all_dimensions),
        cmocka_unit_test(a_scrambled_sequence_is_a_net),
        cmocka_unit_test(scrambling_is_uniform_over_seeds),
        cmocka_unit_test(scrambling_is_more_than_a_shift),
        cmocka_unit_test(forbidden_points_are_skipped_in_order),
        cmocka_unit_test(further_attempts_do_not_disturb_the_sequence),
        cmocka_unit_test(probabilities_are_respected),
        cmocka_unit_test(too_many_dimensions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
