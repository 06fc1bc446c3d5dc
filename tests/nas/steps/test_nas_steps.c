/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps against problems whose gradients and limits can be written down. A central difference is exact on a quadratic,
 * so the tolerances are those of rounding. */
#include "tests/support/check.h"

#include "nas/step.h"
#include "tests/nas/closed_bilevel.h"

/* Takes `count` steps of the kind. */
static void take(const char *name, closed_bilevel *j, size_t count) {
    const nas_bilevel problem = closed_bilevel_problem(j);
    nas_step *step = NULL;
    nas_step_losses losses;
    base_err err;
    CHECK_OK(nas_step_create(nas_step_find(name), NULL, &problem, &step, &err));
    for (size_t i = 0; i < count; i++) CHECK_OK(nas_step_take(step, &losses, &err));
    nas_step_destroy(step);
}

static void first_order_follows_the_validation_gradient_at_the_present_weights(void **state) {
    (void)state;
    closed_bilevel j = closed_scalar();
    take("first", &j, 1);
    CHECK_NEAR(j.gradient[NAS_ALPHAS].at[0], -.04, 1e-15);
    CHECK_NEAR(j.point[NAS_ALPHAS].at[0], -.396, 1e-15);
    CHECK_NEAR(j.point[NAS_WEIGHTS].at[0], .3 - .1 * (.3 + .396), 1e-15); /* at the new alpha */
    assert_int_equal(j.passes, 2);
}

static void second_order_of_one_weight_and_one_alpha(void **state) {
    (void)state;
    closed_bilevel j = closed_scalar();
    take("second", &j, 1);
    CHECK_NEAR(j.gradient[NAS_ALPHAS].at[0], -.117, 1e-14);
    CHECK_NEAR(j.point[NAS_ALPHAS].at[0], -.4 + .1 * .117, 1e-14);
    CHECK_NEAR(j.point[NAS_WEIGHTS].at[0], .3 - .1 * (.3 - (-.4 + .1 * .117)), 1e-14);
    assert_int_equal(j.passes, 5);
}

static void the_unrolled_step_has_momentum_and_decay(void **state) {
    (void)state;
    closed_bilevel j = closed_scalar();
    j.mu = .9;
    j.decay = .01;
    j.momentum.at[0] = .2;
    take("second", &j, 1);
    CHECK_NEAR(j.gradient[NAS_ALPHAS].at[0], -.11883, 1e-14);
}

static void second_order_of_two_weights_and_three_alphas(void **state) {
    (void)state;
    static const double expected[] = {-.03825, .29025, .151};
    closed_bilevel j = closed_vector();
    take("second", &j, 1);
    CHECK_ARRAY_NEAR(j.gradient[NAS_ALPHAS].at, expected, 3, 1e-14);
}

/* The radius changes nothing on a quadratic, and reaches the step. */
static void the_radius_is_an_option(void **state) {
    (void)state;
    closed_bilevel j = closed_vector();
    const nas_bilevel problem = closed_bilevel_problem(&j);
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    nas_step *step;
    nas_step_losses losses;
    base_err err;
    CHECK_OK(base_yaml_parse(arena, "test", "{radius: 1}", 11, &map, &err));
    CHECK_OK(nas_step_create(nas_step_find("second"), map, &problem, &step, &err));
    CHECK_OK(nas_step_take(step, &losses, &err));
    CHECK_NEAR(j.gradient[NAS_ALPHAS].at[1], .29025, 1e-14);
    nas_step_destroy(step);
    CHECK_OK(base_yaml_parse(arena, "test", "{radius: 0}", 11, &map, &err));
    CHECK_FAILS(nas_step_create(nas_step_find("second"), map, &problem, &step, &err), BASE_INVALID, "radius");
    base_arena_destroy(arena);
}

