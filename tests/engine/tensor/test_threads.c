/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads of a pass: every part once, jobs one after another, sleep and waking, subnormal numbers. */
#include "tests/support/check.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "engine/tensor/subnormal.h"
#include "engine/tensor/threads.h"

enum { MOST = 5, ROOM = 1000, JOBS = 5000 };

typedef struct tally {
    size_t threads;
    atomic_size_t calls[ROOM];
    size_t written[ROOM]; /* not atomic: a part owns its place */
    size_t value;
} tally;

static void count_part(const void *self, size_t thread, size_t part) {
    tally *t = *(tally *const *)self;
    assert_true(thread < t->threads && part < ROOM);
    atomic_fetch_add(&t->calls[part], 1);
    t->written[part] = t->value + part;
}

static void each_part_is_done_once(void **state) {
    (void)state;
    static const size_t parts[] = {0, 1, 2, 3, 7, 64, ROOM};
    for (size_t n = 1; n <= MOST; n++) {
        base_err err;
        eng_threads *threads;
        CHECK_OK(eng_threads_create(n, &threads, &err));
        assert_int_equal(eng_threads_count(threads), n);
        for (size_t i = 0; i < CHECK_COUNT(parts); i++) {
            tally *t = calloc(1, sizeof *t);
            t->threads = n;
            eng_threads_run(threads, parts[i], count_part, &t);
            for (size_t p = 0; p < ROOM; p++) assert_int_equal(t->calls[p], p < parts[i] ? 1 : 0);
            free(t);
        }
        eng_threads_destroy(threads);
    }
}

/* What one job writes the next reads and changes: nothing may still be going on. */
static void jobs_follow_each_other(void **state) {
    (void)state;
    base_err err;
    eng_threads *threads;
    CHECK_OK(eng_threads_create(3, &threads, &err));
    tally *t = calloc(1, sizeof *t);
    t->threads = 3;
    for (size_t job = 0; job < JOBS; job++) {
        const size_t parts = 2 + job % 9;
        t->value = job;
        eng_threads_run(threads, parts, count_part, &t);
        for (size_t p = 0; p < parts; p++) assert_int_equal(t->written[p], job + p);
        if (job % 1000 == 999) base_sleep(0.002); /* they fall asleep */
    }
    free(t);
    eng_threads_destroy(threads);
}

static void nobody_is_the_caller_alone(void **state) {
    (void)state;
    tally *t = calloc(1, sizeof *t);
    t->threads = 1;
    assert_int_equal(eng_threads_count(NULL), 1);
    eng_threads_run(NULL, 7, count_part, &t);
    for (size_t p = 0; p < 7; p++) assert_int_equal(t->calls[p], 1);
    eng_threads_destroy(NULL);
    free(t);
}

typedef struct cover {
    size_t unit, count;
    atomic_size_t calls;
    unsigned char seen[ROOM];
} cover;

static void cover_range(const void *self, size_t thread, size_t begin, size_t end) {
    cover *c = *(cover *const *)self;
    (void)thread;
    atomic_fetch_add(&c->calls, 1);
    assert_true(begin <= end && end <= c->count);
    assert_true(begin % c->unit == 0 && (end % c->unit == 0 || end == c->count));
    for (size_t i = begin; i < end; i++) c->seen[i]++;
}

static void ranges_are_whole_units(void **state) {
    (void)state;
    base_err err;
    eng_threads *threads;
    CHECK_OK(eng_threads_create(4, &threads, &err));
    for (size_t unit = 1; unit <= 100; unit += 11)
        for (size_t count = 0; count <= ROOM; count += 37) {
            cover *c = calloc(1, sizeof *c);
            c->unit = unit;
            c->count = count;
            eng_threads_ranges(threads, count, unit, cover_range, &c);
            for (size_t i = 0; i < ROOM; i++) assert_int_equal(c->seen[i], i < count ? 1 : 0);
            if (count < 2 * unit) assert_int_equal(c->calls, 1);
            if (count >= 4 * unit) assert_true(c->calls >= 4);
            free(c);
        }
    eng_threads_destroy(threads);
}

static void halve(const void *self, size_t thread, size_t part) {
    float *numbers = *(float *const *)self;
    (void)thread;
    numbers[part] *= 0.5f;
}

/* As the caller treats them now, not as it did when the threads were made. */
static void subnormal_numbers_are_the_callers(void **state) {
    (void)state;
    base_err err;
    eng_threads *threads;
    CHECK_OK(eng_threads_create(3, &threads, &err));
    float numbers[ROOM], *at = numbers;
    for (size_t i = 0; i < ROOM; i++) numbers[i] = 0x1p-126f;
    eng_threads_run(threads, ROOM, halve, &at);
    for (size_t i = 0; i < ROOM; i++) assert_true(numbers[i] == 0x1p-127f);
    const uint64_t before = eng_subnormals_flush();
    float one = 0x1p-126f, *lone = &one;
    eng_threads_run(NULL, 1, halve, &lone);
    for (size_t i = 0; i < ROOM; i++) numbers[i] = 0x1p-126f;
    eng_threads_run(threads, ROOM, halve, &at);
    eng_subnormals_restore(before);
    for (size_t i = 0; i < ROOM; i++) assert_memory_equal(&numbers[i], &one, sizeof one);
    for (size_t i = 0; i < ROOM; i++) numbers[i] = 0x1p-126f;
    eng_threads_run(threads, ROOM, halve, &at);
    for (size_t i = 0; i < ROOM; i++) assert_true(numbers[i] == 0x1p-127f);
    eng_threads_destroy(threads);
}

static void a_number_of_threads_has_bounds(void **state) {
    (void)state;
    base_err err;
    eng_threads *threads;
    CHECK_FAILS(eng_threads_create(0, &threads, &err), BASE_INVALID, "1 to 1024 threads, not 0");
    CHECK_FAILS(eng_threads_create(ENG_THREADS_MOST + 1, &threads, &err), BASE_INVALID, "not 1025");
    assert_null(threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_is_done_once),
        cmocka_unit_test(jobs_follow_each_other),
        cmocka_unit_test(nobody_is_the_caller_alone),
        cmocka_unit_test(ranges_are_whole_units),
        cmocka_unit_test(subnormal_numbers_are_the_callers),
        cmocka_unit_test(a_number_of_threads_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
