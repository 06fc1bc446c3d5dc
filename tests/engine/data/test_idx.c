/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/buf.h"
#include "engine/data/idx.h"
#include "engine/data/registry.h"

static const char *write_bytes(const check_tmpdir *dir, const char *name, const void *bytes, size_t length) {
    base_err err = {0};
    const char *path = check_tmpdir_file(dir, name);
    CHECK_OK(base_write_file(path, bytes, length, &err));
    return path;
}

/* Two train images of 2 x 3 and one test image, written out by hand from the format's description. */
static const unsigned char train_images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0,   0,   0,   2,   0,   0,
                                             0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255};
static const unsigned char train_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 0};
static const unsigned char test_images[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 8, 7, 6, 5, 4};
static const unsigned char test_labels[] = {0, 0, 8, 1, 0, 0, 0, 1, 1};

static void write_pair(const check_tmpdir *dir) {
    write_bytes(dir, "train-images-idx3-ubyte", train_images, sizeof train_images);
    write_bytes(dir, "train-labels-idx1-ubyte", train_labels, sizeof train_labels);
}

static void a_folder_of_four_files_is_read(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    write_pair(&dir);
    write_bytes(&dir, "t10k-images-idx3-ubyte", test_images, sizeof test_images);
    write_bytes(&dir, "t10k-labels-idx1-ubyte", test_labels, sizeof test_labels);
    char command[600];
    snprintf(command, sizeof command, "gzip '%s'", check_tmpdir_file(&dir, "t10k-images-idx3-ubyte"));
    assert_int_equal(system(command), 0);
    CHECK_OK(eng_dataset_load("idx", &(eng_dataset_source){.path = dir.path}, &set, &err));
    assert_int_equal(set->count, 3);
    assert_int_equal(set->test_count, 1);
    assert_int_equal(set->rank, 3);
    assert_int_equal(set->shape[0], 2);
    assert_int_equal(set->shape[1], 3);
    assert_int_equal(set->shape[2], 1);
    assert_int_equal(set->features, 6);
    assert_null(set->reals);
    assert_memory_equal(set->bytes, train_images + 16, 12);
    assert_memory_equal(set->bytes + 12, test_images + 16, 6);
    assert_memory_equal(set->labels, ((int32_t[]){3, 0, 1}), 3 * sizeof(int32_t));
    assert_int_equal(set->classes, 4);
    assert_string_equal(set->class_names[3], "3");
    assert_int_equal(eng_dataset_bytes(set), 3 * 6 + 3 * 4);
    eng_dataset_destroy(set);
    check_tmpdir_remove(&dir);
}

static void a_single_pair_has_no_test_part(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    write_pair(&dir);
    const eng_dataset_source folder = {.path = dir.path};
    const eng_dataset_source file = {.path = check_tmpdir_file(&dir, "train-images-idx3-ubyte")};
    CHECK_OK(eng_dataset_load("idx", &folder, &set, &err));
    assert_int_equal(set->count, 2);
    assert_int_equal(set->test_count, 0);
    eng_dataset_destroy(set);
    CHECK_OK(eng_dataset_load("idx", &file, &set, &err));
    assert_int_equal(set->count, 2);
    assert_int_equal(set->labels[0], 3);
    eng_dataset_destroy(set);
    check_tmpdir_remove(&dir);
}

/* Every prefix of either file, and a byte too many: never read beyond what is there, never accepted. */
static void every_wrong_length_is_refused(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    unsigned char longer[sizeof train_images + 1] = {0};
    memcpy(longer, train_images, sizeof train_images);
    write_pair(&dir);
    for (size_t length = 0; length <= sizeof longer; length++) {
        if (length == sizeof train_images) continue;
        write_bytes(&dir, "train-images-idx3-ubyte", longer, length);
        CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_CORRUPT, "train-images-idx3-ubyte");
        assert_null(set);
    }
    write_pair(&dir);
    for (size_t length = 0; length < sizeof train_labels; length++) {
        write_bytes(&dir, "train-labels-idx1-ubyte", train_labels, length);
        CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_CORRUPT, "train-labels-idx1-ubyte");
    }
    check_tmpdir_remove(&dir);
}

