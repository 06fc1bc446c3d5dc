/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps that shift the edge weights, on problems with a closed form, where a shift moves the alphas of a pass. */
#include "tests/support/check.h"

#include "nas/step.h"
#include "tests/nas/closed_bilevel.h"

static void take_with(const char *name, const char *options, closed_bilevel *j) {
    const nas_bilevel problem = closed_bilevel_problem(j);
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    nas_step *step = NULL;
    nas_step_losses losses;
    base_err err;
    CHECK_OK(base_yaml_parse(arena, "test", options, strlen(options), &map, &err));
    CHECK_OK(nas_step_create(nas_step_find(name), map, &problem, &step, &err));
    CHECK_OK(nas_step_take(step, &losses, &err));
    nas_step_destroy(step);
    base_arena_destroy(arena);
}

static void take(const char *name, closed_bilevel *j) {
    take_with(name, "{}", j);
}

/* The radius of 50 epochs: .03 in epoch 0, .165 in 25, .2946 in 49. Shifts fill the box and do not leave it. */
static void random_shifts_fill_a_box_that_grows(void **state) {
    (void)state;
    static const struct { double epoch, radius; } cases[] = {{0, .03}, {25, .165}, {49, .2946}};
    for (size_t c = 0; c < CHECK_COUNT(cases); c++) {
        closed_bilevel j = closed_vector();
        double least = 0, most = 0, sum = 0;
        j.progress = cases[c].epoch / 50;
        for (j.step = 0; j.step < 400; j.step++) {
            take("perturb-random", &j);
            for (size_t i = 0; i < 3; i++) {
                const double x = j.point[NAS_SHIFT].at[i];
                least = fmin(least, x);
                most = fmax(most, x);
                sum += x;
            }
        }
        assert_true(most <= cases[c].radius && least >= -cases[c].radius);
        CHECK_NEAR(most, cases[c].radius, .01 * cases[c].radius);
        CHECK_NEAR(least, -cases[c].radius, .01 * cases[c].radius);
        CHECK_NEAR(sum / 1200, 0, 4.5 * cases[c].radius / sqrt(3.0 * 1200));
    }
}

static void the_radius_is_an_option(void **state) {
    (void)state;
    closed_bilevel j = closed_vector();
    const nas_bilevel problem = closed_bilevel_problem(&j);
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    nas_step *step;
    base_err err;
    j.progress = .5;
    take_with("perturb-random", "{radius_start: 0, radius_end: 0}", &j);
    for (size_t i = 0; i < 3; i++) CHECK_SAME_DOUBLE(j.point[NAS_SHIFT].at[i], 0);
    CHECK_OK(base_yaml_parse(arena, "test", "{radius_end: 2}", 15, &map, &err));
    CHECK_FAILS(nas_step_create(nas_step_find("perturb-random"), map, &problem, &step, &err), BASE_INVALID,
                "radius_end");
    base_arena_destroy(arena);
}

/* dL_train/dw = A w - B (a + s) at the alphas that have just moved, by the validation loss without a shift. */
static void check_move(const closed_bilevel *before, const closed_bilevel *after) {
    closed_bilevel first = *before;
    take("first", &first);
    const double *w = before->point[NAS_WEIGHTS].at, *s = after->point[NAS_SHIFT].at;
    CHECK_ARRAY_NEAR(after->point[NAS_ALPHAS].at, first.point[NAS_ALPHAS].at, 3, 0);
    double a[3];
    for (size_t i = 0; i < 3; i++) a[i] = after->point[NAS_ALPHAS].at[i] + s[i];
    const double gradient[] = {2 * w[0] + .5 * w[1] - (a[0] - a[1]), .5 * w[0] + w[1] - (2 * a[1] + a[2])};
    for (size_t i = 0; i < 2; i++) CHECK_NEAR(after->point[NAS_WEIGHTS].at[i], w[i] - .1 * gradient[i], 1e-15);
}

static void the_weights_learn_at_the_shift_and_the_alphas_do_not(void **state) {
    (void)state;
    static const char *const steps[] = {"perturb-random", "perturb-adversarial"};
    for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
        closed_bilevel before = closed_vector();
        before.progress = .5;
        closed_bilevel after = before;
        take(steps[i], &after);
        assert_true(after.point[NAS_SHIFT].at[0] != 0);
        check_move(&before, &after);
    }
}

/* L_train is linear in the shift, -w'B s: the worst corner of the box is r sign(-B'w), and 7 steps of 2 r / 7 reach it
 * from anywhere. B'w = (w_0, 2 w_1 - w_0, w_1). */
static void the_attack_reaches_the_worst_corner(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        closed_bilevel j = closed_vector();
        j.step = i;
        j.progress = .5;
        j.point[NAS_WEIGHTS].at[1] = -.5; /* B'w = (.5, -1.5, -.5) */
        take("perturb-adversarial", &j);
        static const double corner[] = {-.165, .165, .165};
        CHECK_ARRAY_NEAR(j.point[NAS_SHIFT].at, corner, 3, 1e-15);
        assert_int_equal(j.passes, 9);
        assert_int_equal(j.forwards, 2);
        assert_int_equal(j.moving, 1);
    }
}

/* L_train = -50 s^2 around its largest value: wherever the attack ends, the loss is smaller, so that there is none. */
static void a_shift_that_does_not_hurt_is_dropped(void **state) {
    (void)state;
    closed_bilevel j = {.size = {1, 1}, .A = {1}, .C = {-100}, .D = {1}, .rate = {.1, .1}, .progress = .5};
    for (j.step = 0; j.step < 10; j.step++) {
        take("perturb-adversarial", &j);
        CHECK_SAME_DOUBLE(j.point[NAS_SHIFT].at[0], 0);
        CHECK_SAME_DOUBLE(j.point[NAS_WEIGHTS].at[0], 0);
    }
}

/* Nothing is kept from step to step but what a checkpoint has. */
static void a_step_is_a_function_of_its_number(void **state) {
    (void)state;
    static const char *const steps[] = {"perturb-random", "perturb-adversarial"};
    for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
        closed_bilevel one = closed_vector(), other = closed_vector(), else_where = closed_vector();
        one.progress = other.progress = else_where.progress = .3;
        one.step = other.step = 7;
        else_where.step = 8;
        for (size_t k = 0; k < 3; k++) other.point[NAS_SHIFT].at[k] = 99; /* from before */
        take(steps[i], &one);
        take(steps[i], &other);
        assert_memory_equal(&one.point, &other.point, sizeof one.point);
        take(steps[i], &else_where);
        if (i == 0) assert_true(one.point[NAS_SHIFT].at[0] != else_where.point[NAS_SHIFT].at[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shifts_fill_a_box_that_grows),
        cmocka_unit_test(the_radius_is_an_option),
        cmocka_unit_test(the_weights_learn_at_the_shift_and_the_alphas_do_not),
        cmocka_unit_test(the_attack_reaches_the_worst_corner),
        cmocka_unit_test(a_shift_that_does_not_hurt_is_dropped),
        cmocka_unit_test(a_step_is_a_function_of_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
