/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML under random load: what is printed reads back equal (JSON is read by Jansson, an independent reader), and no
 * damage to a text does more than give an error with a position. */
#include "tests/support/check.h"

#include <jansson.h>

#include "base/rng.h"
#include "base/yaml.h"

enum { TREES = 3000, MUTATIONS = 20000 };

static base_err err;

/* Strings that a careless printer gets wrong. */
static const char *const nasty[] = {
    "1e-5",
    "null",
    "a: b",
    "- x",
    "#c",
    "",
    " lead",
    "trail ",
    "new\nline",
    "\n",
    "~",
    "true",
    "No",
    "0x1F",
    "010",
    ".5",
    ".inf",
    "'",
    "\"",
    "a\"b'c",
    "\\",
    "a\\nb",
    "{x}",
    "[x",
    "a, b",
    "&a",
    "*a",
    "!t",
    "%d",
    "@x",
    "`x",
    "|",
    ">",
    "?",
    "? x",
    "-",
    "--",
    "---",
    "...",
    ":",
    "a:",
    "a #b",
    "a#b",
    "\ttab",
    "a\tb",
    "\r\n",
    "\x01\x1f",
    "\x7f",
    "\xc2\x85",
    "<<",
    "=",
    "--lr",
    "-x",
    "./x",
    "../x y",
    "k\xc3\xa4se",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf\x62",
    "\xf0\x9f\x98\x80",
    "\xef\xbf\xbe",
    "http://x.org/a?b=c",
    "12:30",
    "{learning_rate}",
    "a\n  b\n\n c\n",
    "1.",
    "+12",
    "plain words here",
    "1 2",
    "0o17",
    "- ",
    "a - b",
    "x]",
    "}",
    "\xc2\xa0",
    "00:00",
    "-.",
    "-a: b",
};

static base_yaml_node *random_scalar(base_arena *arena, base_rng *rng) {
    char text[64];
    switch (base_rng_below(rng, 5)) {
    case 0: snprintf(text, sizeof text, "%lld", (long long)base_rng_u64(rng)); break;
    case 1: snprintf(text, sizeof text, "%.17e", base_rng_normal(rng)); break;
    case 2: {
        static const char *const plain[] = {"",      "~",    "null", "true", "FALSE", ".inf",
                                            "-.inf", ".nan", "0x1F", "1.",   ".5"};
        return base_yaml_scalar(arena, NULL, plain[base_rng_below(rng, CHECK_COUNT(plain))], false);
    }
    case 3: return base_yaml_scalar(arena, NULL, nasty[base_rng_below(rng, CHECK_COUNT(nasty))], true);
    default: {
        const size_t length = (size_t)base_rng_below(rng, 12);
        for (size_t i = 0; i < length; i++) text[i] = (char)(1 + base_rng_below(rng, 127));
        text[length] = '\0';
        return base_yaml_scalar(arena, NULL, text, true);
    }
    }
    return base_yaml_scalar(arena, NULL, text, false);
}

static base_yaml_node *random_tree(base_arena *arena, base_rng *rng, int depth) {
    const uint64_t form = base_rng_below(rng, depth == 0 ? 1 : 3);
    if (form == 0) return random_scalar(arena, rng);
    const uint64_t count = base_rng_below(rng, 6);
    base_yaml_node *node = form == 1 ? base_yaml_new_list(arena, NULL) : base_yaml_new_map(arena, NULL);
    for (uint64_t i = 0; i < count; i++) {
        base_yaml_node *item = random_tree(arena, rng, depth - 1);
        if (form == 1) {
            base_yaml_append(arena, node, item);
        } else {
            base_yaml_put(arena, node, random_scalar(arena, rng)->text, item);
        }
    }
    return node;
}

