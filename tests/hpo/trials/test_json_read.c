/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON cursor: values and escapes by hand, and Jansson as the judge of what is JSON at all. */
#include "hpo/trials/json_read.h"

#include <jansson.h>

#include "base/rng.h"
#include "tests/support/check.h"

static hpo_json_reader read_text(const char *text) {
    return hpo_json_read(text, strlen(text));
}

static bool is_whole(const char *text, size_t length) {
    hpo_json_reader reader = hpo_json_read(text, length);
    hpo_json_skip(&reader);
    return hpo_json_done(&reader);
}

static void test_object(void **state) {
    (void)state;
    hpo_json_reader reader = read_text(" { \"a\" : 1 , \"b\":[1, 2 ,3],\"c\":{\"d\":null},\"e\":true,\"f\":-2.5e-3 } ");
    hpo_json_text key;
    bool more = hpo_json_enter(&reader, '{');
    assert_true(hpo_json_key(&reader, &more, &key) && hpo_json_is(key, "a"));
    assert_int_equal(hpo_json_u64(&reader), 1);
    assert_true(hpo_json_key(&reader, &more, &key) && hpo_json_is(key, "b"));
    bool inner = hpo_json_enter(&reader, '[');
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(hpo_json_item(&reader, &inner));
        assert_int_equal(hpo_json_u32(&reader), i);
    }
    assert_false(hpo_json_item(&reader, &inner));
    assert_true(hpo_json_key(&reader, &more, &key) && hpo_json_is(key, "c"));
    hpo_json_skip(&reader);
    assert_true(hpo_json_key(&reader, &more, &key) && hpo_json_is(key, "e"));
    assert_true(hpo_json_bool(&reader));
    assert_true(hpo_json_key(&reader, &more, &key) && hpo_json_is(key, "f"));
    CHECK_SAME_DOUBLE(hpo_json_real(&reader), -2.5e-3);
    assert_false(hpo_json_key(&reader, &more, &key));
    assert_true(hpo_json_done(&reader));
}

static void test_numbers(void **state) {
    (void)state;
    hpo_json_reader reader = read_text("18446744073709551615");
    assert_true(hpo_json_u64(&reader) == UINT64_MAX && hpo_json_done(&reader));
    reader = read_text("\"18446744073709551615\"");
    assert_true(hpo_json_u64(&reader) == UINT64_MAX && hpo_json_done(&reader));
    reader = read_text("-17");
    assert_true(hpo_json_int(&reader) == -17 && hpo_json_done(&reader));
    reader = read_text("-0.0");
    CHECK_SAME_DOUBLE(hpo_json_real(&reader), -0.0);
    reader = read_text("\"-inf\"");
    CHECK_SAME_DOUBLE(hpo_json_real(&reader), -INFINITY);
    reader = read_text("\"nan\"");
    assert_true(isnan(hpo_json_real(&reader)) && !reader.bad);
    const char *const bad_reals[] = {"", "\"nano\"", "+1", "true", "1.2.3", "--1", "{}"};
    for (size_t i = 0; i < CHECK_COUNT(bad_reals); i++) {
        reader = read_text(bad_reals[i]);
        hpo_json_real(&reader);
        assert_true(reader.bad);
    }
    const char *const bad_integers[] = {"18446744073709551616", "-1", "\"12", "x", "", "99999999999999999999999"};
    for (size_t i = 0; i < CHECK_COUNT(bad_integers); i++) {
        reader = read_text(bad_integers[i]);
        hpo_json_u64(&reader);
        assert_true(reader.bad);
    }
    reader = read_text("4294967296");
    hpo_json_u32(&reader);
    assert_true(reader.bad);
}

/* Decimals of every length, with and without a sign and a fraction, are what strtod makes of them. */
static void test_decimals(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(21, BASE_RNG_TEST, 0, 0);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        size_t length = 0;
        const size_t whole = 1 + (size_t)base_rng_below(&rng, 17), fraction = (size_t)base_rng_below(&rng, 18);
        if (base_rng_below(&rng, 2)) text[length++] = '-';
        for (size_t k = 0; k < whole; k++) text[length++] = (char)('0' + base_rng_below(&rng, 10));
        if (fraction > 0) text[length++] = '.';
        for (size_t k = 0; k < fraction; k++) text[length++] = (char)('0' + base_rng_below(&rng, 10));
        memcpy(text + length, base_rng_below(&rng, 2) ? ",1" : "e2", 3);
        hpo_json_reader reader = hpo_json_read(text, length + 2);
        char *end;
        const double want = strtod(text, &end);
        CHECK_SAME_DOUBLE(hpo_json_real(&reader), want);
        assert_ptr_equal(reader.at, end);
    }
}

