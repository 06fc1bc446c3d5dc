/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wire format against the examples of its documentation, and IEEE 754 by hand. */
#include "tests/support/check.h"

#include "engine/export/protobuf.h"

static void check_bytes(base_buf *message, const char *bytes, size_t length) {
    assert_int_equal(message->length, length);
    assert_memory_equal(message->data, bytes, length);
    base_buf_fini(message);
}

/* https://protobuf.dev/programming-guides/encoding: Test1 {a: 150}, Test2 {b: "testing"}, Test3 {c {a: 150}}, and a
 * negative number, which takes ten bytes. */
static void the_examples_of_the_documentation(void **state) {
    (void)state;
    base_buf one = {0}, two = {0}, three = {0}, negative = {0};
    eng_pb_int(&one, 1, 150);
    check_bytes(&one, "\x08\x96\x01", 3);
    eng_pb_string(&two, 2, "testing");
    check_bytes(&two, "\x12\x07testing", 9);
    eng_pb_int(&one, 1, 150);
    eng_pb_message(&three, 3, &one);
    assert_int_equal(one.length, 0);
    check_bytes(&three, "\x1a\x03\x08\x96\x01", 5);
    eng_pb_int(&negative, 1, -2);
    check_bytes(&negative, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    base_buf_fini(&one);
}

static void floats_and_large_fields(void **state) {
    (void)state;
    base_buf number = {0}, field = {0}, empty = {0};
    eng_pb_float(&number, 2, -1.5f);
    check_bytes(&number, "\x15\x00\x00\xc0\xbf", 5);
    eng_pb_int(&field, 20, 7);
    check_bytes(&field, "\xa0\x01\x07", 3);
    eng_pb_message(&field, 1, &empty);
    check_bytes(&field, "\x0a\x00", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_documentation),
        cmocka_unit_test(floats_and_large_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