static void check_reads_back(base_arena *arena, const base_yaml_node *tree, const base_buf *text) {
    base_yaml_node *again = NULL;
    const base_status status = base_yaml_parse(arena, "printed", base_buf_text(text), text->length, &again, &err);
    if (status != BASE_OK) fail_msg("%s\n%s", err.text, base_buf_text(text));
    if (!base_yaml_equal(tree, again)) fail_msg("not equal:\n%s", base_buf_text(text));
}

/* Does Jansson's value say the same as the node? */
static bool same_json(const base_yaml_node *node, const json_t *json) {
    switch (node->kind) {
    case BASE_YAML_NULL: return json_is_null(json);
    case BASE_YAML_BOOL: return json_is_boolean(json) && json_is_true(json) == node->boolean;
    case BASE_YAML_INT: return json_is_integer(json) && json_integer_value(json) == node->integer;
    case BASE_YAML_FLOAT:
        if (isnan(node->number)) return json_is_string(json) && strcmp(json_string_value(json), "nan") == 0;
        if (isinf(node->number)) {
            return json_is_string(json) && strcmp(json_string_value(json), node->number < 0 ? "-inf" : "inf") == 0;
        }
        return json_is_real(json) && json_real_value(json) == node->number;
    case BASE_YAML_STRING: return json_is_string(json) && strcmp(json_string_value(json), node->text) == 0;
    case BASE_YAML_LIST:
        if (!json_is_array(json) || json_array_size(json) != node->count) return false;
        for (size_t i = 0; i < node->count; i++) {
            if (!same_json(node->items[i], json_array_get(json, i))) return false;
        }
        return true;
    case BASE_YAML_MAP:
        if (!json_is_object(json) || json_object_size(json) != node->count) return false;
        for (size_t i = 0; i < node->count; i++) {
            if (!same_json(node->items[i], json_object_get(json, node->keys[i]->text))) return false;
        }
        return true;
    }
    return false;
}

static void check_tree(base_arena *arena, const base_yaml_node *tree) {
    base_buf text = {0};
    base_yaml_print(tree, 0, &text);
    check_reads_back(arena, tree, &text);
    base_buf_clear(&text);
    base_yaml_print(tree, 4, &text);
    check_reads_back(arena, tree, &text);
    base_buf_clear(&text);
    base_yaml_print_portable(tree, &text);
    check_reads_back(arena, tree, &text);
    base_buf_clear(&text);
    base_yaml_print_flow(tree, &text);
    check_reads_back(arena, tree, &text);
    assert_null(strchr(base_buf_text(&text), '\n'));
    base_buf_clear(&text);
    base_yaml_print_json(tree, &text);
    json_error_t fault;
    json_t *json = json_loads(base_buf_text(&text), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &fault);
    if (json == NULL) fail_msg("%s\n%s", fault.text, base_buf_text(&text));
    if (!same_json(tree, json)) fail_msg("JSON differs:\n%s", base_buf_text(&text));
    json_decref(json);
    base_buf_fini(&text);
}

static void test_round_trip(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    base_arena *arena = base_arena_create();
    for (int i = 0; i < TREES; i++) {
        base_arena_reset(arena);
        check_tree(arena, random_tree(arena, &rng, 4));
    }
    base_arena_reset(arena);
    base_yaml_node *all = base_yaml_new_list(arena, NULL), *keys = base_yaml_new_map(arena, NULL);
    for (size_t i = 0; i < CHECK_COUNT(nasty); i++) {
        check_tree(arena, base_yaml_scalar(arena, NULL, nasty[i], true));
        base_yaml_append(arena, all, base_yaml_scalar(arena, NULL, nasty[i], true));
        base_yaml_put(arena, keys, nasty[i], base_yaml_scalar(arena, NULL, "1", false));
    }
    check_tree(arena, all);
    check_tree(arena, keys);
    base_arena_destroy(arena);
}

