/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <stdlib.h>

#include "base/arena.h"
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

/* The listing itself: every extent against every other that is placed. */
static size_t naive_offset(const eng_extent *extents, const size_t *placed, size_t count, const eng_extent *e) {
    size_t end = 0, best = SIZE_MAX, best_size = SIZE_MAX;
    for (size_t i = 0; i < count; i++) { /* by offset */
        const eng_extent *other = &extents[placed[i]];
        if (other->to < e->from || e->to < other->from) continue;
        if (other->offset > end && other->offset - end >= e->bytes && other->offset - end < best_size) {
            best = end;
            best_size = other->offset - end;
        }
        if (other->offset + other->bytes > end) end = other->offset + other->bytes;
    }
    return best == SIZE_MAX ? end : best;
}

static void place_naively(eng_extent *extents, size_t count) {
    size_t *placed = base_calloc(count, sizeof *placed), n = 0;
    bool *done = base_calloc(count, sizeof *done);
    for (; n < count; n++) {
        size_t next = SIZE_MAX;
        for (size_t i = 0; i < count; i++)
            if (!done[i] && (next == SIZE_MAX || extents[i].bytes > extents[next].bytes)) next = i;
        done[next] = true;
        extents[next].offset = naive_offset(extents, placed, n, &extents[next]);
        size_t at = n;
        for (; at > 0 && extents[placed[at - 1]].offset > extents[next].offset; at--) placed[at] = placed[at - 1];
        placed[at] = next;
    }
    free(placed);
    free(done);
}

/* Lives of all lengths over a time that is long enough for many of the parts it is cut into. */
static void many_are_placed_as_by_the_listing(void **state) {
    (void)state;
    enum { COUNT = 700 };
    static const size_t times[] = {10, 333, 9000};
    for (uint32_t round = 0; round < 12; round++) {
        base_rng rng = base_rng_stream(4, BASE_RNG_TEST, round, 1);
        eng_extent fast[COUNT], naive[COUNT];
        const size_t all = times[round % CHECK_COUNT(times)];
        for (size_t i = 0; i < COUNT; i++) {
            const size_t from = (size_t)base_rng_below(&rng, (uint32_t)all), kind = (size_t)base_rng_below(&rng, 3);
            const size_t to = kind == 0 ? from : kind == 1 ? from + all / 50 : 2 * all - from;
            const size_t sizes = round < 6 ? 5 : 3000; /* few, as in networks, or many */
            fast[i] =
                (eng_extent){.bytes = 64 * (1 + (size_t)base_rng_below(&rng, (uint32_t)sizes)), .from = from, .to = to};
            naive[i] = fast[i];
        }
        eng_lifetime_place(fast, COUNT);
        place_naively(naive, COUNT);
        for (size_t i = 0; i < COUNT; i++) assert_int_equal(fast[i].offset, naive[i].offset);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_meet),
        cmocka_unit_test(a_chain_needs_two_neighbours),
        cmocka_unit_test(many_are_placed_as_by_the_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
