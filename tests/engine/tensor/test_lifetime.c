/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/rng.h"
#include "engine/tensor/lifetime.h"

static bool disjoint(const eng_extent *a, const eng_extent *b) {
    bool in_time = a->to < b->from || b->to < a->from;
    bool in_space = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
    return in_time || in_space || a->bytes == 0 || b->bytes == 0;
}

static size_t most_alive(const eng_extent *extents, size_t count, size_t times) {
    size_t most = 0;
    for (size_t t = 0; t < times; t++) {
        size_t alive = 0;
        for (size_t i = 0; i < count; i++)
            if (extents[i].from <= t && t <= extents[i].to) alive += extents[i].bytes;
        if (alive > most) most = alive;
    }
    return most;
}

/* Random lifetimes: never two at one place and time, never above the sum, never below what must be alive at once. */
static void no_two_meet(void **state) {
    (void)state;
    enum { COUNT = 40, TIMES = 20 };
    double excess = 0.0;
    for (uint32_t round = 0; round < 500; round++) {
        base_rng rng = base_rng_stream(4, BASE_RNG_TEST, round, 0);
        eng_extent extents[COUNT];
        size_t sum = 0, count = 1 + (size_t)base_rng_below(&rng, COUNT), end = 0;
        for (size_t i = 0; i < count; i++) {
            size_t from = (size_t)base_rng_below(&rng, TIMES), length = (size_t)base_rng_below(&rng, 6);
            size_t to = from + length < TIMES ? from + length : TIMES - 1;
            extents[i] = (eng_extent){.bytes = 64 * (size_t)base_rng_below(&rng, 30), .from = from, .to = to};
            sum += extents[i].bytes;
        }
        size_t size = eng_lifetime_place(extents, count), least = most_alive(extents, count, TIMES);
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < i; j++) assert_true(disjoint(&extents[i], &extents[j]));
            if (extents[i].offset + extents[i].bytes > end) end = extents[i].offset + extents[i].bytes;
        }
        assert_int_equal(size, end);
        assert_in_range(size, least, sum);
        excess += least == 0 ? 0.0 : (double)size / (double)least - 1.0;
    }
    CHECK_NEAR(excess / 500.0, 0.0, 0.1);
}

static void a_chain_needs_two_neighbours(void **state) {
    (void)state;
    eng_extent chain[10];
    for (size_t i = 0; i < 10; i++) chain[i] = (eng_extent){.bytes = 640, .from = i, .to = i + 1};
    assert_int_equal(eng_lifetime_place(chain, 10), 1280);
    eng_extent together[3] = {{64, 0, 9, 0}, {128, 3, 4, 0}, {192, 4, 4, 0}};
    assert_int_equal(eng_lifetime_place(together, 3), 384);
    assert_int_equal(eng_lifetime_place(NULL, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_meet),
        cmocka_unit_test(a_chain_needs_two_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
