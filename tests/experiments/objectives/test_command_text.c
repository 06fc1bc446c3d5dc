/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as programs print them, and patterns that find them in a text. */
#include "experiments/objectives/command_text.h"

#include "base/clock.h"
#include "tests/experiments/objectives/output_taken.h"

/* ---- numbers ---- */

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0.5", 0.5},
        {" 12 ", 12},
        {"-3e-2", -0.03},
        {"+5", 5},
        {".5", 0.5},
        {"5.", 5},
        {"1E3", 1000},
        {"30000000000000000000", 3e19},
        {"1e999", INFINITY},
        {"-1e999", -INFINITY},
        {"1e-999", 0},
        {"nan", NAN},
        {"-nan", NAN},
        {"+nan", NAN},
        {"NaN", NAN},
        {"NAN", NAN},
        {"nan(0x8000)", NAN},
        {"-nan(snan)", NAN},
        {"inf", INFINITY},
        {"-inf", -INFINITY},
        {"+inf", INFINITY},
        {"Inf", INFINITY},
        {"-Infinity", -INFINITY},
        {"INF", INFINITY},
        {"1e99999999999999999999", INFINITY},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        double value = 77;
        if (!command_read_number(cases[i].text, strlen(cases[i].text), &value)) fail_msg("%s", cases[i].text);
        if (isnan(cases[i].value) ? !isnan(value) : value != cases[i].value) fail_msg("%s", cases[i].text);
    }
    static const char *const none[] = {"",     " ",    "-",    "+",   ".",      "e5",    "1e",        "1e+",
                                       "0x10", "12%",  "1,5",  "1 2", "n/a",    "None",  "null",      "true",
                                       "infi", "nano", "nan(", "--1", "nan()x", "1_000", "tensor(1)", "1.2.3"};
    for (size_t i = 0; i < CHECK_COUNT(none); i++) {
        double value;
        if (command_read_number(none[i], strlen(none[i]), &value)) fail_msg("%s", none[i]);
    }
}

/* Five thousand digits are a number, too. */
static void test_long_number(void **state) {
    (void)state;
    base_buf text = {0};
    double value;
    base_buf_puts(&text, "0.");
    for (int i = 0; i < 5000; i++) base_buf_putc(&text, '3');
    assert_true(command_read_number(text.data, text.length, &value));
    CHECK_CLOSE(value, 1.0 / 3, 1e-15);
    assert_true(command_read_number(text.data + 2, text.length - 2, &value));
    assert_true(isinf(value));
    base_buf_fini(&text);
}

/* ---- patterns ---- */

static void read_patterns(base_arena *arena, const char *text, command_patterns *patterns) {
    base_err err;
    base_yaml_node *map;
    CHECK_OK(base_yaml_parse(arena, "study.yaml", text, strlen(text), &map, &err));
    CHECK_OK(command_patterns_create(map, arena, patterns, &err));
}

static void test_patterns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double step, loss;
    } cases[] = {
        {"epoch 3 val/loss: 0.25\n", 3, 0.25},
        {"epoch 3\nval/loss: 0.25\n", 3, 0.25},
        {"epoch 1\nval/loss: 0.5\nepoch 2\nval/loss: 0.25\nbye\n", 2, 0.25},
        {"val/loss: 0.5 val/loss: 0.25\n", NAN, 0.25},
        {"loss is val/loss: 0.25.\n", NAN, 0.25},
        {"\x1b[31mval/loss: \x1b[0m0.25\n", NAN, 0.25},
        {"\repoch 1 val/loss: 0.9\repoch 2 val/loss: 0.25", 2, 0.25},
        {"val/loss: nan\n", NAN, NAN},
        {"{\"loss\": 0.25}\n", NAN, 0.25},
        {"{\"val/loss\": 0.125, \"loss\": 7} val/loss: 0.25\n", NAN, 0.25}, /* what was asked for by name */
    };
    base_arena *arena = base_arena_create();
    command_patterns patterns;
    read_patterns(arena, "{loss: 'val/loss: ([0-9.]+|nan)', epochs: '^epoch ([0-9]+)', none: 'none: (x*)'}", &patterns);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        command_output output = {.metric = "loss", .fidelity = "epochs", .patterns = &patterns, .to = 9};
        take(&output, cases[i].text);
        if (!output.found) fail_msg("%s", cases[i].text);
        double loss = metric(&output, "loss");
        if (isnan(cases[i].loss) ? !isnan(loss) : loss != cases[i].loss) fail_msg("%s: %g", cases[i].text, loss);
        if (isnan(cases[i].step) ? !isnan(output.reached) : output.reached != cases[i].step)
            fail_msg("%s: step %g", cases[i].text, output.reached);
    }
    command_output output = {.metric = "loss", .patterns = &patterns, .to = 1};
    take(&output, "val/loss: ...\n");
    assert_false(output.found);
    CHECK_CONTAINS(command_hint_sentence(&output.hint, arena, "x", "loss", true),
                   "its \"loss\" is ..., which is no number");
    take(&output, "{\"time\": 3}\nepoch 3\nval/los: 2\n");
    assert_false(output.found);
    assert_true(command_patterns_have(&patterns, "loss"));
    assert_false(command_patterns_have(&patterns, "acc"));
    CHECK_CONTAINS(command_hint_sentence(&output.hint, arena, "x", "loss", true),
                   "x printed no result: no line matches the pattern of 'loss'; ");
    command_patterns_destroy(&patterns);
    base_arena_destroy(arena);
}

/* Matches of no bytes, anchors, and a line of the greatest size end. */
static void test_odd_patterns(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    command_patterns patterns;
    read_patterns(arena, "{loss: '(x*)', a: '^([0-9]*)', b: '([0-9]+)$', c: '(1)|2'}", &patterns);
    base_buf line = {0};
    while (line.length < COMMAND_PATTERN_LINE - 8) base_buf_puts(&line, "x1 ");
    base_buf_puts(&line, "2\n7\n");
    command_output output = {.metric = "b", .patterns = &patterns, .to = 1};
    double began = base_monotonic();
    take(&output, line.data);
    assert_true(base_monotonic() - began < 20);
    CHECK_SAME_DOUBLE(metric(&output, "b"), 7);
    CHECK_SAME_DOUBLE(metric(&output, "a"), 7);
    CHECK_SAME_DOUBLE(metric(&output, "c"), 1);
    base_buf_fini(&line);
    command_patterns_destroy(&patterns);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_number),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_odd_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