/* Every beginning of an object is torn, and the whole of it is not; what does not begin as one is something else. */
static void test_torn(void **state) {
    (void)state;
    static const char whole[] = "{\"a\\\"}\": [1, {\"b\": \"}\"}], \"c\": null}";
    const size_t length = sizeof whole - 1;
    for (size_t i = 1; i < length; i++) assert_true(hpo_json_is_torn(whole, i));
    assert_false(hpo_json_is_torn(whole, length));
    assert_false(hpo_json_is_torn("{}x", 3));
    assert_false(hpo_json_is_torn("", 0));
    assert_false(hpo_json_is_torn("x", 1));
    for (size_t i = 1; i <= length; i++) {
        hpo_json_reader reader = hpo_json_read(whole, i);
        hpo_json_pass_object(&reader);
        assert_int_equal(hpo_json_done(&reader), i == length);
    }
    hpo_json_reader list = read_text("[1]");
    hpo_json_pass_object(&list);
    assert_true(list.bad);
}

static void test_escapes(void **state) {
    (void)state;
    const struct {
        const char *json, *text;
    } pairs[] = {
        {"\"\"", ""},
        {"\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d"},
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude42!\"", "\xf0\x9f\x99\x82!"},
        {"\"\\ud83d\"", "\xef\xbf\xbd"}, /* half a pair */
        {"\"\xf0\x9f\x99\x82\"", "\xf0\x9f\x99\x82"},
    };
    for (size_t i = 0; i < CHECK_COUNT(pairs); i++) {
        char text[64];
        hpo_json_reader reader = read_text(pairs[i].json);
        assert_int_equal(hpo_json_decode(hpo_json_string(&reader), text, sizeof text), strlen(pairs[i].text));
        assert_true(hpo_json_done(&reader));
        assert_string_equal(text, pairs[i].text);
    }
    hpo_json_reader reader = read_text("\"ab\\u20ac\"");
    char small[5];
    assert_int_equal(hpo_json_decode(hpo_json_string(&reader), small, sizeof small), 2); /* no half characters */
    assert_string_equal(small, "ab");
}

static void test_python(void **state) {
    (void)state;
    const char *text = "{\"a\":NaN,\"b\":[Infinity,-Infinity]}";
    assert_true(is_whole(text, strlen(text)));
}

static void test_depth(void **state) {
    (void)state;
    char deep[4096];
    memset(deep, '[', sizeof deep);
    assert_false(is_whole(deep, sizeof deep));
}

/* Mutations of a line: accepted here exactly when Jansson accepts them. Numbers are left alone, because Jansson is
 * stricter about their form and size than a reader must be. */
static void test_against_jansson(void **state) {
    (void)state;
    static const char line[] = "{\"op_code\":8,\"x\":{\"hpo:result\":{\"rung\":0,\"value\":-0.5,\"final\":true,"
                               "\"reason\":\"a \\\"b\\\" \\n \\u00e9\",\"list\":[1,null,false,{}],\"e\":{}}}}";
    static const char alphabet[] = "{}[]\",:\\ tfnu\n";
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    size_t accepted = 0;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof line];
        size_t length = sizeof line - 1;
        memcpy(text, line, sizeof line);
        for (uint64_t i = 0, count = 1 + base_rng_below(&rng, 2); i < count; i++) {
            char c = alphabet[base_rng_below(&rng, sizeof alphabet - 1)];
            char *at = &text[base_rng_below(&rng, length)];
            if (!strchr("0123456789-.", *at)) *at = c;
        }
        if (base_rng_below(&rng, 4) == 0) length = (size_t)base_rng_below(&rng, length + 1);
        json_t *tree = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        bool expected = tree != NULL;
        json_decref(tree);
        bool escape = memmem(text, length, "\\", 1) != NULL; /* unknown escapes are let through here */
        bool got = is_whole(text, length);
        if (got != expected && !(got && escape)) fail_msg("%.*s: got %d", (int)length, text, got);
        accepted += expected;
    }
    assert_in_range(accepted, 1000, 15000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object), cmocka_unit_test(test_numbers),         cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_torn),   cmocka_unit_test(test_escapes),         cmocka_unit_test(test_python),
        cmocka_unit_test(test_depth),  cmocka_unit_test(test_against_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
