/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash index against a search from the front: every position of a hash, in the order of adding. */
#include "base/index.h"

#include "tests/support/check.h"

#include "base/rng.h"

static size_t next_from_front(const uint64_t *hashes, size_t count, uint64_t hash, size_t from) {
    while (from < count && hashes[from] != hash) from++;
    return from < count ? from : SIZE_MAX;
}

static void check_index(base_arena *arena, uint64_t distinct, uint64_t spacing) {
    enum { COUNT = 3000 };
    uint64_t hashes[COUNT];
    base_index index = {0};
    base_rng rng = base_rng_stream(7, BASE_RNG_SAMPLER, (uint32_t)distinct, 0);
    for (size_t i = 0; i < COUNT; i++) {
        hashes[i] = base_rng_below(&rng, distinct) * spacing;
        base_index_add(arena, &index, hashes[i], i);
        const uint64_t asked = base_rng_below(&rng, distinct + 1) * spacing;
        size_t cursor = 0, from = 0, want, got;
        do {
            want = next_from_front(hashes, i + 1, asked, from);
            got = base_index_next(&index, asked, &cursor);
            assert_true(got == want);
            from = want + 1;
        } while (want != SIZE_MAX);
    }
    assert_int_equal(index.count, COUNT);
}

/* Many equal hashes, few, and hashes that differ in high or in low bits only. */
static void test_against_search(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    check_index(arena, 30, 1);
    check_index(arena, 100000, 1);
    check_index(arena, 1000, UINT64_C(1) << 40);
    check_index(arena, UINT64_MAX / 2, 2);
    base_arena_destroy(arena);
}

static void test_empty(void **state) {
    (void)state;
    const base_index index = {0};
    size_t cursor = 0;
    assert_true(base_index_next(&index, 3, &cursor) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_search),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
