/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/data/registry.h"
#include "engine/data/split.h"

enum { CLASSES = 3, COUNT = 600 };

/* Classes of 100, 200 and 300 samples in a mixed order; the last `test` samples are the official test part. */
static eng_dataset *three_classes(size_t test) {
    base_err err = {0};
    eng_dataset *set;
    const size_t one = 1;
    CHECK_OK(eng_dataset_create("three", ENG_TARGET_CLASSES, ENG_STORE_REALS, COUNT, 1, &one, &set, &err));
    for (size_t i = 0; i < COUNT; i++) set->labels[i] = (int32_t)(i % 6 < 1 ? 0 : i % 6 < 3 ? 1 : 2);
    set->classes = CLASSES;
    set->test_count = test;
    return set;
}

static eng_split make(const eng_dataset *set, const eng_split_settings *settings) {
    base_err err = {0};
    eng_split split;
    CHECK_OK(eng_split_make(set, settings, &split, &err));
    return split;
}

static void mark(eng_part part, uint8_t *seen) {
    for (size_t i = 0; i < part.count; i++) {
        assert_true(part.index[i] < COUNT);
        assert_int_equal(seen[part.index[i]]++, 0);
    }
}

/* Every class within `slack` samples of its share: one per cut that borders the part. */
static void check_stratified(const eng_dataset *set, eng_part part, double slack) {
    size_t counts[CLASSES] = {0}, all[CLASSES] = {0}, pool = set->count - set->test_count;
    for (size_t i = 0; i < part.count; i++) counts[set->labels[part.index[i]]]++;
    for (size_t i = 0; i < pool; i++) all[set->labels[i]]++;
    for (size_t c = 0; c < CLASSES; c++)
        CHECK_NEAR((double)counts[c], (double)part.count * (double)all[c] / (double)pool, slack);
}

static void parts_are_disjoint_stratified_and_complete(void **state) {
    (void)state;
    eng_dataset *set = three_classes(0);
    for (uint64_t seed = 0; seed < 20; seed++) {
        const eng_split_settings s = {.seed = seed, .test_fraction = 0.21, .valid_fraction = 0.13, .fraction = 1};
        eng_split split = make(set, &s);
        uint8_t seen[COUNT] = {0};
        assert_int_equal(split.test.count, 126);
        assert_int_equal(split.valid.count, 62); /* round(0.13 * 474) */
        assert_int_equal(split.train.count, COUNT - 126 - 62);
        mark(split.train, seen);
        mark(split.valid, seen);
        mark(split.test, seen);
        check_stratified(set, split.test, 2);
        check_stratified(set, split.valid, 2);
        check_stratified(set, split.train, 2);
        eng_split_fini(&split);
    }
    eng_dataset_destroy(set);
}

static void an_official_test_part_is_the_test(void **state) {
    (void)state;
    eng_dataset *set = three_classes(120);
    const eng_split_settings s = {.seed = 1, .test_fraction = 0.5, .valid_fraction = 0.25, .fraction = 1};
    eng_split split = make(set, &s);
    uint8_t seen[COUNT] = {0};
    assert_int_equal(split.test.count, 120);
    for (size_t i = 0; i < 120; i++) assert_int_equal(split.test.index[i], COUNT - 120 + i);
    assert_int_equal(split.valid.count, 120);
    assert_int_equal(split.train.count, 360);
    mark(split.train, seen);
    mark(split.valid, seen);
    mark(split.test, seen);
    check_stratified(set, split.valid, 1);
    eng_split_fini(&split);
    eng_dataset_destroy(set);
}

static void each_sample_validates_in_exactly_one_fold(void **state) {
    (void)state;
    eng_dataset *set = three_classes(120);
    for (size_t folds = 2; folds <= 9; folds++) {
        uint8_t validated[COUNT] = {0};
        for (size_t fold = 0; fold < folds; fold++) {
            const eng_split_settings s = {.seed = 3, .folds = folds, .fold = fold, .fraction = 1};
            eng_split split = make(set, &s);
            uint8_t seen[COUNT] = {0};
            mark(split.valid, validated);
            mark(split.valid, seen);
            mark(split.train, seen);
            mark(split.test, seen);
            assert_int_equal(split.train.count + split.valid.count, 480);
            assert_true(split.valid.count == 480 / folds || split.valid.count == 480 / folds + 1);
            check_stratified(set, split.valid, 2);
            eng_split_fini(&split);
        }
        for (size_t i = 0; i < 480; i++) assert_int_equal(validated[i], 1);
    }
    eng_dataset_destroy(set);
}

