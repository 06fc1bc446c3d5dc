/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "nas/halves.h"

enum { COUNT = 61, CLASSES = 4 };

static eng_dataset *made(bool classes) {
    base_err err = {0};
    eng_dataset *set;
    const size_t one = 1;
    CHECK_OK(eng_dataset_create("made", classes ? ENG_TARGET_CLASSES : ENG_TARGET_NUMBERS, ENG_STORE_REALS, COUNT, 1,
                                &one, &set, &err));
    for (size_t i = 0; classes && i < COUNT; i++) set->labels[i] = (int32_t)((i * i + i / 3) % CLASSES);
    set->classes = classes ? CLASSES : 0;
    return set;
}

/* A part that is not the whole set, in an order of its own. */
static size_t part_of(uint32_t *index) {
    size_t count = 0;
    for (uint32_t i = 0; i < COUNT; i++)
        if (i % 5 != 0) index[count++] = (i * 7) % COUNT;
    return count;
}

static void check_halves(const eng_dataset *set) {
    uint32_t index[COUNT], *memory = NULL;
    const eng_part part = {.index = index, .count = part_of(index)};
    eng_part half[2];
    size_t seen[COUNT] = {0}, of_class[2][CLASSES] = {{0}};
    base_err err = {0};
    CHECK_OK(nas_halves(set, part, half, &memory, &err));
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; i < half[h].count; i++) {
            seen[half[h].index[i]]++;
            if (set->labels) of_class[h][set->labels[half[h].index[i]]]++;
        }
    for (size_t i = 0; i < part.count; i++) assert_int_equal(seen[index[i]], 1);
    assert_int_equal(half[0].count + half[1].count, part.count);
    assert_true(half[0].count - half[1].count + 1 <= 2);
    for (size_t c = 0; c < CLASSES; c++) assert_true(of_class[0][c] - of_class[1][c] + 1 <= 2);
    free(memory);
}

static void halves_are_disjoint_complete_equal_and_stratified(void **state) {
    (void)state;
    eng_dataset *classes = made(true), *numbers = made(false);
    check_halves(classes);
    check_halves(numbers);
    eng_dataset_destroy(classes);
    eng_dataset_destroy(numbers);
}

static void one_sample_is_refused(void **state) {
    (void)state;
    eng_dataset *set = made(true);
    const uint32_t index = 3;
    uint32_t *memory;
    eng_part half[2];
    base_err err = {0};
    CHECK_FAILS(nas_halves(set, (eng_part){&index, 1}, half, &memory, &err), BASE_INVALID, "two samples");
    eng_dataset_destroy(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_disjoint_complete_equal_and_stratified),
        cmocka_unit_test(one_sample_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
