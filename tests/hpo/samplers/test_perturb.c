/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The explore step: what may become of a parent's values, and how often. */
#include "tests/hpo/samplers/told.h"

/* From trial 0, in s->config; its origin. */
static const char *explore(toy_sampling *s, uint32_t attempt) {
    base_err err;
    const char *origin;
    const hpo_request request = {.trial = 1, .attempt = attempt, .fidelity = 1, .inherits = true, .parent = 0};
    CHECK_OK(hpo_sampler_ask(s->sampler, hpo_history_view(s->history), &request, s->config, &origin, &err));
    CHECK_OK(hpo_space_check(s->space, s->config, &err));
    return origin;
}

/* Without resampling numbers move by the factor, within their range and on their grid; choices to a neighbour. */
static void values_are_perturbed(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "perturb", 1,
                      "{parameters: {x: {min: 1e-4, max: 1.0, log: true}, top: {min: 0.0, max: 1.0}, below: {min: "
                      "-4.0, max: 4.0}, n: {min: 1, max: 9}, many: {min: 1, max: 1000}, o: {values: [a, b, c], "
                      "ordered: true}, end: {values: [a, b, c], ordered: true}, c: {values: [p, q, r]}}, options: "
                      "{resample: 0, factor: 0.2}}");
    const double parent[] = {0.01, 0.9, -2, 2, 100, 1, 2, 1};
    const double low[] = {0.01 * 0.8, 0.9 * 0.8, -2 * 1.2, 1, 80, 0, 1, 1};
    const double high[] = {0.01 * 1.2, 1, -2 * 0.8, 3, 120, 2, 2, 1};
    size_t ups[8] = {0};
    told_start(&s, parent, "random");
    for (uint32_t attempt = 0; attempt < 400; attempt++) {
        assert_string_equal(explore(&s, attempt), "perturbed");
        for (size_t i = 0; i < 8; i++) {
            const bool up = fabs(s.config[i] - high[i]) <= 1e-15;
            assert_true(up || fabs(s.config[i] - low[i]) <= 1e-15);
            ups[i] += up;
        }
    }
    for (size_t i = 0; i < 7; i++) assert_in_range(ups[i], 150, 250); /* of 400, by the toss of a coin: 5 deviations */
    toy_sampling_close(&s);
}

/* A quarter of the values is drawn from the whole range, unordered choices among them. */
static void some_are_drawn_anew(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "perturb", 2,
                      "{parameters: {x: {min: 0.0, max: 1.0}, c: {values: [p, q, r, s]}}, options: {resample: 0.25}}");
    const double parent[] = {0.5, 0};
    size_t drawn = 0, below = 0, changed = 0;
    told_start(&s, parent, "random");
    for (uint32_t attempt = 0; attempt < 2000; attempt++) {
        explore(&s, attempt);
        const bool anew = s.config[0] != 0.5 * 1.2 && s.config[0] != 0.5 * 0.8;
        drawn += anew;
        below += anew && s.config[0] < 0.25;
        changed += s.config[1] != 0;
    }
    assert_in_range(drawn, 400, 600);   /* of 2000 times 0.25 */
    assert_in_range(below, 80, 170);    /* a quarter of them */
    assert_in_range(changed, 290, 460); /* 2000 times 0.25 times three quarters */
    toy_sampling_close(&s);
}

static void what_becomes_active_is_drawn(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "perturb", 3,
                      "{parameters: {c: {values: [p, q]}, y: {min: 0.0, max: 1.0, when: {c: q}}}, options: {resample: "
                      "1}}");
    const double parent[] = {0, NAN};
    size_t active = 0;
    told_start(&s, parent, "random");
    for (uint32_t attempt = 0; attempt < 100; attempt++) {
        explore(&s, attempt);
        assert_true(isnan(s.config[1]) == (s.config[0] == 0));
        active += s.config[0] == 1;
    }
    assert_in_range(active, 25, 75);
    toy_sampling_close(&s);
}

/* Around it all is forbidden: the parent's own values are left. */
static void a_lone_point_stays(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "perturb", 4,
                      "{parameters: {a: {min: 1, max: 9}}, forbid: [{a: {ne: 5}}], options: {resample: 0}}");
    const double parent[] = {5};
    told_start(&s, parent, "random");
    assert_string_equal(explore(&s, 0), "parent");
    CHECK_NEAR(s.config[0], 5, 0);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_perturbed),
        cmocka_unit_test(some_are_drawn_anew),
        cmocka_unit_test(what_becomes_active_is_drawn),
        cmocka_unit_test(a_lone_point_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