/* The weights before and after the alphas' part are the same bits: with a rate of 0 nothing moves at all. */
static void the_weights_come_back_bit_for_bit(void **state) {
    (void)state;
    closed_bilevel j = closed_vector();
    j.rate[NAS_WEIGHTS] = 0;
    j.point[NAS_WEIGHTS].at[0] = 1.0 / 3.0;
    const nas_vector before = j.point[NAS_WEIGHTS];
    take("second", &j, 7);
    for (size_t i = 0; i < 2; i++) CHECK_SAME_DOUBLE(j.point[NAS_WEIGHTS].at[i], before.at[i]);
}

static void a_vanishing_direction_leaves_the_direct_gradient(void **state) {
    (void)state;
    closed_bilevel j = closed_scalar();
    j.rate[NAS_WEIGHTS] = 0;
    j.point[NAS_WEIGHTS].at[0] = 1; /* dL_valid/dw = 0 */
    take("second", &j, 1);
    CHECK_NEAR(j.gradient[NAS_ALPHAS].at[0], -.04, 1e-15);
}

/* Where alternating descent ends, by the stationary point of its two equations. The bilevel optimum is L_valid =
 * .0519814: second order comes near, first order cannot see that the alphas matter. */
static void limits_of_alternating_descent(void **state) {
    (void)state;
    static const double nothing[] = {0, 0, 0}, near[] = {.37931034, -.35632184, .01149425};
    closed_bilevel first = closed_vector(), second = closed_vector();
    take("first", &first, 20000);
    CHECK_ARRAY_NEAR(first.point[NAS_ALPHAS].at, nothing, 3, 1e-8);
    CHECK_NEAR(closed_valid(&first), 1, 1e-8);
    take("second", &second, 20000);
    CHECK_ARRAY_NEAR(second.point[NAS_ALPHAS].at, near, 3, 1e-8);
    CHECK_NEAR(closed_valid(&second), .0855529132, 1e-9);
}

/* Figure 2 of the paper: the fixed point is a = w = 2 / (1 + 2 xi), the optimum (1, 1). */
static void the_papers_example(void **state) {
    (void)state;
    closed_bilevel first = closed_paper(.1, .05), second = closed_paper(.1, .05), optimal = closed_paper(.5, .05);
    take("first", &first, 20000);
    take("second", &second, 20000);
    take("second", &optimal, 20000);
    CHECK_NEAR(first.point[NAS_ALPHAS].at[0], 2, 1e-7);
    CHECK_NEAR(second.point[NAS_ALPHAS].at[0], 2 / 1.2, 1e-7);
    CHECK_NEAR(optimal.point[NAS_ALPHAS].at[0], 1, 1e-7);
    CHECK_NEAR(optimal.point[NAS_WEIGHTS].at[0], 1, 1e-7);
}

static void a_loss_that_is_not_finite_is_an_error_and_keeps_the_weights(void **state) {
    (void)state;
    closed_bilevel j = closed_scalar();
    j.c = (double)INFINITY;
    const nas_bilevel problem = closed_bilevel_problem(&j);
    nas_step *step = NULL;
    nas_step_losses losses;
    base_err err;
    CHECK_OK(nas_step_create(nas_step_find("second"), NULL, &problem, &step, &err));
    CHECK_STATUS(nas_step_take(step, &losses, &err), BASE_NUMERIC);
    CHECK_SAME_DOUBLE(j.point[NAS_WEIGHTS].at[0], .3);
    CHECK_SAME_DOUBLE(j.point[NAS_ALPHAS].at[0], -.4);
    nas_step_destroy(step);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_order_follows_the_validation_gradient_at_the_present_weights),
        cmocka_unit_test(second_order_of_one_weight_and_one_alpha),
        cmocka_unit_test(the_unrolled_step_has_momentum_and_decay),
        cmocka_unit_test(second_order_of_two_weights_and_three_alphas),
        cmocka_unit_test(the_radius_is_an_option),
        cmocka_unit_test(the_weights_come_back_bit_for_bit),
        cmocka_unit_test(a_vanishing_direction_leaves_the_direct_gradient),
        cmocka_unit_test(limits_of_alternating_descent),
        cmocka_unit_test(the_papers_example),
        cmocka_unit_test(a_loss_that_is_not_finite_is_an_error_and_keeps_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
