/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/tensor/subnormal.h"

#include <float.h>

#include "tests/support/check.h"

static volatile float factor; /* so that nothing is computed while compiling */

static float times(float f, float x) {
    factor = x;
    const float loaded = factor;
    factor = loaded * f;
    return factor;
}

static float half_of(float x) {
    return times(0.5f, x);
}

static float twice(float x) {
    return times(2.0f, x);
}

static bool flushes_on_this_machine(void) {
#if defined(__x86_64__) || defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

/* The smallest normal number has a subnormal half; twice a subnormal is not zero. */
static void they_are_zero_while_flushed(void **state) {
    (void)state;
    const float subnormal = FLT_MIN / 4, normal = FLT_MIN;
    assert_true(half_of(normal) > 0);
    const uint64_t before = eng_subnormals_flush();
    const float made = half_of(normal), read = twice(subnormal), kept = half_of(4 * normal);
    eng_subnormals_restore(before);
    assert_true((made == 0) == flushes_on_this_machine());
    assert_true((read == 0) == flushes_on_this_machine());
    assert_true(kept == 2 * normal);
    assert_true(half_of(normal) > 0);
    assert_true(twice(subnormal) > 0);
}

static void an_inner_flush_does_not_end_an_outer_one(void **state) {
    (void)state;
    const uint64_t outer = eng_subnormals_flush();
    const uint64_t inner = eng_subnormals_flush();
    eng_subnormals_restore(inner);
    const float still = half_of(FLT_MIN);
    eng_subnormals_restore(outer);
    assert_true((still == 0) == flushes_on_this_machine());
    assert_true(half_of(FLT_MIN) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_zero_while_flushed),
        cmocka_unit_test(an_inner_flush_does_not_end_an_outer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
