/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields: what is put is taken, in place and aligned; what is cut off or longer than it says fails and reads as zero.
 */
#include "tests/support/check.h"

#include "base/arena.h"
#include "hpo/dispatch/fields.h"

static void put_all(base_buf *out) {
    hpo_put_u64(out, UINT64_MAX - 1);
    hpo_put_double(out, -0.0);
    hpo_put_text(out, "a\0b", 3);
    hpo_put_sentence(out, "12345678"); /* a whole number of eights: the NUL needs another */
    hpo_put_sentence(out, NULL);
    hpo_put_u64(out, 7);
}

static void test_what_is_put_is_taken(void **state) {
    (void)state;
    base_buf out = {0};
    put_all(&out);
    assert_int_equal(out.length % 8, 0);
    hpo_fields in = {(const unsigned char *)out.data, out.length, false};
    size_t length;
    assert_true(hpo_take_u64(&in) == UINT64_MAX - 1);
    CHECK_SAME_DOUBLE(hpo_take_double(&in), -0.0);
    const char *text = hpo_take_text(&in, &length);
    assert_int_equal(length, 3);
    assert_memory_equal(text, "a\0b", 4);
    assert_int_equal((text - out.data) % 8, 0);
    assert_string_equal(hpo_take_text(&in, NULL), "12345678");
    assert_string_equal(hpo_take_text(&in, &length), "");
    assert_int_equal(length, 0);
    assert_int_equal(hpo_take_u64(&in), 7);
    assert_true(!in.failed && in.left == 0);
    base_buf_fini(&out);
}

/* Every length of what is left, in memory of its own, so that a read behind it is seen. */
static void test_what_is_cut_off_fails(void **state) {
    (void)state;
    base_buf out = {0};
    put_all(&out);
    for (size_t left = 0; left < out.length; left++) {
        unsigned char *copy = base_calloc(left + 1, 1);
        memcpy(copy, out.data, left);
        hpo_fields in = {copy, left, false};
        (void)hpo_take_u64(&in);
        (void)hpo_take_double(&in);
        for (int i = 0; i < 3; i++) (void)hpo_take_text(&in, NULL);
        assert_int_equal(hpo_take_u64(&in), 0);
        assert_true(in.failed);
        assert_string_equal(hpo_take_text(&in, NULL), "");
        free(copy);
    }
    base_buf_fini(&out);
}

static void test_texts_that_are_none(void **state) {
    (void)state;
    static const uint64_t lengths[] = {0, 1, 6, 8, 9, HPO_FIELD_MAX - 1, HPO_FIELD_MAX, UINT64_MAX - 7, UINT64_MAX};
    for (size_t i = 0; i < CHECK_COUNT(lengths); i++) {
        uint64_t field[2] = {lengths[i]};
        memset(&field[1], 'x', sizeof field[1]); /* no NUL */
        hpo_fields in = {(const unsigned char *)field, sizeof field, false};
        size_t length = 1;
        assert_string_equal(hpo_take_text(&in, &length), "");
        assert_int_equal(length, 0);
        assert_true(in.failed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_taken),
        cmocka_unit_test(test_what_is_cut_off_fails),
        cmocka_unit_test(test_texts_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
