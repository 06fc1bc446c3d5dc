/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <zlib.h>

#include "base/gzfile.h"
#include "base/rng.h"

/* Made by gzip(1) -n: an oracle that is not the library under test. */
static const char hello_gz[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\xb8"
                               "\x00\xe7\x42\x6e\x52\x14\x00\x00\x00";

static const char *write_bytes(const check_tmpdir *dir, const char *name, const void *bytes, size_t length) {
    base_err err = {0};
    const char *path = check_tmpdir_file(dir, name);
    CHECK_OK(base_write_file(path, bytes, length, &err));
    return path;
}

/* 1 MB of words that compress a little, as name and, by gzip(1), as name.gz. */
static const char *write_large(const check_tmpdir *dir, base_buf *plain) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    while (plain->length < 1000000) base_buf_put_u64(plain, base_rng_u64(&rng));
    const char *path = write_bytes(dir, "large", plain->data, plain->length);
    char command[1200];
    snprintf(command, sizeof command, "gzip -kn '%s'", path);
    assert_int_equal(system(command), 0);
    return check_tmpdir_file(dir, "large.gz");
}

static void plain_and_gzipped_files_read_alike(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0}, plain = {0};
    check_tmpdir dir = check_tmpdir_create();
    base_buf_puts(&out, "> ");
    CHECK_OK(base_gz_read(write_bytes(&dir, "a.gz", hello_gz, sizeof hello_gz - 1), 0, &out, &err));
    assert_string_equal(out.data, "> hello, hello, hello\n");
    CHECK_OK(base_gz_read(check_tmpdir_write(&dir, "plain", "not gzip\n"), 0, &out, &err));
    assert_string_equal(out.data, "> hello, hello, hello\nnot gzip\n");
    base_buf_clear(&out);
    CHECK_OK(base_gz_read(check_tmpdir_write(&dir, "empty", ""), 0, &out, &err));
    CHECK_OK(base_gz_read(write_bytes(&dir, "one", "\x1f", 1), 0, &out, &err)); /* half a magic is no gzip */
    assert_int_equal(out.length, 1);
    base_buf_clear(&out);
    const char *large = write_large(&dir, &plain);
    CHECK_OK(base_gz_read(large, 0, &out, &err));
    assert_int_equal(out.length, plain.length);
    assert_memory_equal(out.data, plain.data, plain.length + 1);
    base_buf_fini(&plain);
    base_buf_fini(&out);
    check_tmpdir_remove(&dir);
}

static void a_truncated_file_is_corrupt_wherever_it_ends(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0}, plain = {0}, packed = {0};
    check_tmpdir dir = check_tmpdir_create();
    base_buf_puts(&out, "kept");
    for (size_t length = 2; length < sizeof hello_gz - 1; length++) {
        const char *path = write_bytes(&dir, "cut.gz", hello_gz, length);
        CHECK_FAILS(base_gz_read(path, 0, &out, &err), BASE_CORRUPT, path);
        assert_string_equal(out.data, "kept");
    }
    CHECK_OK(base_read_file(write_large(&dir, &plain), &packed, &err));
    CHECK_STATUS(base_gz_read(write_bytes(&dir, "cut.gz", packed.data, packed.length / 2), 0, &out, &err),
                 BASE_CORRUPT);
    assert_string_equal(out.data, "kept");
    base_buf_fini(&packed);
    base_buf_fini(&plain);
    base_buf_fini(&out);
    check_tmpdir_remove(&dir);
}

static void a_damaged_file_is_corrupt(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0};
    check_tmpdir dir = check_tmpdir_create();
    char bytes[sizeof hello_gz - 1];
    for (size_t at = 10; at < sizeof bytes; at++) { /* data, checksum, length; the header has free fields */
        memcpy(bytes, hello_gz, sizeof bytes);
        bytes[at] = (char)(bytes[at] ^ 0x15);
        CHECK_STATUS(base_gz_read(write_bytes(&dir, "bad.gz", bytes, sizeof bytes), 0, &out, &err), BASE_CORRUPT);
        assert_int_equal(out.length, 0);
    }
    base_buf_fini(&out);
    check_tmpdir_remove(&dir);
}

static void other_failures_have_their_codes(void **state) {
    (void)state;
    base_err err = {0};
    base_buf out = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *missing = check_tmpdir_file(&dir, "missing.gz");
    CHECK_FAILS(base_gz_read(missing, 0, &out, &err), BASE_NOTFOUND, missing);
    CHECK_FAILS(base_gz_read(dir.path, 0, &out, &err), BASE_IO, dir.path);
    const char *path = write_bytes(&dir, "a.gz", hello_gz, sizeof hello_gz - 1);
    CHECK_OK(base_gz_read(path, 20, &out, &err)); /* exactly */
    CHECK_FAILS(base_gz_read(path, 19, &out, &err), BASE_NOMEM, "19 bytes");
    assert_string_equal(out.data, "hello, hello, hello\n");
    CHECK_OK(base_gz_read(path, 20, &out, &err)); /* the limit is of this file, not of the buffer */
    base_buf_fini(&out);
    check_tmpdir_remove(&dir);
}

/* A gzip file of zeros becomes a thousand times as large: without a limit of the caller it may become 64 MiB. */
static void what_becomes_too_large_is_refused(void **state) {
    (void)state;
    const size_t most = (size_t)64 << 20;
    base_err err = {0};
    base_buf out = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "zeros.gz"), *plain = check_tmpdir_file(&dir, "zeros");
    char *zeros = calloc(1, most + 1);
    assert_non_null(zeros);
    for (size_t more = 0; more < 2; more++) {
        gzFile file = gzopen(path, "wb9");
        assert_int_equal(gzwrite(file, zeros, (unsigned)(most + more)), (int)(most + more));
        assert_int_equal(gzclose(file), Z_OK);
        base_buf_clear(&out);
        if (more == 0) {
            CHECK_OK(base_gz_read(path, 0, &out, &err));
            assert_int_equal(out.length, most);
        } else {
            CHECK_FAILS(base_gz_read(path, 0, &out, &err), BASE_CORRUPT,
                        "zeros.gz' becomes larger than 64 MiB and 256 times its size when it is decompressed");
            assert_int_equal(out.length, 0);
            CHECK_OK(base_gz_read(path, most + 1, &out, &err)); /* a caller who knows better */
        }
    }
    CHECK_OK(base_write_file(plain, zeros, most + 1, &err));
    base_buf_clear(&out);
    CHECK_OK(base_gz_read(plain, 0, &out, &err));
    assert_int_equal(out.length, most + 1);
    free(zeros);
    base_buf_fini(&out);
    check_tmpdir_remove(&dir);
}

/* The check value of CRC-32/ISO-HDLC. */
static void crc32_is_the_standard_one(void **state) {
    (void)state;
    assert_true(base_crc32(0, "123456789", 9) == 0xCBF43926u);
    assert_true(base_crc32(base_crc32(0, "1234", 4), "56789", 5) == 0xCBF43926u);
    assert_int_equal(base_crc32(0, "", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_gzipped_files_read_alike),
        cmocka_unit_test(a_truncated_file_is_corrupt_wherever_it_ends),
        cmocka_unit_test(a_damaged_file_is_corrupt),
        cmocka_unit_test(other_failures_have_their_codes),
        cmocka_unit_test(what_becomes_too_large_is_refused),
        cmocka_unit_test(crc32_is_the_standard_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
