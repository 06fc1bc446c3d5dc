/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes of what a front leaves: their volumes and the hypervolume add up to the whole, and a point that nothing
 * dominates lies in one of them. */
#include <math.h>
#include <string.h>

#include "hpo/models/boxes.h"
#include "hpo/models/hypervolume.h"
#include "hpo/trials/order.h"
#include "tests/support/check.h"

enum { MOST = 40, GOALS = 4 };

/* With as many levels as rows or so there are equal values, equal rows and dominated ones. */
static void draw_rows(base_rng *rng, double *rows, size_t count, uint64_t levels) {
    for (size_t i = 0; i < count; i++)
        rows[i] = levels > 0 ? (double)base_rng_below(rng, levels) / (double)levels : base_rng_uniform(rng);
}

/* Of the boxes within the unit cube. */
static double volume_of(const hpo_boxes *boxes, size_t k) {
    double sum = 0;
    for (size_t b = 0; b < boxes->n; b++) {
        double volume = 1;
        for (size_t g = 0; g < k; g++) volume *= boxes->high[b * k + g] - fmax(boxes->low[b * k + g], 0);
        sum += volume;
    }
    return sum;
}

static size_t boxes_around(const hpo_boxes *boxes, size_t k, const double *point) {
    size_t found = 0;
    for (size_t b = 0; b < boxes->n; b++) {
        bool inside = true;
        for (size_t g = 0; g < k; g++)
            inside = inside && point[g] >= boxes->low[b * k + g] && point[g] < boxes->high[b * k + g];
        found += inside;
    }
    return found;
}

static bool is_left(const double *rows, size_t n, size_t k, const double *point) {
    for (size_t i = 0; i < n; i++) {
        bool covers = true;
        for (size_t g = 0; g < k; g++) covers = covers && rows[i * k + g] <= point[g];
        if (covers) return false;
    }
    return true;
}

static void they_tile_what_is_left(void **state) {
    (void)state;
    const double one[GOALS] = {1, 1, 1, 1};
    hpo_boxes boxes = {0};
    for (uint32_t round = 0; round < 300; round++) {
        base_rng rng = base_rng_stream(4, BASE_RNG_TEST, round, 0);
        const size_t k = 2 + round % (GOALS - 1), n = base_rng_below(&rng, MOST + 1);
        double rows[MOST * GOALS];
        draw_rows(&rng, rows, n * k, round % 2 ? 6 : 0);
        hpo_boxes_decompose(&boxes, rows, n, k, one);
        CHECK_NEAR(volume_of(&boxes, k) + hpo_hypervolume(rows, n, k, one), 1, 1e-12);
        if (k < 4) assert_true(boxes.n <= (k == 2 ? n : 2 * n) + 1);
        for (int i = 0; i < 50; i++) {
            double point[GOALS];
            draw_rows(&rng, point, k, 0);
            assert_int_equal(boxes_around(&boxes, k, point), is_left(rows, n, k, point));
        }
    }
    hpo_boxes_fini(&boxes);
}

static void edges_of_two_goals(void **state) {
    (void)state;
    const double rows[] = {1, 4, 3, 2, 3, 2, 5, 5, 9, 1}, reference[] = {6, 6};
    hpo_boxes boxes = {0};
    hpo_boxes_decompose(&boxes, rows, 0, 2, reference);
    assert_int_equal(boxes.n, 1);
    assert_true(isinf(boxes.low[0]) && isinf(boxes.low[1]) && boxes.high[0] == 6 && boxes.high[1] == 6);
    hpo_boxes_decompose(&boxes, rows, 5, 2, reference);
    assert_int_equal(boxes.n, 3);
    double gain[2] = {0, 0};
    for (size_t b = 0; b < 3; b++)
        for (size_t g = 0; g < 2; g++) gain[g] += boxes.high[2 * b + g];
    CHECK_NEAR(gain[0], 1 + 3 + 6, 0);
    CHECK_NEAR(gain[1], 6 + 4 + 2, 0);
    const double at_reference[] = {6, 0, 0, 6};
    hpo_boxes_decompose(&boxes, at_reference, 2, 2, reference);
    assert_int_equal(boxes.n, 1);
    hpo_boxes_fini(&boxes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_tile_what_is_left),
        cmocka_unit_test(edges_of_two_goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