static void smaller_fractions_lie_inside_larger_ones(void **state) {
    (void)state;
    static const double fractions[] = {0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 1};
    static const size_t sizes[] = {1, 4, 43, 130, 216, 389, 432}; /* round(fraction * 432) */
    eng_dataset *set = three_classes(120);
    for (size_t folds = 0; folds <= 10; folds += 10) {
        uint8_t inside[COUNT] = {0};
        for (size_t f = 0; f < CHECK_COUNT(fractions); f++) {
            const eng_split_settings s = {
                .seed = 9, .valid_fraction = 0.1, .folds = folds, .fold = 4 * (folds > 0), .fraction = fractions[f]};
            eng_split split = make(set, &s);
            uint8_t now[COUNT] = {0};
            mark(split.train, now);
            mark(split.valid, now);
            assert_int_equal(split.train.count, sizes[f] > 1 ? sizes[f] : 1);
            check_stratified(set, split.train, 2);
            for (size_t i = 0; i < COUNT; i++) assert_true(now[i] >= inside[i]);
            memcpy(inside, now, sizeof now);
            eng_split_fini(&split);
        }
    }
    eng_dataset_destroy(set);
}

static bool same_part(eng_part a, eng_part b) {
    return a.count == b.count && memcmp(a.index, b.index, a.count * sizeof *a.index) == 0;
}

static void a_split_is_a_function_of_its_seed(void **state) {
    (void)state;
    eng_dataset *set = three_classes(0);
    eng_split_settings s = {.seed = 5, .test_fraction = 0.2, .valid_fraction = 0.2, .fraction = 1};
    eng_split a = make(set, &s), b = make(set, &s);
    s.seed = 6;
    eng_split c = make(set, &s);
    assert_true(same_part(a.train, b.train) && same_part(a.valid, b.valid) && same_part(a.test, b.test));
    assert_false(same_part(a.train, c.train) || same_part(a.valid, c.valid) || same_part(a.test, c.test));
    eng_split_fini(&a);
    eng_split_fini(&b);
    eng_split_fini(&c);
    eng_dataset_destroy(set);
}

static void regression_sets_are_split_without_classes(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    CHECK_OK(eng_dataset_load("friedman", NULL, &set, &err));
    const eng_split_settings s = {.seed = 1, .test_fraction = 0.2, .valid_fraction = 0.1, .fraction = 0.5};
    eng_split split = make(set, &s);
    assert_int_equal(split.test.count, 400);
    assert_int_equal(split.valid.count, 160);
    assert_int_equal(split.train.count, 720);
    double mean = 0; /* a random part: its mean index is that of the set, deviation count / sqrt(12 n) */
    for (size_t i = 0; i < split.train.count; i++) mean += split.train.index[i] / 720.0;
    CHECK_NEAR(mean, 999.5, 4 * 2000 / sqrt(12 * 720));
    eng_split_fini(&split);
    eng_dataset_destroy(set);
}

static void impossible_settings_are_refused(void **state) {
    (void)state;
    static const struct {
        eng_split_settings s;
        const char *part;
    } faults[] = {
        {{.test_fraction = 1, .fraction = 1}, "test_fraction is 1; it must lie in [0, 1)"},
        {{.valid_fraction = -0.1, .fraction = 1}, "valid_fraction is -0.1"},
        {{.valid_fraction = NAN, .fraction = 1}, "valid_fraction is"},
        {{.fraction = 0}, "fraction is 0; it must lie in (0, 1]"},
        {{.fraction = 1.5}, "fraction is 1.5"},
        {{.folds = 1, .fraction = 1}, "folds is 1; 0 (none) or 2 to 600"},
        {{.folds = 601, .fraction = 1}, "folds is 601; 0 (none) or 2 to 600 (what three has"},
        {{.folds = 5, .fold = 5, .fraction = 1}, "fold is 5; with folds: 5 it is 0 to 4"},
        {{.folds = 600, .test_fraction = 0.5, .fraction = 1}, "2 to 300"},
    };
    base_err err = {0};
    eng_split split;
    eng_dataset *set = three_classes(0);
    for (size_t i = 0; i < CHECK_COUNT(faults); i++)
        CHECK_FAILS(eng_split_make(set, &faults[i].s, &split, &err), BASE_INVALID, faults[i].part);
    set->test_count = 599; /* one sample is left to train and validate on */
    const eng_split_settings s = {.valid_fraction = 0.1, .fraction = 1};
    CHECK_FAILS(eng_split_make(set, &s, &split, &err), BASE_INVALID, "too few");
    eng_dataset_destroy(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_disjoint_stratified_and_complete),
        cmocka_unit_test(an_official_test_part_is_the_test),
        cmocka_unit_test(each_sample_validates_in_exactly_one_fold),
        cmocka_unit_test(smaller_fractions_lie_inside_larger_ones),
        cmocka_unit_test(a_split_is_a_function_of_its_seed),
        cmocka_unit_test(regression_sets_are_split_without_classes),
        cmocka_unit_test(impossible_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