static void test_print_form(void **state) {
    (void)state;
    const char *text = "study: x\n"
                       "parameters:\n"
                       "  lr: {min: 1e-5, max: 1.0, log: true}\n"
                       "  when:\n"
                       "    any:\n"
                       "      - {optimizer: sgd}\n"
                       "      - - 1\n"
                       "        - [2, 3]\n"
                       "none: null\n"
                       "empty: {}\n";
    base_arena *arena = base_arena_create();
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "f", text, strlen(text), &root, &err));
    base_buf out = {0};
    base_yaml_print(root, 0, &out);
    assert_string_equal(base_buf_text(&out), text);
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static const char good[] = "study: fashion # comment\n"
                           "objective:\n"
                           "  train: {dataset: 'fashion-mnist', model: \"mlp\\n\"}\n"
                           "budget: {trials: 200, time: 30m, target: 8e-2}\n"
                           "parameters:\n"
                           "  lr: {min: 1e-5, max: 1.0, log: true}\n"
                           "  act:\n"
                           "    values:\n"
                           "      - relu\n"
                           "      - [a, {b: ~}]\n"
                           "    when: {any: [{optimizer: adam}, {x: {gt: .5}}]}\n"
                           "text: |\n"
                           "  line one\n"
                           "  k\xc3\xa4se\n"
                           "folded: >-\n"
                           "  a\n"
                           "  b\n";

/* One small damage: a byte replaced, inserted or removed, or a stretch copied elsewhere. */
static size_t mutate(base_rng *rng, char *text, size_t length, size_t capacity) {
    static const char spice[] = "{}[]:,-?#&*!|>'\"%@`\t\n\r ~\\x0\x01\xc3\xff\x80.";
    const size_t at = (size_t)base_rng_below(rng, length);
    const char byte =
        base_rng_below(rng, 4) == 0 ? (char)base_rng_below(rng, 128) : spice[base_rng_below(rng, sizeof spice)];
    switch (base_rng_below(rng, 4)) {
    case 0: text[at] = byte; return length;
    case 1:
        if (length == capacity) return length;
        memmove(text + at + 1, text + at, length - at);
        text[at] = byte;
        return length + 1;
    case 2:
        if (length == 1) return length;
        memmove(text + at, text + at + 1, length - at - 1);
        return length - 1;
    default: {
        const size_t from = (size_t)base_rng_below(rng, length), room = length - (at > from ? at : from);
        memmove(text + at, text + from, (size_t)base_rng_below(rng, room + 1));
        return length;
    }
    }
}

static void test_fuzz(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    base_arena *arena = base_arena_create();
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        base_arena_reset(arena);
        size_t length = sizeof good - 1;
        const size_t capacity = length + 64;
        char *text = base_malloc(capacity);
        memcpy(text, good, length);
        for (uint64_t n = 1 + base_rng_below(&rng, 6); n > 0; n--) length = mutate(&rng, text, length, capacity);
        /* An exact copy, so that a sanitizer sees a read past the end. */
        char *exact = base_malloc(length);
        memcpy(exact, text, length);
        base_yaml_node *root = NULL;
        const base_status status = base_yaml_parse(arena, "fuzz", exact, length, &root, &err);
        if (status == BASE_OK) {
            base_buf printed = {0};
            base_yaml_print(root, 0, &printed);
            check_reads_back(arena, root, &printed);
            base_buf_fini(&printed);
        } else {
            int line = 0, column = 0, end = 0;
            assert_int_equal(status, BASE_INVALID);
            if (sscanf(err.text, "fuzz:%d:%d: %n", &line, &column, &end) != 2 || end == 0 || line < 1 || column < 1 ||
                err.text[end] == '\0' || strstr(err.text, "unknown fault") != NULL) {
                fail_msg("no position: %s\n%.*s", err.text, (int)length, text);
            }
            refused++;
        }
        free(exact);
        free(text);
    }
    /* Both outcomes are common, else the mutations are too mild or too harsh to test anything. */
    assert_true(refused > MUTATIONS / 5 && refused < MUTATIONS * 19 / 20);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_print_form),
        cmocka_unit_test(test_fuzz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
