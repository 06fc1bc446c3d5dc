/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: nested loops that enumerate the same combinations. */
#include "tests/support/toy_space.h"

enum { MOST = 5000 };

/* Every point of the grid as text, in the order of trials; the number of them. */
static size_t walk(toy_sampling *s, char *points[MOST]) {
    base_err err;
    size_t count = 0;
    for (;; count++) {
        const base_status status = toy_sampling_ask(s, count, 0, &err);
        if (status == BASE_END) break;
        assert_int_equal(status, BASE_OK);
        assert_true(count < MOST);
        CHECK_OK(hpo_space_check(s->space, s->config, &err));
        base_buf text = {0};
        hpo_space_print(s->space, s->config, &text);
        points[count] = text.data;
    }
    CHECK_CONTAINS(err.text, "of the grid were tried");
    return count;
}

static void forget(char *points[], size_t count) {
    for (size_t i = 0; i < count; i++) free(points[i]);
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_walk(const char *yaml, const char *const *expected, size_t n) {
    static toy_sampling s;
    static char *points[MOST];
    toy_sampling_open(&s, "grid", 1, yaml);
    const size_t count = walk(&s, points);
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++) assert_string_equal(points[i], expected[i]);
    forget(points, count);
    toy_sampling_close(&s);
}

static void the_last_parameter_varies_fastest(void **state) {
    (void)state;
    static const char *const expected[] = {"{a: x, b: 1}", "{a: x, b: 2}", "{a: x, b: 3}",
                                           "{a: y, b: 1}", "{a: y, b: 2}", "{a: y, b: 3}"};
    check_walk("{parameters: {a: {values: [x, y]}, b: {min: 1, max: 3}}, options: {shuffle: false}}", expected, 6);
}

/* Ends included, even on the parameter's scale; long integer ranges are thinned out, constants do not count. */
static void numbers_are_spaced_on_their_scale(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "grid", 1,
                      "{parameters: {c: {value: 7}, r: {min: 1e-2, max: 1.0, log: true}}, options: {shuffle: false, "
                      "points: 3}}");
    const double log[] = {0.01, 0.1, 1};
    for (uint64_t t = 0; t < 3; t++) CHECK_CLOSE(toy_sampling_point(&s, t, 0)[1], log[t], 1e-15);
    toy_sampling_close(&s);
    static const char *const line[] = {"{r: 0.0}", "{r: 0.25}", "{r: 0.5}", "{r: 0.75}", "{r: 1.0}"};
    check_walk("{parameters: {r: {min: 0.0, max: 1.0}}, options: {shuffle: false}}", line, 5);
    static const char *const integers[] = {"{n: 0}", "{n: 50}", "{n: 100}"};
    check_walk("{parameters: {n: {min: 0, max: 100}}, options: {shuffle: false, points: 3}}", integers, 3);
    static const char *const steps[] = {"{d: 0.0}", "{d: 0.1}", "{d: 0.2}", "{d: 0.3}"};
    check_walk("{parameters: {d: {min: 0.0, max: 0.3, step: 0.1}}, options: {shuffle: false}}", steps, 4);
    static const char *const small[] = {"{n: 1}", "{n: 2}", "{n: 3}"};
    check_walk("{parameters: {n: {min: 1, max: 3, log: true}}, options: {shuffle: false}}", small, 3);
    static const char *const middle[] = {"{r: 0.5}"};
    check_walk("{parameters: {r: {min: 0.0, max: 1.0}}, options: {points: 1}}", middle, 1);
}

/* sgd with 3 momenta, adam alone; nesterov only under a momentum above 0.5. */
static void inactive_parameters_make_no_duplicates(void **state) {
    (void)state;
    static const char *const expected[] = {
        "{opt: sgd, momentum: 0.0}",
        "{opt: sgd, momentum: 0.5}",
        "{opt: sgd, momentum: 1.0, nesterov: false}",
        "{opt: sgd, momentum: 1.0, nesterov: true}",
        "{opt: adam}",
    };
    check_walk("{parameters: {opt: {values: [sgd, adam]}, momentum: {min: 0.0, max: 1.0, when: {opt: sgd}}, nesterov: "
               "{values: [false, true], when: {momentum: {gt: 0.5}}}}, options: {shuffle: false, points: 3}}",
               expected, 5);
}

