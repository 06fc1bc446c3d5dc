/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/arena.h"

static bool all_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

/* Each allocation is filled with its own byte; an overlap or a forgotten zero shows when all are read again. */
static void fill_and_verify(base_arena *arena, size_t count) {
    unsigned char **blocks = base_calloc(count, sizeof *blocks);
    for (size_t i = 0; i < count; i++) {
        size_t size = (i * 37) % 300 + (i % 50 == 0 ? 10000 : 0);
        blocks[i] = base_arena_alloc(arena, size);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true(all_zero(blocks[i], size));
        memset(blocks[i], (int)(i % 251 + 1), size);
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = (i * 37) % 300 + (i % 50 == 0 ? 10000 : 0);
        for (size_t k = 0; k < size; k++) assert_int_equal(blocks[i][k], i % 251 + 1);
    }
    free(blocks);
}

static void allocations_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    fill_and_verify(arena, 500);
    base_arena_reset(arena);
    fill_and_verify(arena, 700);
    base_arena_destroy(arena);
    base_arena_destroy(NULL);
}

static void a_reset_gives_the_same_memory_again(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    void *first = base_arena_alloc(arena, 100), *large = base_arena_alloc(arena, 3 << 20);
    for (int round = 0; round < 3; round++) {
        base_arena_reset(arena);
        assert_ptr_equal(base_arena_alloc(arena, 100), first);
        assert_ptr_equal(base_arena_alloc(arena, 3 << 20), large);
    }
    base_arena_destroy(arena);
}

static void nothing_is_something_too(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    void *a = base_arena_alloc(arena, 0), *b = base_arena_alloc(arena, 0), *c = BASE_NEW_ARRAY(arena, 0, double);
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(b, c);
    base_arena_destroy(arena);
}

static void texts_are_copied(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    char text[] = "learning rate";
    char *whole = base_arena_strdup(arena, text), *part = base_arena_strndup(arena, text, 8);
    char *all = base_arena_strndup(arena, text, 1000);
    text[0] = 'X';
    assert_string_equal(whole, "learning rate");
    assert_string_equal(part, "learning");
    assert_string_equal(all, "learning rate");
    assert_string_equal(base_arena_printf(arena, "%s=%d", part, 7), "learning=7");
    char *padded = base_arena_printf(arena, "%*d", 9000, 5);
    assert_int_equal(strlen(padded), 9000);
    char *copy = base_strdup(whole);
    assert_string_equal(copy, whole);
    free(copy);
    base_arena_destroy(arena);
}

static void vectors_grow_by_doubling(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0, moves = 0, last = 0;
    for (size_t i = 0; i < 100000; i++) {
        BASE_GROW(items, capacity, i + 1);
        items[i] = (int)i;
        moves += capacity != last;
        last = capacity;
    }
    for (size_t i = 0; i < 100000; i++) assert_int_equal(items[i], i);
    assert_int_equal(capacity, 131072); /* 8 doubled 14 times */
    assert_int_equal(moves, 15);
    BASE_GROW(items, capacity, 1000000);
    assert_int_equal(capacity, 1000000);
    free(items);
}

static jmp_buf escape;
static size_t refused;

static void leave(size_t wanted) {
    refused = wanted;
    longjmp(escape, 1);
}

/* Runs the call and expects it to end in the hook. */
#define REFUSED(call)                                                                                                  \
    do {                                                                                                               \
        refused = 0;                                                                                                   \
        if (setjmp(escape) == 0) {                                                                                     \
            (void)(call);                                                                                              \
            fail_msg("%s came back", #call);                                                                           \
        }                                                                                                              \
        assert_true(refused > 0);                                                                                      \
    } while (0)

static void sizes_that_cannot_be_had_reach_the_hook(void **state) {
    (void)state;
    static base_arena *arena;
    arena = base_arena_create();
    assert_null(base_set_oom_hook(leave));
    REFUSED(base_malloc(SIZE_MAX));
    assert_true(refused == SIZE_MAX);
    REFUSED(base_calloc(SIZE_MAX / 2, 4)); /* the product wraps to a small number */
    REFUSED(base_arena_alloc(arena, SIZE_MAX));
    REFUSED(base_arena_alloc(arena, SIZE_MAX - 15));
    REFUSED(base_arena_array(arena, SIZE_MAX / 8 + 2, 8));
    static void *data;
    static size_t capacity;
    REFUSED((base_grow_bytes(&data, &capacity, SIZE_MAX / 4, 8), 0));
    assert_null(data);
    assert_int_equal(capacity, 0);
    assert_ptr_equal(base_set_oom_hook(NULL), leave);
    memset(base_arena_alloc(arena, 64), 1, 64); /* still usable */
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_reset_gives_the_same_memory_again),
        cmocka_unit_test(nothing_is_something_too),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(vectors_grow_by_doubling),
        cmocka_unit_test(sizes_that_cannot_be_had_reach_the_hook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
