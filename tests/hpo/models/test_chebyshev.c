/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scalarised loss against values by hand, against its minimum on a known front, and its weights against the moments
 * of the uniform law on the simplex. */
#include "hpo/models/chebyshev.h"

#include <math.h>

#include "tests/support/check.h"

static void by_hand(void **state) {
    (void)state;
    CHECK_NEAR(hpo_chebyshev((double[]){0.2, 0.6}, (double[]){0.3, 0.7}, 2), 0.444, 1e-15);
    CHECK_NEAR(hpo_chebyshev((double[]){1, 0, 0.5}, (double[]){0.5, 0.5, 0}, 3), 0.525, 1e-15);
    CHECK_NEAR(hpo_chebyshev((double[]){4}, (double[]){1}, 1), 4.2, 1e-15);
}

/* Goals of very different sizes, a failure, and a goal that does not vary. */
static void goals_are_scaled(void **state) {
    (void)state;
    const double a[] = {-1, 1000, 7}, b[] = {3, 5000, 7}, c[] = {1, 2000, 7}, failed[] = {INFINITY, INFINITY, INFINITY};
    const double *const goals[] = {a, b, failed, c};
    const double loss[] = {-1, 3, INFINITY, 1}, weights[] = {0.25, 0.5, 0.25};
    const hpo_dataset data = {.n = 4, .loss = loss, .goals = goals, .level = 3};
    hpo_scalarised scalarised = {0};
    const hpo_dataset one = hpo_scalarise(&scalarised, &data, weights, 3);
    assert_int_equal(one.n, 4);
    assert_true(one.level == 3);
    CHECK_NEAR(one.loss[0], 0, 0);
    CHECK_NEAR(one.loss[1], 0.5 + 0.05 * 0.75, 1e-15);
    assert_true(isinf(one.loss[2]));
    CHECK_NEAR(one.loss[3], 0.125 + 0.05 * 0.25, 1e-15); /* 0.5 and 0.25 of the ranges */
    hpo_scalarised_fini(&scalarised);
}

static void the_largest_numbers_stay_finite(void **state) {
    (void)state;
    const double most = 1.7976931348623157e308, a[] = {-most, 0}, b[] = {most, 1};
    const double *const goals[] = {a, b};
    const double loss[] = {-most, most};
    const hpo_dataset data = {.n = 2, .loss = loss, .goals = goals};
    hpo_scalarised scalarised = {0};
    const hpo_dataset one = hpo_scalarise(&scalarised, &data, (double[]){0.5, 0.5}, 2);
    CHECK_NEAR(one.loss[0], 0, 0);
    CHECK_NEAR(one.loss[1], 0.55, 1e-15);
    hpo_scalarised_fini(&scalarised);
}

/* On f2 = 1 - f1^2, which is not convex, so that a weighted sum has its minima at the ends alone: without the
 * augmentation w f1 = (1 - w)(1 - f1^2); with it the minimum is still there, since the maximum has a kink. */
static void the_middle_of_a_concave_front_is_reached(void **state) {
    (void)state;
    enum { STEPS = 100000 };
    for (int part = 3; part <= 7; part++) {
        const double w = 0.1 * part, ratio = w / (1 - w), kink = (sqrt(ratio * ratio + 4) - ratio) / 2;
        double best = INFINITY, where = 0;
        for (int i = 0; i <= STEPS; i++) {
            const double f1 = (double)i / STEPS;
            const double value = hpo_chebyshev((double[]){f1, 1 - f1 * f1}, (double[]){w, 1 - w}, 2);
            if (value >= best) continue;
            best = value;
            where = f1;
        }
        CHECK_NEAR(where, kink, 2.0 / STEPS);
    }
}

/* Uniform on the simplex: each weight is Beta(1, k - 1), mean 1/k, second moment 2/(k (k + 1)). */
static void weights_are_uniform_on_the_simplex(void **state) {
    (void)state;
    enum { DRAWS = 40000, MOST = 5 };
    for (size_t k = 2; k <= MOST; k++) {
        base_rng rng = base_rng_stream(k, BASE_RNG_TEST, 0, 0);
        double mean[MOST] = {0}, square[MOST] = {0};
        for (int i = 0; i < DRAWS; i++) {
            double weights[MOST], sum = 0;
            hpo_simplex_weights(&rng, k, weights);
            for (size_t g = 0; g < k; g++) {
                assert_true(weights[g] >= 0);
                sum += weights[g];
                mean[g] += weights[g] / DRAWS;
                square[g] += weights[g] * weights[g] / DRAWS;
            }
            CHECK_NEAR(sum, 1, 1e-12);
        }
        for (size_t g = 0; g < k; g++) {
            CHECK_NEAR(mean[g], 1 / (double)k, 0.01);
            CHECK_NEAR(square[g], 2 / (double)(k * (k + 1)), 0.01);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(goals_are_scaled),
        cmocka_unit_test(the_largest_numbers_stay_finite),
        cmocka_unit_test(the_middle_of_a_concave_front_is_reached),
        cmocka_unit_test(weights_are_uniform_on_the_simplex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