static void wrong_headers_are_named(void **state) {
    (void)state;
    static const struct {
        size_t at;
        unsigned char value;
        base_status status;
        const char *part;
    } faults[] = {
        {0, 1, BASE_CORRUPT, "is not an IDX file"},       {1, 80, BASE_CORRUPT, "is not an IDX file"},
        {2, 13, BASE_UNSUPPORTED, "only unsigned bytes"}, {3, 1, BASE_CORRUPT, "images have 3"},
        {3, 200, BASE_CORRUPT, "200 dimensions"},         {4, 255, BASE_CORRUPT, "its sizes promise"},
        {7, 3, BASE_CORRUPT, "its sizes promise 18"},
    };
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    write_pair(&dir);
    for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
        unsigned char bytes[sizeof train_images];
        memcpy(bytes, train_images, sizeof bytes);
        bytes[faults[i].at] = faults[i].value;
        write_bytes(&dir, "train-images-idx3-ubyte", bytes, sizeof bytes);
        CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), faults[i].status, faults[i].part);
    }
    /* sizes whose product overflows 64 bits */
    static const unsigned char huge[] = {0,   0,   8,   4,   255, 255, 255, 255, 255, 255,
                                         255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    write_bytes(&dir, "train-images-idx3-ubyte", huge, sizeof huge);
    CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_CORRUPT, "its sizes promise");
    check_tmpdir_remove(&dir);
}

static void pairs_that_do_not_match_are_refused(void **state) {
    (void)state;
    static const char *const two[] = {"a", "b"};
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    write_pair(&dir);
    CHECK_FAILS(eng_idx_load("x", dir.path, two, 2, &set, &err), BASE_CORRUPT, "label 3 but has only 2 classes");
    write_bytes(&dir, "train-labels-idx1-ubyte", test_labels, sizeof test_labels);
    CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_CORRUPT, "2 images but");
    write_pair(&dir);
    unsigned char wide[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9};
    write_bytes(&dir, "t10k-images-idx3-ubyte", wide, sizeof wide);
    write_bytes(&dir, "t10k-labels-idx1-ubyte", test_labels, sizeof test_labels);
    CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_CORRUPT, "2 x 3 to train, of 1 x 1 to test");
    unsigned char none[] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3}, no_labels[] = {0, 0, 8, 1, 0, 0, 0, 0};
    assert_int_equal(remove(check_tmpdir_file(&dir, "t10k-images-idx3-ubyte")), 0);
    write_bytes(&dir, "train-images-idx3-ubyte", none, sizeof none);
    write_bytes(&dir, "train-labels-idx1-ubyte", no_labels, sizeof no_labels);
    CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_INVALID, "0 samples");
    check_tmpdir_remove(&dir);
}

static void missing_files_are_named(void **state) {
    (void)state;
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    CHECK_FAILS(eng_idx_load("x", dir.path, NULL, 0, &set, &err), BASE_NOTFOUND, "train-images-idx3-ubyte");
    CHECK_FAILS(eng_idx_load("x", check_tmpdir_file(&dir, "no"), NULL, 0, &set, &err), BASE_NOTFOUND, "/no");
    const char *odd = check_tmpdir_write(&dir, "pictures", "x");
    CHECK_FAILS(eng_idx_load("x", odd, NULL, 0, &set, &err), BASE_INVALID, "named like train-images-idx3-ubyte.gz");
    CHECK_FAILS(eng_dataset_load("fashion-mnist", &(eng_dataset_source){.path = dir.path}, &set, &err), BASE_NOTFOUND,
                "there is no file");
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_of_four_files_is_read),      cmocka_unit_test(a_single_pair_has_no_test_part),
        cmocka_unit_test(every_wrong_length_is_refused),       cmocka_unit_test(wrong_headers_are_named),
        cmocka_unit_test(pairs_that_do_not_match_are_refused), cmocka_unit_test(missing_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
