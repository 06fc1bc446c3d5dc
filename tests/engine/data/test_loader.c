/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/data/loader.h"
#include "engine/data/view.h"

/* A set of one feature whose value is the sample's number, and whose label is its last digit. */
static eng_dataset *numbers(size_t count) {
    base_err err = {0};
    eng_dataset *set;
    const size_t one = 1;
    CHECK_OK(eng_dataset_create("numbers", ENG_TARGET_CLASSES, ENG_STORE_REALS, count, 1, &one, &set, &err));
    for (size_t i = 0; i < count; i++) {
        set->reals[i] = (float)i;
        set->labels[i] = (int32_t)(i % 10);
    }
    set->classes = 10;
    return set;
}

static void the_order_is_a_pure_permutation(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t index[N], first[N], again[N], other[N];
    for (uint32_t i = 0; i < N; i++) index[i] = 3 * i;
    const eng_part part = {index, N};
    eng_epoch_order(part, 7, 4, first);
    eng_epoch_order(part, 7, 9, other); /* a call in between leaves no trace */
    eng_epoch_order(part, 7, 4, again);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    eng_epoch_order(part, 8, 4, other);
    assert_memory_not_equal(first, other, sizeof first);
    uint8_t seen[N] = {0};
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(first[i] % 3, 0);
        assert_int_equal(seen[first[i] / 3]++, 0);
    }
}

/* Every place is equally likely: chi-squared of where sample 0 lands over many epochs. */
static void the_order_is_uniform(void **state) {
    (void)state;
    enum { N = 10, EPOCHS = 20000 };
    uint32_t index[N], order[N];
    double counts[N] = {0}, chi2 = 0;
    for (uint32_t i = 0; i < N; i++) index[i] = i;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        eng_epoch_order((eng_part){index, N}, 1, epoch, order);
        for (size_t i = 0; i < N; i++) counts[i] += order[i] == 0;
    }
    for (size_t i = 0; i < N; i++) chi2 += pow(counts[i] - EPOCHS / N, 2) / (EPOCHS / N);
    assert_true(chi2 < 27.9); /* 99.9 % quantile, 9 degrees of freedom */
}

static void batches_cover_an_epoch_and_carry_their_labels(void **state) {
    (void)state;
    enum { N = 103, BATCH = 10 };
    base_err err = {0};
    eng_dataset *set = numbers(N);
    eng_view *view;
    eng_loader *loader;
    const eng_view_settings settings = {.split = {.fraction = 1}};
    CHECK_OK(eng_view_create(set, &settings, &view, &err));
    CHECK_OK(eng_loader_create(set, &view->normaliser, view->split.train, BATCH, true, 5, &loader, &err));
    assert_int_equal(eng_loader_count(loader), N);
    assert_int_equal(eng_loader_batches(loader), 11);
    float x[BATCH], late[BATCH];
    int32_t labels[BATCH];
    uint8_t seen[N] = {0};
    assert_int_equal(eng_loader_batch(loader, 8, 3, late, labels, NULL), BATCH); /* out of order on purpose */
    for (size_t k = 0; k < 11; k++) {
        size_t n = eng_loader_batch(loader, 2, k, x, labels, NULL);
        assert_int_equal(n, k < 10 ? 10 : 3);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal((int)x[i] % 10, labels[i]);
            assert_int_equal(seen[(int)x[i]]++, 0);
        }
    }
    eng_loader_batch(loader, 8, 3, x, labels, NULL);
    assert_memory_equal(x, late, sizeof x);
    eng_loader_destroy(loader);
    CHECK_OK(eng_loader_create(set, &view->normaliser, view->split.train, 500, false, 5, &loader, &err));
    assert_int_equal(eng_loader_batch_size(loader), N);
    assert_int_equal(eng_loader_batches(loader), 1);
    eng_loader_destroy(loader);
    eng_view_destroy(view);
    eng_dataset_destroy(set);
}

static void equal_settings_are_recognised(void **state) {
    (void)state;
    const eng_view_settings base = {.split = {1, 0.2, 0.1, 5, 2, 0.5}, .normalise = ENG_NORMALISE_STANDARD};
    eng_view_settings other[7];
    for (size_t i = 0; i < 7; i++) other[i] = base;
    assert_true(eng_view_settings_equal(&base, &other[0]));
    other[0].split.seed = 2;
    other[1].split.test_fraction = 0.3;
    other[2].split.valid_fraction = 0.3;
    other[3].split.folds = 4;
    other[4].split.fold = 1;
    other[5].split.fraction = 1;
    other[6].normalise = ENG_NORMALISE_NONE;
    for (size_t i = 0; i < 7; i++) assert_false(eng_view_settings_equal(&base, &other[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_a_pure_permutation),
        cmocka_unit_test(the_order_is_uniform),
        cmocka_unit_test(batches_cover_an_epoch_and_carry_their_labels),
        cmocka_unit_test(equal_settings_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
