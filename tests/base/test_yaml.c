/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading YAML: scalars against the core schema's table, positions, every refusal with its place and remedy, --set. */
#include "tests/support/check.h"

#include "base/yaml.h"

static base_arena *arena;
static base_err err;

static int setup(void **state) {
    (void)state;
    arena = base_arena_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    base_arena_destroy(arena);
    return 0;
}

static base_yaml_node *parse(const char *text) {
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "f.yaml", text, strlen(text), &root, &err));
    return root;
}

static void expect_scalar(const char *text, base_yaml_kind kind, double number) {
    const base_yaml_node *node = base_yaml_scalar(arena, NULL, text, false);
    if (node->kind != kind) {
        fail_msg("'%s' is %s, expected %s", text, base_yaml_kind_text(node->kind), base_yaml_kind_text(kind));
    }
    if (kind == BASE_YAML_INT || kind == BASE_YAML_FLOAT) CHECK_SAME_DOUBLE(node->number, number);
    if (kind == BASE_YAML_INT) assert_true(node->integer == (int64_t)number);
    /* The same through libyaml, as a value in a map. */
    const base_yaml_node *map = parse(base_arena_printf(arena, "k: %s\n", text));
    assert_true(base_yaml_equal(base_yaml_get(map, "k"), node));
}

static void test_scalars(void **state) {
    (void)state;
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < CHECK_COUNT(nulls); i++) expect_scalar(nulls[i], BASE_YAML_NULL, 0);
    static const char *const strings[] = {
        "no",  "yes",   "on",   "off",   "y",    "nULL",       "tRUE", "1_000", "0b1",   "0x",  "0o",
        "0o8", "-0x1F", "+0o7", "1e",    "1e+",  ".",          "+",    "1.2.3", "12:30", ".e5", "1e5.0",
        "inf", "nan",   "NaN",  "+.nan", ".iNF", "2001-01-01", "--lr", "a b",   "0x1G",
    };
    for (size_t i = 0; i < CHECK_COUNT(strings); i++) expect_scalar(strings[i], BASE_YAML_STRING, 0);
    static const struct {
        const char *text;
        base_yaml_kind kind;
        double number;
    } numbers[] = {
        {"0", BASE_YAML_INT, 0},
        {"-0", BASE_YAML_INT, 0},
        {"+12", BASE_YAML_INT, 12},
        {"-19", BASE_YAML_INT, -19},
        {"010", BASE_YAML_INT, 10},
        {"0x1F", BASE_YAML_INT, 31},
        {"0xdeadBEEF", BASE_YAML_INT, 3735928559.0},
        {"0o17", BASE_YAML_INT, 15},
        {"1e-5", BASE_YAML_FLOAT, 1e-5},
        {"1E5", BASE_YAML_FLOAT, 1e5},
        {"+1e+2", BASE_YAML_FLOAT, 100},
        {".5", BASE_YAML_FLOAT, 0.5},
        {"-.5e1", BASE_YAML_FLOAT, -5},
        {"1.", BASE_YAML_FLOAT, 1},
        {"3.0", BASE_YAML_FLOAT, 3},
        {"-0.0", BASE_YAML_FLOAT, -0.0},
        {".inf", BASE_YAML_FLOAT, (double)INFINITY},
        {"+.Inf", BASE_YAML_FLOAT, (double)INFINITY},
        {"-.INF", BASE_YAML_FLOAT, -(double)INFINITY},
        {"1e999", BASE_YAML_FLOAT, (double)INFINITY},
        {"-1e999", BASE_YAML_FLOAT, -(double)INFINITY},
        {"1e-999", BASE_YAML_FLOAT, 0},
        {"9223372036854775808", BASE_YAML_FLOAT, 9223372036854775808.0},
        {"0xFFFFFFFFFFFFFFFF0", BASE_YAML_FLOAT, 295147905179352825840.0},
    };
    for (size_t i = 0; i < CHECK_COUNT(numbers); i++) {
        expect_scalar(numbers[i].text, numbers[i].kind, numbers[i].number);
    }
    assert_true(base_yaml_scalar(arena, NULL, "9223372036854775807", false)->integer == INT64_MAX);
    assert_true(base_yaml_scalar(arena, NULL, "-9223372036854775808", false)->integer == INT64_MIN);
    assert_true(base_yaml_scalar(arena, NULL, "0x7FFFFFFFFFFFFFFF", false)->integer == INT64_MAX);
    assert_int_equal(base_yaml_scalar(arena, NULL, "0x8000000000000000", false)->kind, BASE_YAML_FLOAT);
    assert_true(isnan(base_yaml_scalar(arena, NULL, ".nan", false)->number));
    assert_true(base_yaml_scalar(arena, NULL, "True", false)->boolean);
    assert_int_equal(base_yaml_scalar(arena, NULL, "FALSE", false)->kind, BASE_YAML_BOOL);
    assert_int_equal(base_yaml_scalar(arena, NULL, "1", true)->kind, BASE_YAML_STRING);
    assert_int_equal(base_yaml_get(parse("k: \"1\""), "k")->kind, BASE_YAML_STRING);
    assert_int_equal(base_yaml_get(parse("k: 'null'"), "k")->kind, BASE_YAML_STRING);
    assert_string_equal(base_yaml_get(parse("k: |\n  a\n  b\n"), "k")->text, "a\nb\n");
}

