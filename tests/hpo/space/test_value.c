/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/space/value.h"

#include "tests/hpo/space/space_text.h"

static void test_from_nodes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        hpo_value_kind kind;
        const char *printed, *json;
    } cases[] = {
        {"null", HPO_VALUE_NULL, "null", "null"},
        {"~", HPO_VALUE_NULL, "null", "null"},
        {"true", HPO_VALUE_BOOL, "true", "true"},
        {"3", HPO_VALUE_INT, "3", "3"},
        {"0x10", HPO_VALUE_INT, "16", "16"},
        {"-7", HPO_VALUE_INT, "-7", "-7"},
        {"0.1", HPO_VALUE_REAL, "0.1", "0.1"},
        {"2.0", HPO_VALUE_REAL, "2.0", "2.0"},
        {"1e-5", HPO_VALUE_REAL, "1e-05", "1e-05"},
        {".inf", HPO_VALUE_REAL, ".inf", "\"inf\""},
        {"-.inf", HPO_VALUE_REAL, "-.inf", "\"-inf\""},
        {".nan", HPO_VALUE_REAL, ".nan", "\"nan\""},
        {"adam", HPO_VALUE_TEXT, "adam", "\"adam\""},
        {"\"3\"", HPO_VALUE_TEXT, "3", "\"3\""},
        {"yes", HPO_VALUE_TEXT, "yes", "\"yes\""},
    };
    base_arena *arena = base_arena_create();
    base_buf out = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_yaml_node *node = space_text_parse(arena, cases[i].text);
        hpo_value value = hpo_value_of_node(node);
        assert_int_equal(value.kind, cases[i].kind);
        base_buf_clear(&out);
        hpo_value_print(&value, &out);
        assert_string_equal(base_buf_text(&out), cases[i].printed);
        base_buf_clear(&out);
        hpo_value_print_json(&value, &out);
        assert_string_equal(base_buf_text(&out), cases[i].json);
        /* As a node it is the same scalar again, quoted where it would read as something else. */
        base_yaml_node *made = hpo_value_node(arena, &value);
        assert_int_equal(made->kind, node->kind);
        base_buf_clear(&out);
        base_yaml_print_flow(made, &out);
        assert_int_equal(space_text_parse(arena, base_buf_text(&out))->kind, node->kind);
    }
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void test_equality(void **state) {
    (void)state;
    const hpo_value values[] = {
        {.kind = HPO_VALUE_NULL},
        {.kind = HPO_VALUE_BOOL, .boolean = false},
        {.kind = HPO_VALUE_BOOL, .boolean = true},
        hpo_value_int(0),
        hpo_value_int(1),
        hpo_value_real(0.5),
        hpo_value_text("1"),
        hpo_value_text(""),
        hpo_value_text("true"),
    };
    for (size_t i = 0; i < CHECK_COUNT(values); i++)
        for (size_t k = 0; k < CHECK_COUNT(values); k++)
            assert_int_equal(hpo_value_equal(&values[i], &values[k]), i == k);
    const hpo_value one = hpo_value_real(1.0), big = hpo_value_int(INT64_C(9007199254740993)),
                    near = hpo_value_int(INT64_C(9007199254740992));
    assert_true(hpo_value_equal(&values[4], &one));
    assert_true(hpo_value_equal(&one, &values[4]));
    assert_false(hpo_value_equal(&big, &near)); /* integers are compared as integers */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_nodes), cmocka_unit_test(test_equality)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
