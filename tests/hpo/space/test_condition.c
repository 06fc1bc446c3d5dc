/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Truth tables of conditions: a child's activity against the C operator on the values written out. */
#include "tests/hpo/space/space_text.h"

/* Whether parameter `child`, the last of the space, is active at the point. */
static bool is_active(const hpo_space *space, const double *point) {
    double config[8];
    size_t count = hpo_space_count(space);
    memcpy(config, point, (count - 1) * sizeof *config);
    config[count - 1] = 0.5;
    hpo_space_activate(space, config);
    return !isnan(config[count - 1]);
}

static space_text read_child(const char *parents, const char *when) {
    char text[1024];
    snprintf(text, sizeof text, "parameters: {%s, child: {min: 0.0, max: 1.0, when: %s}}", parents, when);
    return space_text_read(text);
}

enum { OPS = 6 };
static const char *const OP_WORDS[OPS] = {"eq", "ne", "lt", "le", "gt", "ge"};

static bool by_operator(int op, double a, double b) {
    const bool results[OPS] = {a == b, a != b, a<b, a <= b, a> b, a >= b};
    return results[op];
}

/* Every operator, every tested value, every value of the parent. */
static void check_against_operators(const char *parent, const double *numbers, const char *const *words, size_t count) {
    for (int op = 0; op < OPS; op++) {
        for (size_t t = 0; t < count; t++) {
            size_t held = 0;
            for (size_t k = 0; k < count; k++) held += by_operator(op, numbers[k], numbers[t]);
            if (held == 0) continue; /* refused when read: a test that can never hold */
            char when[128];
            snprintf(when, sizeof when, "{p: {%s: %s}}", OP_WORDS[op], words[t]);
            space_text in = read_child(parent, when);
            bool number = hpo_space_param(in.space, 0)->kind == HPO_INT;
            for (size_t k = 0; k < count; k++) {
                double value = number ? numbers[k] : (double)k;
                assert_int_equal(is_active(in.space, &value), by_operator(op, numbers[k], numbers[t]));
            }
            space_text_fini(&in);
        }
    }
}

static void test_operators(void **state) {
    (void)state;
    check_against_operators("p: {min: 1, max: 4}", (double[]){1, 2, 3, 4}, (const char *[]){"1", "2", "3", "4"}, 4);
    /* unordered, but numbers: by value, not by position */
    check_against_operators("p: {values: [64, 16, 32]}", (double[]){64, 16, 32}, (const char *[]){"64", "16", "32"}, 3);
    check_against_operators("p: {values: [0.1, 1, 10.0], ordered: true}", (double[]){0.1, 1, 10},
                            (const char *[]){"0.1", "1.0", "10"}, 3);
    /* texts in declared order, which is not the alphabet's */
    check_against_operators("p: {values: [small, medium, large], ordered: true}", (double[]){0, 1, 2},
                            (const char *[]){"small", "medium", "large"}, 3);
}

static void test_lists(void **state) {
    (void)state;
    static const struct {
        const char *when;
        bool truth[4];
    } cases[] = {
        {"{p: b}", {false, true, false, false}},
        {"{p: [a, c]}", {true, false, true, false}},
        {"{p: {in: [a, c]}}", {true, false, true, false}},
        {"{p: {not_in: [a, c]}}", {false, true, false, true}},
        {"{p: {ne: d}}", {true, true, true, false}},
        {"{p: {ne: a, not_in: [b]}}", {false, false, true, true}},
        {"{any: [{p: a}, {p: d}]}", {true, false, false, true}},
        {"{all: [{p: {ne: a}}, {p: {ne: b}}]}", {false, false, true, true}},
        {"{any: [{p: a}, {all: [{p: [b, c]}, {p: {ne: b}}]}]}", {true, false, true, false}},
        {"{p: {ne: a}, any: [{p: b}, {p: d}]}", {false, true, false, true}},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        space_text in = read_child("p: {values: [a, b, c, d]}", cases[i].when);
        for (size_t k = 0; k < 4; k++) assert_int_equal(is_active(in.space, &(double){(double)k}), cases[i].truth[k]);
        space_text_fini(&in);
    }
}

static void test_between_numbers(void **state) {
    (void)state;
    for (int op = 0; op < OPS; op++) {
        char when[64];
        snprintf(when, sizeof when, "{p: {%s: {parameter: q}}}", OP_WORDS[op]);
        space_text in = read_child("p: {min: 1, max: 5}, q: {min: 1, max: 5}", when);
        space_text mixed = read_child("p: {values: [4, 1, 2]}, q: {min: 0.0, max: 5.0}", when);
        const double choices[] = {4, 1, 2};
        for (int a = 1; a <= 5; a++)
            for (int b = 1; b <= 5; b++) assert_int_equal(is_active(in.space, (double[]){a, b}), by_operator(op, a, b));
        for (size_t a = 0; a < 3; a++)
            for (int b = 0; b <= 5; b++)
                assert_int_equal(is_active(mixed.space, (double[]){(double)a, b}), by_operator(op, choices[a], b));
        space_text_fini(&mixed);
        space_text_fini(&in);
    }
}

