/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples without answers: tables by the names of columns, IDX files of images alone. Folders of PNG images are in
 * test_images.c, which can write them. */
#include "tests/support/check.h"

#include "engine/data/samples.h"

static const char *const names[] = {"a", "b"};
static const eng_samples_wanted table = {.shape = {1, {2}}, .feature_names = names};

static void columns_are_found_by_name(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    eng_dataset *set;
    const char **ids;
    const char *path = check_tmpdir_write(&dir, "x.csv", "id,b,a,y\nfirst,2,1,?\nsecond,-4e1,3,\n");
    CHECK_OK(eng_samples_load(path, &table, &set, &ids, &err));
    assert_null(ids);
    assert_int_equal(set->count, 2);
    assert_memory_equal(set->reals, ((const float[]){1, 2, 3, -40}), 4 * sizeof(float));
    eng_dataset_destroy(set);
    path = check_tmpdir_write(&dir, "y.csv", "a,c\n1,2\n");
    CHECK_FAILS(eng_samples_load(path, &table, &set, &ids, &err), BASE_INVALID, "b");
    path = check_tmpdir_write(&dir, "z.csv", "a,b\n1,\n");
    CHECK_FAILS(eng_samples_load(path, &table, &set, &ids, &err), BASE_INVALID, "z.csv:2:3: ''");
    path = check_tmpdir_write(&dir, "z.csv", "a,b\n1,inf\n");
    CHECK_FAILS(eng_samples_load(path, &table, &set, &ids, &err), BASE_INVALID, "'inf' is not a finite");
    path = check_tmpdir_write(&dir, "z.csv", "a,b\n");
    CHECK_FAILS(eng_samples_load(path, &table, &set, &ids, &err), BASE_INVALID, "no line of values");
    CHECK_STATUS(eng_samples_load(check_tmpdir_file(&dir, "none"), &table, &set, &ids, &err), BASE_NOTFOUND);
    check_tmpdir_remove(&dir);
}

static void without_names_the_order_counts(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const eng_samples_wanted wanted = {.shape = {3, {1, 2, 1}}};
    eng_dataset *set;
    const char **ids;
    CHECK_OK(eng_samples_load(check_tmpdir_write(&dir, "x.csv", "p,q,label\n5,6,cat\n"), &wanted, &set, &ids, &err));
    assert_int_equal(set->rank, 3);
    assert_memory_equal(set->reals, ((const float[]){5, 6}), 2 * sizeof(float));
    eng_dataset_destroy(set);
    CHECK_FAILS(eng_samples_load(check_tmpdir_write(&dir, "x.csv", "p\n5\n"), &wanted, &set, &ids, &err), BASE_INVALID,
                "1 columns; a sample has 2 numbers");
    check_tmpdir_remove(&dir);
}

static void images_need_no_labels(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    static const char bytes[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    const char *path = check_tmpdir_file(&dir, "images");
    const eng_samples_wanted fits = {.shape = {3, {1, 2, 1}}}, other = {.shape = {3, {2, 2, 1}}};
    eng_dataset *set;
    const char **ids;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
    CHECK_OK(eng_samples_load(path, &fits, &set, &ids, &err));
    assert_int_equal(set->count, 2);
    assert_memory_equal(set->bytes, bytes + 16, 4);
    eng_dataset_destroy(set);
    CHECK_FAILS(eng_samples_load(path, &other, &set, &ids, &err), BASE_INVALID,
                "samples of shape [1, 2, 1], but the network was trained on [2, 2, 1]");
    assert_null(set);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(without_names_the_order_counts),
        cmocka_unit_test(images_need_no_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
