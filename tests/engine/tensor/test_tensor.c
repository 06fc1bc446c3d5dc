/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/tensor/tensor.h"

/* Under AddressSanitizer: NULL for a size that cannot be had, as without it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static void shapes_count_and_compare(void **state) {
    (void)state;
    eng_shape a = eng_shape_1d(7), b = eng_shape_2d(3, 4), scalar = {.ndim = 0};
    eng_shape five = {.ndim = 5, .dim = {2, 3, 1, 4, 5}}, empty = eng_shape_2d(3, 0);
    assert_int_equal(eng_shape_count(&a), 7);
    assert_int_equal(eng_shape_count(&b), 12);
    assert_int_equal(eng_shape_count(&scalar), 1);
    assert_int_equal(eng_shape_count(&five), 120);
    assert_int_equal(eng_shape_count(&empty), 0);
    eng_shape turned = eng_shape_2d(4, 3), same = eng_shape_2d(3, 4), flat = eng_shape_1d(12);
    assert_true(eng_shape_equal(&b, &same));
    assert_false(eng_shape_equal(&b, &turned));
    assert_false(eng_shape_equal(&b, &flat));
}

static void memory_is_aligned_and_zero(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000};
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        base_err err;
        void *memory;
        CHECK_OK(eng_alloc(sizes[i], &memory, &err));
        assert_int_equal((uintptr_t)memory % ENG_ALIGN, 0);
        const unsigned char *bytes = memory;
        for (size_t k = 0; k < eng_align_bytes(sizes[i]); k++) assert_int_equal(bytes[k], 0);
        eng_free(memory);
    }
    assert_int_equal(eng_align_bytes(65), 128);
    assert_int_equal(eng_align_floats(17), 32);
    assert_int_equal(eng_align_floats(16), 16);
    eng_free(NULL);
}

static void too_much_memory_is_a_status(void **state) {
    (void)state;
    base_err err;
    void *memory = &err;
    CHECK_FAILS(eng_alloc(SIZE_MAX / 4, &memory, &err), BASE_NOMEM, "no memory for a tensor of 46116860184273879");
    assert_null(memory);
    CHECK_STATUS(eng_alloc(SIZE_MAX, &memory, &err), BASE_NOMEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_count_and_compare),
        cmocka_unit_test(memory_is_aligned_and_zero),
        cmocka_unit_test(too_much_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