static void test_between_texts(void **state) {
    (void)state;
    static const char *const first[] = {"x", "y", "z"}, *const second[] = {"z", "w", "x"};
    space_text same = read_child("p: {values: [x, y, z]}, q: {values: [z, w, x]}", "{p: {eq: {parameter: q}}}");
    space_text differ = read_child("p: {values: [x, y, z]}, q: {values: [z, w, x]}", "{p: {ne: {parameter: q}}}");
    for (size_t a = 0; a < 3; a++) {
        for (size_t b = 0; b < 3; b++) {
            bool equal = strcmp(first[a], second[b]) == 0;
            assert_int_equal(is_active(same.space, (double[]){(double)a, (double)b}), equal);
            assert_int_equal(is_active(differ.space, (double[]){(double)a, (double)b}), !equal);
        }
    }
    space_text_fini(&differ);
    space_text_fini(&same);
    space_text ranks =
        read_child("p: {values: [low, mid, top], ordered: true}, q: {values: [low, mid, top], ordered: true}",
                   "{p: {gt: {parameter: q}}}");
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++)
            assert_int_equal(is_active(ranks.space, (double[]){(double)a, (double)b}), a > b);
    space_text_fini(&ranks);
}

/* An inactive parent makes every test false, also "differs". */
static void test_inactive_parent(void **state) {
    (void)state;
    static const char *const tests[] = {"{p: b}",
                                        "{p: {ne: b}}",
                                        "{p: {not_in: [a]}}",
                                        "{any: [{p: a}, {p: b}]}",
                                        "{p: {eq: {parameter: r}}}",
                                        "{r: {ne: {parameter: p}}}"};
    for (size_t i = 0; i < CHECK_COUNT(tests); i++) {
        space_text in =
            read_child("g: {values: [on, off]}, r: {values: [a, b]}, p: {values: [a, b], when: {g: on}}", tests[i]);
        bool ever = false;
        for (double r = 0; r < 2; r++) {
            for (double p = 0; p < 2; p++) {
                ever |= is_active(in.space, (double[]){0, r, p});
                assert_false(is_active(in.space, (double[]){1, r, p}));
            }
        }
        assert_true(ever);
        space_text_fini(&in);
    }
}

/* Children may stand before their parents; chains are followed to the end. */
static void test_order_of_activation(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  c: {values: [0, 1], when: {b: 1}}\n"
                                    "  b: {values: [0, 1], when: {a: 1}}\n"
                                    "  k: {value: 7, when: {a: 1}}\n"
                                    "  a: {values: [0, 1]}\n");
    double on[] = {0, 1, 3, 1}, off[] = {0, 1, 3, 0};
    hpo_space_activate(in.space, on);
    assert_true(on[0] == 0 && on[1] == 1 && on[2] == 0 && on[3] == 1);
    hpo_space_activate(in.space, off);
    assert_true(isnan(off[0]) && isnan(off[1]) && isnan(off[2]) && off[3] == 0);
    assert_int_equal(hpo_space_value(in.space, on, 2).integer, 7);
    assert_int_equal(hpo_space_value(in.space, off, 2).kind, HPO_VALUE_NULL);
    space_text_fini(&in);
}

static void test_forbidden(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  opt: {values: [sgd, adam]}\n"
                                    "  lr: {min: 0.0, max: 1.0}\n"
                                    "  m: {min: 0.0, max: 1.0, when: {opt: sgd}}\n"
                                    "forbid:\n"
                                    "  - {opt: sgd, lr: {gt: 0.5}}\n"
                                    "  - {m: {lt: {parameter: lr}}}\n");
    const double nan_value = (double)NAN;
    assert_true(hpo_space_allowed(in.space, (double[]){0, 0.3, 0.4}));
    assert_false(hpo_space_allowed(in.space, (double[]){0, 0.6, 0.9}));      /* first line */
    assert_false(hpo_space_allowed(in.space, (double[]){0, 0.3, 0.2}));      /* second line */
    assert_true(hpo_space_allowed(in.space, (double[]){1, 0.6, nan_value})); /* neither fires without momentum */
    base_err err = {0};
    CHECK_FAILS(hpo_space_check(in.space, (double[]){0, 0.3, 0.2}, &err), BASE_INVALID,
                "forbidden by {m: {lt: {parameter: lr}}}");
    space_text_fini(&in);
}

static void test_tested(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {a: {values: [x, y]}, b: {min: 0.0, max: 1.0},\n"
                                    "             c: {min: 0.0, max: 1.0, when: {all: [{a: x}, {b: {gt: 0.5}}]}},\n"
                                    "             d: {min: 0.0, max: 1.0}}\n"
                                    "forbid: [{d: {gt: 0.9}}]");
    bool tested[] = {false, false, false, false};
    hpo_space_mark_tested(in.space, tested);
    assert_true(tested[0] && tested[1]);
    assert_false(tested[2] || tested[3]); /* what is only forbidden decides about no other */
    space_text_fini(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),       cmocka_unit_test(test_lists),
        cmocka_unit_test(test_between_numbers), cmocka_unit_test(test_between_texts),
        cmocka_unit_test(test_inactive_parent), cmocka_unit_test(test_order_of_activation),
        cmocka_unit_test(test_forbidden),       cmocka_unit_test(test_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