static void expect_position(const base_yaml_node *node, int line, int column) {
    assert_non_null(node);
    assert_string_equal(node->file, "f.yaml");
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static void test_tree_and_positions(void **state) {
    (void)state;
    const base_yaml_node *root = parse("# comment\n"
                                       "study: x\n"
                                       "parameters:\n"
                                       "  lr: {min: 1e-5, max: 1.0}\n"
                                       "  \"k\xc3\xa4se\": [a, b,\n"
                                       "         c]\n"
                                       "  empty:\n"
                                       "list:\n"
                                       "- 1\n"
                                       "- - 2\n"
                                       "  - 3\n");
    expect_position(root, 2, 1);
    const base_yaml_node *parameters = base_yaml_get(root, "parameters");
    expect_position(base_yaml_key(root, "parameters"), 3, 1);
    expect_position(parameters, 4, 3);
    const base_yaml_node *lr = base_yaml_get(parameters, "lr");
    expect_position(lr, 4, 7);
    expect_position(base_yaml_key(lr, "max"), 4, 19);
    expect_position(base_yaml_get(lr, "max"), 4, 24);
    /* Columns count characters, not bytes. */
    const base_yaml_node *cheese = base_yaml_get(parameters, "k\xc3\xa4se");
    expect_position(cheese, 5, 11);
    assert_int_equal(cheese->count, 3);
    expect_position(cheese->items[2], 6, 10);
    assert_int_equal(base_yaml_get(parameters, "empty")->kind, BASE_YAML_NULL);
    const base_yaml_node *list = base_yaml_get(root, "list");
    assert_int_equal(list->items[1]->items[1]->integer, 3);
    expect_position(list->items[1]->items[1], 11, 5);

    assert_null(base_yaml_get(root, "nothing"));
    assert_null(base_yaml_get(NULL, "x"));
    assert_null(base_yaml_get(list, "x"));
    assert_int_equal(parse("")->kind, BASE_YAML_NULL);
    assert_int_equal(parse("# only a comment\n")->kind, BASE_YAML_NULL);
    assert_int_equal(parse("\xEF\xBB\xBF"
                           "a: 1")
                         ->kind,
                     BASE_YAML_MAP);
    expect_position(base_yaml_get(parse("--- # start\r\na: 1\r\nb: 2\r\n"), "b"), 3, 4);
    assert_int_equal(base_yaml_get(parse("1: a"), "1")->kind, BASE_YAML_STRING);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *part;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: ", "duplicate key 'a': line 1"},
        {"x: {a: 1, \"a\": 2}", "f.yaml:1:11: ", "duplicate key 'a': line 1"},
        {"a: &x 1\n", "f.yaml:1:4: ", "anchors"},
        {"a: &x {b: 1}\n", "f.yaml:1:4: ", "anchors"},
        {"a: &x [b]\n", "f.yaml:1:4: ", "anchors"},
        {"a: *x\n", "f.yaml:1:4: ", "write the value out"},
        {"*x : 1\n", "f.yaml:1:1: ", "anchors"},
        {"a: [*]\n", "f.yaml:1:5: ", "put text in quotes"},
        {"a: !!str 1\n", "f.yaml:1:4: ", "tags"},
        {"a: !x {b: 1}\n", "f.yaml:1:4: ", "remove the tag"},
        {"a: ! 1\n", "f.yaml:1:4: ", "tags"},
        {"\xc3\xa4: ! {b: 1}\n", "f.yaml:1:4: ", "tags"},
        {"a: !e!x 1\n", "f.yaml:1:4: ", "tags"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2:1: ", "second document"},
        {"{a: 1}: 2\n", "f.yaml:1:1: ", "a key cannot be a list or a map"},
        {"? [a]\n: 2\n", "f.yaml:1:3: ", "a key cannot be a list or a map"},
        {"? \n: 2\n", "f.yaml:1:2: ", "a key is missing"},
        {"[a:]\n", "f.yaml:1:3: ", "a blank after the ':'"},
        {": 2\n", "f.yaml:1:1: ", "does not continue the map"},
        {"a: 1\nb: [1, 2\n\n", "f.yaml:2:4: ", "in the list that begins in line 2"},
        {"a:\n\tb: 1\n", "f.yaml:2:1: ", "use spaces"},
        {"a: @x\n", "f.yaml:1:4: ", "'@'"},
        {"a: `x\n", "f.yaml:1:4: ", "put it in quotes"},
        {"a: 'x\nb: 1\n", "f.yaml:1:4: ", "add the closing quote"},
        {"a: \"\\q\"\n", "f.yaml:1:5: ", "escape"},
        {"a: \"\\xZZ\"\n", "f.yaml:1:7: ", "hexadecimal"},
        {"a: \"x\\0y\"\n", "f.yaml:1:4: ", "NUL"},
        {"a: b: c\n", "f.yaml:1:5: ", "put text that holds ': ' in quotes"},
        {"a: 1\nb\nc: 2\n", "f.yaml:2:1: ", "write 'key: value'"},
        {"a: [1, 2\nb: 3\n", "f.yaml:2:2: ", "line 1"},
        {"a: {b: 'x' c}\n", "f.yaml:1:12: ", "expected ',' or '}'"},
        {"a: {b: 1\nc: 2}\nd: [\n", "f.yaml:2:2: ", "line 1"},
        {"a: 1\n  b: 2\n", "f.yaml:2:4: ", "indentation"},
        {"a:\n    b: 1\n  c: 2\n", "f.yaml:3:3: ", "map that begins in line 1"},
        {"a:\n  - 1\n  b: 2\n", "f.yaml:3:3: ", "list that begins in line 2"},
        {"a: - 1\n", "f.yaml:1:4: ", "list item"},
        {"a: |x\n  b\n", "f.yaml:1:5: ", "block of text"},
        {"%FOO\na: 1\n", "f.yaml:1:1: ", "begins with '%' is"},
        {"a: ]\n", "f.yaml:1:4: ", "a value is missing"},
        {"[a, b]]\n", "f.yaml:1:7: ", "does not belong"},
        {"ab: \xff\n", "f.yaml:1:5: ", "0xff is not valid UTF-8"},
        {"x: 1\n\xc3\xa4\xed\xa0\x80: 1\n", "f.yaml:2:2: ", "not valid UTF-8"},
        {"a: \xc0\xaf\n", "f.yaml:1:4: ", "not valid UTF-8"},
        {"a: 1\nb: \x01\n", "f.yaml:2:4: ", "U+0001"},
        {"a: \x7f\n", "f.yaml:1:4: ", "U+007F"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_yaml_node *root = NULL;
        const char *text = cases[i].text;
        CHECK_STATUS(base_yaml_parse(arena, "f.yaml", text, strlen(text), &root, &err), BASE_INVALID);
        if (strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0) {
            fail_msg("case %zu: expected a fault at %s, got: %s\n%s", i, cases[i].place, err.text, text);
        }
        CHECK_CONTAINS(err.text, cases[i].part);
    }
    base_yaml_node *root = NULL;
    CHECK_FAILS(base_yaml_parse(arena, "f.yaml", "a: 1\nb: \0", 9, &root, &err), BASE_INVALID,
                "f.yaml:2:4: a NUL byte");
}

static void test_depth(void **state) {
    (void)state;
    char text[200];
    for (int depth = 64; depth <= 65; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        base_yaml_node *root = NULL;
        const base_status status = base_yaml_parse(arena, "f.yaml", text, 2 * (size_t)depth, &root, &err);
        assert_int_equal(status, depth == 64 ? BASE_OK : BASE_INVALID);
    }
    CHECK_CONTAINS(err.text, "f.yaml:1:65: ");
    CHECK_CONTAINS(err.text, "deeper than 64");
}

static void test_equal(void **state) {
    (void)state;
    assert_true(base_yaml_equal(parse("{a: 1, b: [x, 2.0]}"), parse("b: [\"x\", 2]\na: 0x1\n")));
    assert_true(base_yaml_equal(parse("[.nan, ~]"), parse("[.NaN, null]")));
    static const char *const different[] = {"{a: 1}", "{a: '1'}", "{a: 2}",  "{b: 1}", "{a: 1, b: 1}",
                                            "[a, 1]", "[1, a]",   "{a: on}", "a",      "{a: true}"};
    for (size_t i = 0; i < CHECK_COUNT(different); i++) {
        for (size_t j = 0; j < CHECK_COUNT(different); j++) {
            assert_int_equal(base_yaml_equal(parse(different[i]), parse(different[j])), i == j);
        }
    }
    assert_false(base_yaml_equal(parse("9007199254740993"), parse("9007199254740992")));
}

static void test_set(void **state) {
    (void)state;
    base_yaml_node *root = parse("method: {sampler: gp, eta: 3}\nbudget:\nlist: [1]\nworkers: 4\n");
    CHECK_OK(base_yaml_set(arena, root, "budget.time=30m", &err));
    CHECK_OK(base_yaml_set(arena, root, "parameters.lr.max=0.1", &err));
    CHECK_OK(base_yaml_set(arena, root, "parameters.lr.values=[1, 'a=b']", &err));
    CHECK_OK(base_yaml_set(arena, root, "list=", &err));
    const char *wanted = "{method: {sampler: gp, eta: 3}, budget: {time: 30m}, list: null, workers: 4,"
                         " parameters: {lr: {max: 0.1, values: [1, a=b]}}}";
    assert_true(base_yaml_equal(root, parse(wanted)));
    assert_string_equal(base_yaml_get(base_yaml_get(root, "budget"), "time")->file, "--set budget.time");
    CHECK_OK(base_yaml_set(arena, root, "method=bohb", &err));
    assert_string_equal(base_yaml_get(root, "method")->text, "bohb");
    CHECK_FAILS(base_yaml_set(arena, root, "method.eta=3", &err), BASE_INVALID, "--set 'method={name: bohb, eta: 3}'");
    CHECK_OK(base_yaml_set(arena, root, "list=[1, 2]", &err));
    CHECK_FAILS(base_yaml_set(arena, root, "list.0=3", &err), BASE_INVALID, "one item of a list cannot be set");
    CHECK_FAILS(base_yaml_set(arena, root, "workers", &err), BASE_INVALID, "name=value");
    CHECK_FAILS(base_yaml_set(arena, root, "=3", &err), BASE_INVALID, "name=value");
    CHECK_FAILS(base_yaml_set(arena, root, "new..x=3", &err), BASE_INVALID, "an empty part");
    CHECK_FAILS(base_yaml_set(arena, root, "new.=3", &err), BASE_INVALID, "an empty part");
    CHECK_FAILS(base_yaml_set(arena, root, "new.x=[1", &err), BASE_INVALID, "--set new.x:1:");
    assert_null(base_yaml_get(root, "new"));
    base_yaml_node *list = parse("[1]");
    CHECK_FAILS(base_yaml_set(arena, list, "a=3", &err), BASE_INVALID, "the file holds a list");
    base_yaml_node *empty = parse("");
    CHECK_OK(base_yaml_set(arena, empty, "a.b=3", &err));
    assert_true(base_yaml_equal(empty, parse("a: {b: 3}")));
}

static void test_made_nodes(void **state) {
    (void)state;
    base_yaml_node *map = base_yaml_new_map(arena, NULL);
    for (int64_t i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", (int)(i % 50));
        char value[16];
        snprintf(value, sizeof value, "%d", (int)i);
        base_yaml_put(arena, map, key, base_yaml_scalar(arena, NULL, value, false));
    }
    assert_int_equal(map->count, 50);
    assert_int_equal(base_yaml_get(map, "k7")->integer, 57);
    const base_yaml_node *copy = base_yaml_copy(arena, map);
    base_yaml_put(arena, map, "k7", base_yaml_scalar(arena, NULL, "0", false));
    assert_int_equal(base_yaml_get(copy, "k7")->integer, 57);
    assert_false(base_yaml_equal(map, copy));
    /* A parsed list can be appended to. */
    base_yaml_node *list = parse("[0, 1, 2, 3, 4]");
    for (int i = 5; i < 40; i++) {
        base_yaml_append(arena, list, base_yaml_scalar(arena, list, base_arena_printf(arena, "%d", i), false));
    }
    assert_int_equal(list->count, 40);
    for (size_t i = 0; i < 40; i++) assert_int_equal(list->items[i]->integer, i);
    expect_position(list->items[39], 1, 1);
    assert_int_equal(base_yaml_fail(map, &err, "no %s", "place"), BASE_INVALID);
    assert_string_equal(err.text, "no place");
    base_yaml_fail(list, &err, "x");
    assert_string_equal(err.text, "f.yaml:1:1: x");
}

/* YAML 1.1 (yaml.org/type: bool, float, int, timestamp) has more words and other numbers than 1.2. */
static void test_portable(void **state) {
    (void)state;
    static const struct {
        const char *source, *portable;
    } table[] = {
        {"1e-5", "1.0e-05"},
        {"2.5e-7", "2.5e-07"},
        {"1e22", "1.0e+22"},
        {"1.50", "1.5"},
        {"0x1F", "31"},
        {"'7'", "\"7\""},
        {"No", "\"No\""},
        {"y", "\"y\""},
        {"on", "\"on\""},
        {"none", "none"},
        {"1_000", "\"1_000\""},
        {"2001-12-14", "\"2001-12-14\""},
        {"0b11", "\"0b11\""},
        {"3x3_conv", "3x3_conv"},
        {"null", "null"},
        {"-.inf", "-.inf"},
        {"true", "true"},
        {"1.1.2", "\"1.1.2\""},
        {"{off: 1}", "{\"off\": 1}"},
        {"{1e-3: 0.5}", "{\"1e-3\": 0.5}"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        base_buf out = {0};
        base_yaml_node *map = parse(base_arena_printf(arena, "k: %s\n", table[i].source));
        base_yaml_print_portable(map, &out);
        assert_string_equal(base_buf_text(&out), base_arena_printf(arena, "k: %s\n", table[i].portable));
        base_buf_fini(&out);
    }
}

/* Maps of every size around the one from which keys are indexed: found after adding, replacing, copying, sorting. */
static void test_many_keys(void **state) {
    (void)state;
    for (int count = 0; count < 200; count += count < 40 ? 1 : 53) {
        base_yaml_node *map = base_yaml_new_map(arena, NULL);
        for (int i = 0; i < count; i++) {
            base_yaml_put(arena, map, base_arena_printf(arena, "k%d", (i * 37) % 997),
                          base_yaml_scalar(arena, NULL, base_arena_printf(arena, "%d", i), false));
        }
        if (count > 0) base_yaml_put(arena, map, "k0", base_yaml_scalar(arena, NULL, "1000", false));
        base_yaml_node *sorted = base_yaml_copy(arena, map);
        base_yaml_sort(arena, sorted);
        assert_true(base_yaml_equal(map, sorted) && base_yaml_equal(sorted, map));
        assert_int_equal(map->count, count);
        for (int i = 0; i < count; i++) {
            const char *key = base_arena_printf(arena, "k%d", (i * 37) % 997);
            assert_ptr_equal(base_yaml_get(map, key), map->items[i]);
            assert_string_equal(base_yaml_key(sorted, key)->text, key);
            assert_int_equal(base_yaml_get(sorted, key)->integer, i > 0 ? i : 1000);
            if (i > 0) assert_true(strcmp(sorted->keys[i - 1]->text, sorted->keys[i]->text) < 0);
        }
        assert_null(base_yaml_get(map, "k998"));
        base_yaml_put(arena, sorted, "k998", base_yaml_new_list(arena, NULL));
        assert_int_equal(base_yaml_get(sorted, "k998")->kind, BASE_YAML_LIST);
        assert_null(base_yaml_get(map, "k998"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tree_and_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_portable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_keys, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
