/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/data/registry.h"
#include "engine/data/shipped.h"

static eng_dataset *load(const char *name) {
    base_err err = {0};
    eng_dataset *set;
    CHECK_OK(eng_dataset_load(name, NULL, &set, &err));
    return set;
}

/* The counts per class and the sum of all pixels are those of scikit-learn's load_digits. */
static void digits_are_the_published_ones(void **state) {
    (void)state;
    static const size_t per_class[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    static const uint8_t first_row[] = {0, 0, 5, 13, 9, 1, 0, 0};
    size_t counts[10] = {0}, sum = 0;
    eng_dataset *set = load("digits");
    assert_int_equal(set->count, 1797);
    assert_int_equal(set->test_count, 0);
    assert_int_equal(set->rank, 3);
    assert_int_equal(set->features, 64);
    assert_int_equal(set->classes, 10);
    for (size_t i = 0; i < set->count; i++) counts[set->labels[i]]++;
    for (size_t i = 0; i < set->count * set->features; i++) sum += set->bytes[i];
    assert_memory_equal(counts, per_class, sizeof counts);
    assert_int_equal(sum, 561718);
    assert_memory_equal(set->bytes, first_row, sizeof first_row);
    assert_int_equal(set->labels[0], 0);
    eng_dataset_destroy(set);
}

static void shipped_files_are_found(void **state) {
    (void)state;
    base_err err = {0};
    base_buf path = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    assert_int_equal(setenv("HPO_DATA", dir.path, 1), 0);
    CHECK_FAILS(eng_dataset_load("digits", NULL, &set, &err), BASE_NOTFOUND, "the folder that HPO_DATA names");
    const char *file = check_tmpdir_write(&dir, "digits.csv.gz", "a,b\n1,2\n2,3\n");
    base_buf_puts(&path, "> ");
    CHECK_OK(eng_shipped_find("digits.csv.gz", &path, &err));
    assert_string_equal(path.data + 2, file);
    CHECK_FAILS(eng_dataset_load("digits", NULL, &set, &err), BASE_CORRUPT, "has 2 lines of 1 features");
    assert_int_equal(unsetenv("HPO_DATA"), 0);
    CHECK_FAILS(eng_shipped_find("no such file", &path, &err), BASE_NOTFOUND, "set HPO_DATA");
    assert_string_equal(path.data + 2, file); /* untouched by the failure */
    base_buf_fini(&path);
    check_tmpdir_remove(&dir);
}

/* Made sets are what their heads promise, and the same every time. */
static void blobs_have_the_promised_best_error(void **state) {
    (void)state;
    eng_dataset *set = load("blobs"), *again = load("blobs");
    size_t wrong = 0;
    for (size_t i = 0; i < set->count; i++) {
        int32_t best = (set->reals[2 * i] > 0) + 2 * (set->reals[2 * i + 1] > 0);
        wrong += best != set->labels[i];
    }
    double p = 1 - pow(0.5 * (1 + erf(2.2108 / sqrt(2))), 2), deviation = sqrt(p * (1 - p) / (double)set->count);
    CHECK_NEAR((double)wrong / (double)set->count, p, 3 * deviation);
    assert_memory_equal(set->reals, again->reals, set->count * 2 * sizeof(float));
    eng_dataset_destroy(set);
    eng_dataset_destroy(again);
}

static void spirals_are_point_reflections(void **state) {
    (void)state;
    eng_dataset *set = load("spirals");
    for (size_t i = 0; i < set->count; i++) { /* undo the turn: the angle left over is the class */
        double x = (double)set->reals[2 * i], y = (double)set->reals[2 * i + 1], r = hypot(x, y);
        if (r < 0.35) continue; /* noise rules near the centre */
        double along = remainder(atan2(y, x) - 4 * acos(-1) * r, 2 * acos(-1));
        assert_int_equal(fabs(along) > acos(-1) / 2, set->labels[i]);
    }
    eng_dataset_destroy(set);
}

/* The part of the target that the formula does not explain is N(0,1). */
static void friedman_has_unit_noise(void **state) {
    (void)state;
    eng_dataset *set = load("friedman");
    double mean = 0, square = 0, n = (double)set->count;
    assert_int_equal(set->target, ENG_TARGET_NUMBERS);
    for (size_t i = 0; i < set->count; i++) {
        const float *x = set->reals + 10 * i;
        double f = 10 * sin(acos(-1) * (double)(x[0] * x[1])) + 20 * pow((double)x[2] - 0.5, 2) + 10 * (double)x[3] +
                   5 * (double)x[4];
        double noise = (double)set->targets[i] - f;
        mean += noise / n;
        square += noise * noise / n;
    }
    CHECK_NEAR(mean, 0, 4 / sqrt(n));
    CHECK_NEAR(square, 1, 4 * sqrt(2 / n));
    eng_dataset_destroy(set);
}

/* Every line of the registry: consistent arrays, labels in range, finite numbers, a summary. */
static void every_set_that_needs_no_path_is_sound(void **state) {
    (void)state;
    size_t count;
    const eng_dataset_type *const *types = eng_dataset_types(&count);
    assert_true(count >= 7);
    for (size_t t = 0; t < count; t++) {
        base_err err = {0};
        eng_dataset *set;
        assert_true(strlen(types[t]->summary) > 10);
        if (types[t]->needs_path) continue;
        base_status status = eng_dataset_load(types[t]->name, NULL, &set, &err);
        if (status == BASE_NOTFOUND && strcmp(types[t]->name, "fashion-mnist") == 0) continue;
        check_status(status, BASE_OK, &err, types[t]->name, __FILE__, __LINE__);
        assert_string_equal(set->name, types[t]->name);
        assert_true((set->bytes == NULL) != (set->reals == NULL));
        assert_true((set->labels == NULL) != (set->targets == NULL));
        assert_true(set->test_count < set->count);
        for (size_t i = 0; set->labels && i < set->count; i++)
            assert_true(set->labels[i] >= 0 && (size_t)set->labels[i] < set->classes);
        for (size_t i = 0; set->reals && i < set->count * set->features; i++) assert_true(isfinite(set->reals[i]));
        eng_dataset_destroy(set);
    }
}

/* Counts as published: 60,000 + 10,000, each class a tenth of both. */
static void fashion_mnist_is_balanced(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    base_status status = eng_dataset_load("fashion-mnist", NULL, &set, &err);
    if (status == BASE_NOTFOUND) skip();
    check_status(status, BASE_OK, &err, "fashion-mnist", __FILE__, __LINE__);
    size_t counts[10] = {0};
    assert_int_equal(set->count, 70000);
    assert_int_equal(set->test_count, 10000);
    assert_int_equal(set->features, 784);
    for (size_t i = 0; i < 60000; i++) counts[set->labels[i]]++;
    for (size_t c = 0; c < 10; c++) assert_int_equal(counts[c], 6000);
    assert_string_equal(set->class_names[9], "Ankle boot");
    eng_dataset_destroy(set);
}

static void unknown_names_suggest_the_nearest(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    CHECK_FAILS(eng_dataset_load("fashon_mnist", NULL, &set, &err), BASE_NOTFOUND, "did you mean 'fashion-mnist'?");
    CHECK_CONTAINS(err.text, "known are fashion-mnist, digits, cifar10, idx, png, csv");
    assert_null(set);
}

static void impossible_sizes_are_refused(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    const size_t none = 0, huge = SIZE_MAX / 8, two[] = {SIZE_MAX / 2, 4};
    CHECK_STATUS(eng_dataset_create("t", ENG_TARGET_CLASSES, ENG_STORE_REALS, 5, 1, &none, &set, &err), BASE_INVALID);
    CHECK_STATUS(eng_dataset_create("t", ENG_TARGET_CLASSES, ENG_STORE_REALS, 5, 2, two, &set, &err), BASE_INVALID);
    CHECK_STATUS(eng_dataset_create("t", ENG_TARGET_CLASSES, ENG_STORE_REALS, 5, 1, &huge, &set, &err), BASE_NOMEM);
    CHECK_STATUS(eng_dataset_create("t", ENG_TARGET_CLASSES, ENG_STORE_REALS, 1ull << 32, 1, two, &set, &err),
                 BASE_INVALID);
    eng_dataset_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_the_published_ones),
        cmocka_unit_test(shipped_files_are_found),
        cmocka_unit_test(blobs_have_the_promised_best_error),
        cmocka_unit_test(spirals_are_point_reflections),
        cmocka_unit_test(friedman_has_unit_noise),
        cmocka_unit_test(every_set_that_needs_no_path_is_sound),
        cmocka_unit_test(fashion_mnist_is_balanced),
        cmocka_unit_test(unknown_names_suggest_the_nearest),
        cmocka_unit_test(impossible_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