static void forbidden_points_are_left_out(void **state) {
    (void)state;
    static const char *const expected[] = {"{a: 1, b: 1}", "{a: 2, b: 1}", "{a: 2, b: 2}"};
    check_walk("{parameters: {a: {min: 1, max: 2}, b: {min: 1, max: 2}}, forbid: [{a: {lt: {parameter: b}}}], options: "
               "{shuffle: false}}",
               expected, 3);
}

static const char big[] =
    "{parameters: {a: {min: 1, max: 7}, b: {min: 0.0, max: 1.0}, c: {values: [p, q, r]}, d: {min: "
    "1, max: 4, when: {c: q}}}, forbid: [{a: 3, c: p}], options: {points: 11, shuffle: %s}}";

/* The shuffled walk has the same points, in another order; another seed, another order. */
static void shuffling_permutes(void **state) {
    (void)state;
    static toy_sampling s;
    static char *sorted[3][MOST];
    size_t count[3];
    for (size_t i = 0; i < 3; i++) {
        char yaml[512];
        snprintf(yaml, sizeof yaml, big, i == 0 ? "false" : "true");
        toy_sampling_open(&s, "grid", i, yaml);
        count[i] = walk(&s, sorted[i]);
        toy_sampling_close(&s);
    }
    assert_int_equal(count[0], 7 * 11 * 6 - 11);
    size_t moved = 0, differ = 0;
    for (size_t i = 0; i < count[0]; i++) {
        moved += strcmp(sorted[0][i], sorted[1][i]) != 0;
        differ += strcmp(sorted[1][i], sorted[2][i]) != 0;
    }
    assert_true(moved > count[0] * 9 / 10 && differ > count[0] * 9 / 10);
    for (size_t i = 0; i < 3; i++) qsort(sorted[i], count[i], sizeof(char *), compare);
    for (size_t i = 0; i < count[0]; i++) {
        assert_string_equal(sorted[0][i], sorted[1][i]);
        assert_string_equal(sorted[0][i], sorted[2][i]);
        assert_true(i == 0 || strcmp(sorted[0][i - 1], sorted[0][i]) != 0);
    }
    for (size_t i = 0; i < 3; i++) forget(sorted[i], count[i]);
}

/* A trial's point does not depend on what was asked before. */
static void trials_may_be_asked_in_any_order(void **state) {
    (void)state;
    static toy_sampling s;
    char yaml[512];
    snprintf(yaml, sizeof yaml, big, "true");
    toy_sampling_open(&s, "grid", 4, yaml);
    double forward[100][4];
    for (uint64_t t = 0; t < 100; t++) memcpy(forward[t], toy_sampling_point(&s, t, 0), sizeof forward[t]);
    for (uint64_t t = 100; t-- > 0;) {
        assert_true(hpo_space_equal(s.space, forward[t], toy_sampling_point(&s, t, 0)));
    }
    toy_sampling_close(&s);
}

/* 5^26 points: the first thousand are there at once and distinct. */
static void a_huge_grid_needs_no_memory(void **state) {
    (void)state;
    static toy_sampling s;
    char *yaml = toy_cube(26, "{}");
    toy_sampling_open(&s, "grid", 1, yaml);
    static double points[1000][26];
    for (uint64_t t = 0; t < 1000; t++) memcpy(points[t], toy_sampling_point(&s, t, 0), sizeof points[t]);
    double mean = 0;
    for (size_t t = 0; t < 1000; t++) {
        for (size_t d = 0; d < 26; d++) mean += points[t][d] / 26000;
        for (size_t u = 0; u < t; u++) assert_true(memcmp(points[t], points[u], sizeof points[t]) != 0);
    }
    CHECK_NEAR(mean, 0.5, 4 * sqrt(0.125 / 26000));
    toy_sampling_close(&s);
    free(yaml);
    yaml = toy_cube(1000, "{}");
    base_err err;
    CHECK_STATUS(toy_sampling_try(&s, "grid", 1, yaml, &err), BASE_INVALID);
    CHECK_CONTAINS(err.text, "fewer `points`");
    toy_sampling_close(&s);
    free(yaml);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_parameter_varies_fastest),
        cmocka_unit_test(numbers_are_spaced_on_their_scale),
        cmocka_unit_test(inactive_parameters_make_no_duplicates),
        cmocka_unit_test(forbidden_points_are_left_out),
        cmocka_unit_test(shuffling_permutes),
        cmocka_unit_test(trials_may_be_asked_in_any_order),
        cmocka_unit_test(a_huge_grid_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
