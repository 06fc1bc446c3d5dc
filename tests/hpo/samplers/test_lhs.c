/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: what defines a Latin hypercube: each slice of each dimension holds one point of a block. */
#include "tests/support/toy_space.h"

enum { POINTS = 20, DIMS = 7 };

static void open_cube(toy_sampling *s, uint64_t seed) {
    char *yaml = toy_cube(DIMS, "{points: 20}");
    toy_sampling_open(s, "lhs", seed, yaml);
    free(yaml);
}

static void every_block_is_a_latin_hypercube(void **state) {
    (void)state;
    static toy_sampling s;
    open_cube(&s, 3);
    size_t order[3][DIMS][POINTS];
    for (uint64_t block = 0; block < 3; block++) {
        bool hit[DIMS][POINTS] = {{false}};
        for (uint64_t i = 0; i < POINTS; i++) {
            const double *x = toy_sampling_point(&s, block * POINTS + i, 0);
            for (size_t d = 0; d < DIMS; d++) {
                order[block][d][i] = (size_t)(x[d] * POINTS);
                hit[d][order[block][d][i]] = true;
            }
        }
        for (size_t d = 0; d < DIMS; d++)
            for (size_t i = 0; i < POINTS; i++) assert_true(hit[d][i]);
    }
    /* no permutation twice */
    for (size_t a = 0; a < 3 * DIMS; a++) {
        for (size_t b = 0; b < a; b++) {
            assert_memory_not_equal(order[a / DIMS][a % DIMS], order[b / DIMS][b % DIMS], sizeof order[0][0]);
        }
    }
    toy_sampling_close(&s);
}

/* Within its slice a point is uniform. */
static void points_are_anywhere_in_their_slices(void **state) {
    (void)state;
    enum { N = 4000 };
    static toy_sampling s;
    open_cube(&s, 4);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        const double x = toy_sampling_point(&s, i, 0)[2] * POINTS, v = x - floor(x);
        sum += v;
        squares += v * v;
    }
    CHECK_NEAR(sum / N, 0.5, 4 * sqrt(1.0 / 12 / N));
    CHECK_NEAR(squares / N, 1.0 / 3, 4 * sqrt(4.0 / 45 / N));
    toy_sampling_close(&s);
}

static void any_order_and_further_attempts(void **state) {
    (void)state;
    static toy_sampling a, b;
    open_cube(&a, 5);
    open_cube(&b, 5);
    double late[DIMS], early[DIMS];
    memcpy(late, toy_sampling_point(&a, 70, 0), sizeof late);
    memcpy(early, toy_sampling_point(&a, 3, 0), sizeof early);
    CHECK_ARRAY_NEAR(toy_sampling_point(&b, 3, 0), early, DIMS, 0);
    assert_memory_not_equal(toy_sampling_point(&b, 70, 1), late, sizeof late);
    CHECK_ARRAY_NEAR(toy_sampling_point(&b, 70, 0), late, DIMS, 0);
    toy_sampling_close(&a);
    toy_sampling_close(&b);
}

/* Of 100 points a choice of probability 0.13 gets 13, exactly, for its edges fall on edges of slices. */
static void probabilities_are_respected(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "lhs", 1,
                      "{parameters: {a: {values: [u, v, w], probabilities: [0.13, 0.62, 0.25]}, n: {min: 1, max: 5}}, "
                      "options: {points: 100}}");
    size_t counts[3] = {0}, numbers[6] = {0};
    for (uint64_t i = 0; i < 100; i++) {
        const double *x = toy_sampling_point(&s, i, 0);
        counts[(size_t)x[0]]++;
        numbers[(size_t)x[1]]++;
    }
    const double expected[] = {13, 62, 25};
    for (size_t k = 0; k < 3; k++) CHECK_NEAR((double)counts[k], expected[k], 1); /* 0.13 + 0.62 is rounded */
    for (size_t k = 1; k <= 5; k++) assert_int_equal(numbers[k], 20);
    toy_sampling_close(&s);
}

/* A clause that crosses cells moves points within theirs; one that swallows cells sends them elsewhere. */
static void forbidden_cells_are_left(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "lhs", 2,
                      "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, forbid: [{x: {gt: 0.95}}], "
                      "options: {points: 10}}");
    bool hit[10] = {false};
    for (uint64_t i = 0; i < 10; i++) hit[(size_t)(toy_sampling_point(&s, i, 0)[0] * 10)] = true;
    for (size_t i = 0; i < 10; i++) assert_true(hit[i]);
    toy_sampling_close(&s);
    toy_sampling_open(&s, "lhs", 2,
                      "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, forbid: [{x: {gt: 0.35}}], "
                      "options: {points: 10}}");
    for (uint64_t i = 0; i < 40; i++) assert_true(toy_sampling_point(&s, i, 0)[0] <= 0.35);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_a_latin_hypercube), cmocka_unit_test(points_are_anywhere_in_their_slices),
        cmocka_unit_test(any_order_and_further_attempts),   cmocka_unit_test(probabilities_are_respected),
        cmocka_unit_test(forbidden_cells_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
