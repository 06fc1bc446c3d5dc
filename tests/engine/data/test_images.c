/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CIFAR-10's binary form and folders of PNG images, both written here byte by byte from their descriptions. */
#include "tests/support/check.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/gzfile.h"
#include "engine/data/registry.h"
#include "engine/data/samples.h"

static void write_file(const char *path, const base_buf *bytes) {
    base_err err = {0};
    CHECK_OK(base_write_file(path, bytes->data, bytes->length, &err));
}

static void make_folder(const check_tmpdir *dir, const char *name) {
    assert_int_equal(mkdir(check_tmpdir_file(dir, name), 0777), 0);
}

static eng_dataset *load(const char *type, const char *path) {
    base_err err = {0};
    eng_dataset *set;
    CHECK_OK(eng_dataset_load(type, &(eng_dataset_source){.path = path}, &set, &err));
    return set;
}

static void refuse(const char *type, const char *path, base_status status, const char *part) {
    base_err err = {0};
    eng_dataset *set;
    CHECK_FAILS(eng_dataset_load(type, &(eng_dataset_source){.path = path}, &set, &err), status, part);
    assert_null(set);
}

/* ---- CIFAR-10 ---- */

enum { PIXELS = 32 * 32 };

/* The byte of channel c at pixel p of image `seed`. */
static uint8_t byte_of(unsigned seed, size_t p, size_t c) {
    return (uint8_t)(seed * 31 + p * 7 + c * 85);
}

static void put_record(base_buf *out, unsigned label, unsigned seed) {
    base_buf_putc(out, (char)label);
    for (size_t c = 0; c < 3; c++)
        for (size_t p = 0; p < PIXELS; p++) base_buf_putc(out, (char)byte_of(seed, p, c));
}

static void cifar_batches_are_joined(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    base_buf bytes = {0};
    put_record(&bytes, 9, 0);
    put_record(&bytes, 3, 1);
    write_file(check_tmpdir_file(&dir, "data_batch_1.bin"), &bytes);
    base_buf_clear(&bytes);
    put_record(&bytes, 0, 2);
    write_file(check_tmpdir_file(&dir, "data_batch_4.bin"), &bytes);
    base_buf_clear(&bytes);
    put_record(&bytes, 7, 3);
    write_file(check_tmpdir_file(&dir, "test_batch.bin"), &bytes);
    eng_dataset *set = load("cifar10", dir.path);
    assert_int_equal(set->count, 4);
    assert_int_equal(set->test_count, 1);
    assert_int_equal(set->rank, 3);
    assert_true(set->shape[0] == 32 && set->shape[1] == 32 && set->shape[2] == 3);
    assert_memory_equal(set->labels, ((int32_t[]){9, 3, 0, 7}), 4 * sizeof(int32_t));
    for (unsigned i = 0; i < 4; i++)
        for (size_t p = 0; p < PIXELS; p++)
            for (size_t c = 0; c < 3; c++) assert_int_equal(set->bytes[(i * PIXELS + p) * 3 + c], byte_of(i, p, c));
    assert_string_equal(set->class_names[9], "truck");
    eng_dataset_destroy(set);
    base_buf_fini(&bytes);
    check_tmpdir_remove(&dir);
}

static void cifar_faults_are_named(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    base_buf bytes = {0};
    refuse("cifar10", check_tmpdir_file(&dir, "absent"), BASE_NOTFOUND, "is no folder");
    refuse("cifar10", dir.path, BASE_NOTFOUND, "there is no data_batch_1.bin in");
    put_record(&bytes, 10, 0);
    const char *path = check_tmpdir_file(&dir, "data_batch_1.bin");
    write_file(path, &bytes);
    refuse("cifar10", dir.path, BASE_CORRUPT, "data_batch_1.bin: image 0 has label 10");
    bytes.length--;
    write_file(path, &bytes);
    refuse("cifar10", dir.path, BASE_CORRUPT, "data_batch_1.bin holds 3072 bytes; CIFAR-10 has records of 3073");
    bytes.length = 0;
    write_file(path, &bytes);
    refuse("cifar10", dir.path, BASE_CORRUPT, "holds 0 bytes");
    base_buf_fini(&bytes);
    check_tmpdir_remove(&dir);
}

/* ---- PNG ---- */

static void put_u32(base_buf *out, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) base_buf_putc(out, (char)(value >> shift & 0xff));
}

