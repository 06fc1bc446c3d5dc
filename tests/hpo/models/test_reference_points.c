/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: counts and points that can be told by hand, and niches worked out from the definition. */
#include "hpo/models/reference_points.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void counts(void **state) {
    (void)state;
    static const struct {
        size_t k, most, count;
    } cases[] = {
        {1, 50, 1},    {2, 50, 50}, {2, 2, 2}, {3, 50, 45}, /* 8 divisions: C(10, 2) */
        {3, 91, 91},                                        /* 12 divisions, as in the paper */
        {5, 210, 210},                                      /* 6 */
        {3, 2, 3},                                          /* the corners at least */
        {8, 156, 156},                                      /* 3 and 2 divisions: 120 + 36, as in the paper */
        {8, 50, 44},                                        /* 2 and 1: 36 + 8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count;
        double *points = hpo_reference_points(cases[i].k, cases[i].most, &count);
        assert_int_equal(count, cases[i].count);
        for (size_t p = 0; p < count; p++) {
            double sum = 0;
            for (size_t g = 0; g < cases[i].k; g++) {
                assert_true(points[p * cases[i].k + g] >= 0);
                sum += points[p * cases[i].k + g];
            }
            CHECK_NEAR(sum, 1, 1e-12);
            for (size_t q = 0; q < p; q++) { /* no two are the same */
                double apart = 0;
                for (size_t g = 0; g < cases[i].k; g++)
                    apart = fmax(apart, fabs(points[p * cases[i].k + g] - points[q * cases[i].k + g]));
                assert_true(apart > 1e-3);
            }
        }
        free(points);
    }
}

static void points_of_three_goals(void **state) {
    (void)state;
    static const double expected[6][3] = {{0, 0, 1}, {0, .5, .5}, {0, 1, 0}, {.5, 0, .5}, {.5, .5, 0}, {1, 0, 0}};
    size_t count;
    double *points = hpo_reference_points(3, 6, &count);
    assert_int_equal(count, 9 - 3); /* 2 divisions, no room for an inner layer */
    for (size_t p = 0; p < 6; p++)
        for (size_t g = 0; g < 3; g++) CHECK_NEAR(points[p * 3 + g], expected[p][g], 1e-15);
    free(points);
    points = hpo_reference_points(3, 9, &count); /* and the three of an inner one */
    assert_int_equal(count, 9);
    for (size_t p = 6; p < 9; p++)
        for (size_t g = 0; g < 3; g++) CHECK_NEAR(points[p * 3 + g], p - 6 == 2 - g ? 4. / 6 : 1. / 6, 1e-15);
    free(points);
}

/* A front on a plane meets the axes at 1, whatever the units, and whatever lies behind it. */
static void the_plane_of_a_front_is_the_unit(void **state) {
    (void)state;
    static const double scale[3] = {1e-3, 7, 1e6}, shift[3] = {-5, 0, 1e6};
    static const double unit[5][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {.2, .3, .5}, {.9, .9, .9}};
    double losses[15], out[15];
    for (size_t i = 0; i < 15; i++) losses[i] = shift[i % 3] + scale[i % 3] * unit[i / 3][i % 3];
    hpo_normalize_goals(losses, 5, 3, out);
    for (size_t i = 0; i < 15; i++) CHECK_NEAR(out[i], unit[i / 3][i % 3], 1e-9);
    /* the plane through the extremes of a front that does not reach the corners: f1 + f2 = 1.1 and its ends */
    const double two[4][2] = {{0, 1}, {.1, 1}, {1, .1}, {5, 0}};
    hpo_normalize_goals(*two, 4, 2, out);
    assert_true(out[0] == 0 && out[7] == 0);
    const double same[3][2] = {{2, 2}, {2, 2}, {2, 2}}, line[3][2] = {{0, 5}, {1, 5}, {2, 5}};
    hpo_normalize_goals(*same, 3, 2, out);
    for (size_t i = 0; i < 6; i++) assert_true(out[i] == 0);
    hpo_normalize_goals(*line, 3, 2, out);
    for (size_t i = 0; i < 3; i++) assert_true(out[2 * i] == (double)i / 2 && out[2 * i + 1] == 0);
    const double huge[2][2] = {{-1.7e308, 1.7e308}, {1.7e308, -1.7e308}};
    hpo_normalize_goals(*huge, 2, 2, out);
    assert_true(out[0] == 0 && out[1] == 1 && out[2] == 1 && out[3] == 0);
}

static size_t nearest_line(const double *row, size_t k, const double *points, size_t count) {
    size_t best = 0;
    double least = (double)INFINITY;
    for (size_t p = 0; p < count; p++) {
        double along = 0, length = 0, distance = 0;
        for (size_t g = 0; g < k; g++) {
            along += row[g] * points[p * k + g];
            length += points[p * k + g] * points[p * k + g];
        }
        for (size_t g = 0; g < k; g++) distance += pow(row[g] - along / length * points[p * k + g], 2);
        if (distance < least - 1e-12) {
            least = distance;
            best = p;
        }
    }
    return best;
}

/* No niche gets another member while one with fewer still has somebody to choose, and nobody is chosen twice. */
static void niches_are_filled_evenly(void **state) {
    (void)state;
    enum { N = 60, K = 3, KEPT = 13, WANTED = 21 };
    size_t n_points;
    double *points = hpo_reference_points(K, 15, &n_points);
    for (uint32_t round = 0; round < 50; round++) {
        base_rng rng = base_rng_stream(7, BASE_RNG_TEST, round, 0);
        double losses[N * K], normal[N * K];
        size_t chosen[WANTED], members[15] = {0}, left[15] = {0};
        bool taken[N] = {false};
        for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) losses[i] = base_rng_uniform(&rng);
        hpo_niches_choose(losses, N, K, KEPT, WANTED, points, n_points, &rng, chosen);
        hpo_normalize_goals(losses, N, K, normal);
        for (size_t i = 0; i < N; i++) {
            const size_t niche = nearest_line(normal + i * K, K, points, n_points);
            if (i < KEPT)
                members[niche]++;
            else
                left[niche]++;
        }
        for (size_t i = 0; i < WANTED; i++) {
            assert_true(chosen[i] >= KEPT && chosen[i] < N && !taken[chosen[i]]);
            taken[chosen[i]] = true;
            const size_t niche = nearest_line(normal + chosen[i] * K, K, points, n_points);
            for (size_t p = 0; p < n_points; p++) assert_true(left[p] == 0 || members[p] >= members[niche]);
            members[niche]++;
            left[niche]--;
        }
    }
    free(points);
}

/* The first member of a niche is the one nearest to its line. */
static void the_first_of_a_niche_is_the_nearest(void **state) {
    (void)state;
    const double losses[4][2] = {{0, 1}, {1, 0}, {.6, .52}, {.5, .49}}, points[3][2] = {{0, 1}, {.5, .5}, {1, 0}};
    for (uint32_t round = 0; round < 20; round++) {
        base_rng rng = base_rng_stream(8, BASE_RNG_TEST, round, 0);
        size_t chosen[1];
        hpo_niches_choose(*losses, 4, 2, 2, 1, *points, 3, &rng, chosen);
        assert_int_equal(chosen[0], 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(points_of_three_goals),
        cmocka_unit_test(the_plane_of_a_front_is_the_unit),
        cmocka_unit_test(niches_are_filled_evenly),
        cmocka_unit_test(the_first_of_a_niche_is_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
