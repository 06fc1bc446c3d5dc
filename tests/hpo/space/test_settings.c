/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/space/settings.h"

#include "tests/hpo/space/space_text.h"

static const char SPACE[] = "parameters:\n"
                            "  lr: {min: 1e-5, max: 1.0, log: true}\n"
                            "  layers: {min: 1, max: 4}\n"
                            "  opt: {values: [sgd, adam, \"1\"]}\n"
                            "  momentum: {min: 0.0, max: 1.0, when: {opt: sgd}}\n"
                            "  bias: {values: [true, null]}\n"
                            "  width: {value: 64}\n";
static const char *const EXTRAS[] = {"trial", "epochs"};

/* lr 0.01, layers 3, opt, momentum, bias, width */
static const double WITH_SGD[] = {0.01, 3, 0, 0.5, 0, 0};
static const double WITH_ADAM[] = {0.01, 3, 1, (double)NAN, 1, 0};
static const double WITH_TEXT_1[] = {0.01, 3, 2, (double)NAN, 0, 0};

static void check_resolved(const space_text *in, const double *config, const char *settings, const char *wanted) {
    const hpo_setting_extra extras[] = {{"trial", hpo_value_int(17)}, {"epochs", hpo_value_real(2.5)}};
    base_arena *arena = base_arena_create();
    base_err err = {0};
    base_yaml_node *tree = space_text_parse(arena, settings);
    CHECK_OK(hpo_settings_check(tree, in->space, EXTRAS, CHECK_COUNT(EXTRAS), &err));
    base_yaml_node *made = hpo_settings_resolve(arena, tree, in->space, config, extras, CHECK_COUNT(extras));
    base_yaml_node *expected = space_text_parse(arena, wanted);
    base_buf got = {0}, want = {0};
    base_yaml_print_flow(made, &got);
    base_yaml_print_flow(expected, &want);
    assert_string_equal(base_buf_text(&got), base_buf_text(&want));
    assert_true(base_yaml_equal(made, expected));
    base_buf_fini(&want);
    base_buf_fini(&got);
    base_arena_destroy(arena);
}

static void test_replaced(void **state) {
    (void)state;
    space_text in = space_text_read(SPACE);
    static const struct {
        const double *config;
        const char *settings, *wanted;
    } cases[] = {
        /* one reference keeps the type */
        {WITH_SGD, "{a: \"{lr}\", b: \"{layers}\", c: \"{opt}\"}", "{a: 0.01, b: 3, c: sgd}"},
        {WITH_SGD, "{a: \"{bias}\", w: \"{width}\", t: \"{trial}\", e: \"{epochs}\"}",
         "{a: true, w: 64, t: 17, e: 2.5}"},
        {WITH_TEXT_1, "{a: \"{opt}\"}", "{a: \"1\"}"},
        /* inside a text it is text */
        {WITH_SGD, "{a: \"{layers}x{lr}\"}", "{a: \"3x0.01\"}"},
        {WITH_SGD, "{a: \"lr={lr}\", b: \"{layers} \"}", "{a: lr=0.01, b: \"3 \"}"},
        {WITH_SGD, "{a: \"{layers}{layers}\"}", "{a: \"33\"}"},
        /* braces */
        {WITH_SGD, "{a: \"{{lr}}\", b: \"{{{lr}}}\", c: \"}}{{\"}", "{a: \"{lr}\", b: \"{0.01}\", c: \"}{\"}"},
        /* what refers to nothing is left alone */
        {WITH_SGD, "{a: 1, b: [x, 2.5, true, null], c: {d: y}}", "{a: 1, b: [x, 2.5, true, null], c: {d: y}}"},
        /* nested */
        {WITH_SGD, "{layers: [{conv: \"{layers}\", kernel: 3}, pool, {dense: [\"{width}\", \"{opt}\"]}]}",
         "{layers: [{conv: 3, kernel: 3}, pool, {dense: [64, sgd]}]}"},
        /* inactive: null, dropped from a list, also when it is a part of a text */
        {WITH_ADAM, "{m: \"{momentum}\", n: \"x{momentum}\"}", "{m: null, n: null}"},
        {WITH_ADAM, "{run: [python, \"--lr={lr}\", \"--momentum={momentum}\", \"{momentum}\", end]}",
         "{run: [python, \"--lr=0.01\", end]}"},
        {WITH_SGD, "{run: [python, \"--momentum={momentum}\"]}", "{run: [python, \"--momentum=0.5\"]}"},
        {WITH_ADAM, "[{m: \"{momentum}\"}]", "[{m: null}]"},
        /* an active null is a value like any */
        {WITH_ADAM, "[\"{bias}\", 1]", "[null, 1]"},
        /* the whole tree may be one reference */
        {WITH_SGD, "\"{layers}\"", "3"},
        {WITH_ADAM, "\"{momentum}\"", "null"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        check_resolved(&in, cases[i].config, cases[i].settings, cases[i].wanted);
    space_text_fini(&in);
}

static void test_mistakes(void **state) {
    (void)state;
    space_text in = space_text_read(SPACE);
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"{run: [python, @\"{momentun}\"]}", "there is no parameter \"momentun\" for {momentun}: did you mean "
                                             "\"momentum\"? (literal braces are {{ and }})"},
        {"run:\n  - a\n  - @\"{epoch}\"\n",
         "there is no parameter \"epoch\" for {epoch}: did you mean \"epochs\"? (literal braces are {{ and }})"},
        {"{a: @\"{zzzzzz}\"}", "there is no parameter \"zzzzzz\" for {zzzzzz}: there are lr, layers, opt, momentum, "
                               "bias, width, trial, epochs (literal braces are {{ and }})"},
        {"{a: @\"{lr\"}", "a single { in \"{lr\": write {name} for a parameter, {{ for the brace"},
        {"{a: @\"lr}\"}", "a single } in \"lr}\": write {name} for a parameter, }} for the brace"},
        {"{a: @\"{}\"}", "a single { in \"{}\": write {name} for a parameter, {{ for the brace"},
        {"{a: @\"{lr{opt}\"}", "a single { in \"{lr{opt}\": write {name} for a parameter, {{ for the brace"},
        {"{run: [python, @{lr}]}", "{lr} without quotes is a map in YAML: write \"{lr}\""},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        marked_text marked = marked_text_of(cases[i].settings);
        base_arena *arena = base_arena_create();
        base_err err = {0};
        base_yaml_node *tree = space_text_parse(arena, marked.text);
        CHECK_STATUS(hpo_settings_check(tree, in.space, EXTRAS, CHECK_COUNT(EXTRAS), &err), BASE_INVALID);
        check_message(&err, &marked, cases[i].message);
        base_arena_destroy(arena);
    }
    base_err err = {0};
    CHECK_OK(hpo_settings_check(NULL, in.space, NULL, 0, &err));
    space_text_fini(&in);
}

static void test_mention(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_yaml_node *tree =
        space_text_parse(arena, "{a: [1, {b: \"--lr={lr}\"}], c: \"{{opt}}\", layers: \"x{width}y\"}");
    assert_true(hpo_settings_mention(tree, "lr"));
    assert_true(hpo_settings_mention(tree, "width"));
    assert_false(hpo_settings_mention(tree, "opt"));    /* literal braces */
    assert_false(hpo_settings_mention(tree, "layers")); /* a key is no reference */
    assert_false(hpo_settings_mention(tree, "l"));
    assert_false(hpo_settings_mention(NULL, "lr"));
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_mention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