/* Length, type, data, CRC-32 of type and data (PNG specification, section 5.3). */
static void put_chunk(base_buf *out, const char *type, const base_buf *data) {
    put_u32(out, (uint32_t)data->length);
    size_t from = out->length;
    base_buf_puts(out, type);
    base_buf_append(out, data->data, data->length);
    put_u32(out, base_crc32(0, out->data + from, out->length - from));
}

/* Rows of `bytes`, each behind filter byte 0, in one stored block of deflate (RFC 1950 and 1951). */
static void put_stream(base_buf *out, size_t height, size_t row, const uint8_t *bytes) {
    base_buf raw = {0};
    for (size_t y = 0; y < height; y++) {
        base_buf_putc(&raw, 0);
        base_buf_append(&raw, (const char *)bytes + y * row, row);
    }
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < raw.length; i++) {
        a = (a + (uint8_t)raw.data[i]) % 65521;
        b = (b + a) % 65521;
    }
    const unsigned n = (unsigned)raw.length;
    const char head[] = {0x78, 0x01, 1, (char)(n & 0xff), (char)(n >> 8), (char)(~n & 0xff), (char)(~n >> 8 & 0xff)};
    base_buf_append(out, head, sizeof head);
    base_buf_append(out, raw.data, raw.length);
    put_u32(out, b << 16 | a);
    base_buf_fini(&raw);
}

/* kind: 0 = grey, 2 = colour, 6 = colour with transparency; 8 bits each. */
static void write_png(const char *path, unsigned kind, uint32_t height, uint32_t width, const uint8_t *bytes) {
    static const unsigned channels[] = {1, 0, 3, 0, 0, 0, 4};
    const char tail[] = {8, (char)kind, 0, 0, 0}, magic[] = "\x89PNG\r\n\x1a\n";
    base_buf out = {0}, data = {0};
    base_buf_append(&out, magic, 8);
    put_u32(&data, width);
    put_u32(&data, height);
    base_buf_append(&data, tail, sizeof tail);
    put_chunk(&out, "IHDR", &data);
    base_buf_clear(&data);
    put_stream(&data, height, (size_t)width * channels[kind], bytes);
    put_chunk(&out, "IDAT", &data);
    base_buf_clear(&data);
    put_chunk(&out, "IEND", &data);
    write_file(path, &out);
    base_buf_fini(&out);
    base_buf_fini(&data);
}

static const uint8_t grey[] = {0, 50, 100, 150, 200, 255}, other[] = {6, 5, 4, 3, 2, 1};
static const uint8_t colour[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
static const uint8_t clear[] = {9, 8, 7, 255, 9, 8, 7, 0, 1, 2, 3, 255, 0, 0, 0, 255, 5, 5, 5, 255, 250, 251, 252, 255};

static void png_folders_are_samples(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const eng_samples_wanted wanted = {.shape = {3, {2, 3, 1}}}, in_colour = {.shape = {3, {2, 3, 3}}};
    eng_dataset *set;
    const char **ids;
    base_err err = {0};
    CHECK_FAILS(eng_samples_load(dir.path, &wanted, &set, &ids, &err), BASE_INVALID, "holds no PNG image");
    make_folder(&dir, "b");
    write_png(check_tmpdir_file(&dir, "z.png"), 0, 2, 3, grey);
    write_png(check_tmpdir_file(&dir, "b/1.png"), 0, 2, 3, other);
    CHECK_OK(eng_samples_load(dir.path, &wanted, &set, &ids, &err));
    assert_int_equal(set->count, 2);
    assert_string_equal(ids[0], "z.png");
    assert_string_equal(ids[1], "b/1.png");
    assert_memory_equal(set->bytes, grey, sizeof grey);
    assert_memory_equal(set->bytes + sizeof grey, other, sizeof other);
    eng_dataset_destroy(set);
    CHECK_OK(eng_samples_load(dir.path, &in_colour, &set, &ids, &err));
    assert_int_equal(set->bytes[4], 50);
    eng_dataset_destroy(set);
    write_png(check_tmpdir_file(&dir, "b/2.png"), 2, 2, 3, colour);
    CHECK_FAILS(eng_samples_load(dir.path, &wanted, &set, &ids, &err), BASE_INVALID, "shape [2, 3, 3]");
    check_tmpdir_remove(&dir);
}

static void png_folders_are_classes(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    make_folder(&dir, "dog");
    make_folder(&dir, "cat");
    write_png(check_tmpdir_file(&dir, "dog/2.png"), 0, 2, 3, grey);
    write_png(check_tmpdir_file(&dir, "dog/1.PNG"), 0, 2, 3, other);
    write_png(check_tmpdir_file(&dir, "cat/x.png"), 0, 2, 3, grey);
    check_tmpdir_write(&dir, "cat/notes.txt", "no image");
    check_tmpdir_write(&dir, "readme", "no class");
    eng_dataset *set = load("png", dir.path);
    assert_int_equal(set->count, 3);
    assert_int_equal(set->test_count, 0);
    assert_true(set->rank == 3 && set->shape[0] == 2 && set->shape[1] == 3 && set->shape[2] == 1);
    assert_memory_equal(set->labels, ((int32_t[]){0, 1, 1}), 3 * sizeof(int32_t));
    assert_string_equal(set->class_names[0], "cat");
    assert_string_equal(set->class_names[1], "dog");
    assert_memory_equal(set->bytes, grey, 6);
    assert_memory_equal(set->bytes + 6, other, 6);
    assert_memory_equal(set->bytes + 12, grey, 6);
    eng_dataset_destroy(set);
    check_tmpdir_remove(&dir);
}

/* One colour image makes all of them colour; transparency lies on black; a test part of its own. */
static void png_sets_have_colour_and_parts(void **state) {
    (void)state;
    static const char *const folders[] = {"train", "train/a", "train/b", "test", "test/b"};
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(folders); i++) make_folder(&dir, folders[i]);
    write_png(check_tmpdir_file(&dir, "train/a/1.png"), 0, 2, 3, grey);
    write_png(check_tmpdir_file(&dir, "train/b/1.png"), 2, 2, 3, colour);
    write_png(check_tmpdir_file(&dir, "test/b/1.png"), 6, 2, 3, clear);
    eng_dataset *set = load("png", dir.path);
    assert_int_equal(set->count, 3);
    assert_int_equal(set->test_count, 1);
    assert_int_equal(set->shape[2], 3);
    assert_memory_equal(set->labels, ((int32_t[]){0, 1, 1}), 3 * sizeof(int32_t));
    for (size_t i = 0; i < 18; i++) assert_int_equal(set->bytes[i], grey[i / 3]);
    assert_memory_equal(set->bytes + 18, colour, 18);
    static const uint8_t opaque[] = {9, 8, 7, 0, 0, 0, 1, 2, 3, 0, 0, 0, 5, 5, 5, 250, 251, 252};
    assert_memory_equal(set->bytes + 36, opaque, 18);
    eng_dataset_destroy(set);
    make_folder(&dir, "test/c");
    refuse("png", dir.path, BASE_INVALID, "test/c is a class to test, but not to train");
    check_tmpdir_remove(&dir);
}

static void png_faults_are_named(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    refuse("png", check_tmpdir_file(&dir, "absent"), BASE_NOTFOUND, "there is no folder");
    refuse("png", dir.path, BASE_INVALID, "holds 0 folders with 0 PNG images; one folder per class is needed");
    make_folder(&dir, "a");
    make_folder(&dir, "b");
    write_png(check_tmpdir_file(&dir, "a/1.png"), 0, 2, 3, grey);
    write_png(check_tmpdir_file(&dir, "b/1.png"), 0, 3, 2, grey);
    refuse("png", dir.path, BASE_INVALID, "b/1.png is 3 x 2 (height x width), but ");
    check_tmpdir_write(&dir, "b/1.png", "not an image");
    refuse("png", dir.path, BASE_CORRUPT, "b/1.png cannot be read as PNG");

    base_err err = {0};
    base_buf bytes = {0};
    write_png(check_tmpdir_file(&dir, "b/1.png"), 0, 2, 3, grey);
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "b/1.png"), &bytes, &err));
    for (bytes.length = 0; bytes.length < 50; bytes.length += 7) { /* cut off */
        write_file(check_tmpdir_file(&dir, "b/1.png"), &bytes);
        refuse("png", dir.path, BASE_CORRUPT, "b/1.png cannot be read as PNG");
    }
    base_buf_fini(&bytes);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar_batches_are_joined),       cmocka_unit_test(cifar_faults_are_named),
        cmocka_unit_test(png_folders_are_classes),        cmocka_unit_test(png_folders_are_samples),
        cmocka_unit_test(png_sets_have_colour_and_parts), cmocka_unit_test(png_faults_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
