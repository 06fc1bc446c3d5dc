/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of named sections: what is put is found, every damage is noticed, and a file is there whole or not at all. */
#include "tests/support/check.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/gzfile.h"
#include "engine/train/sections.h"
#include "tests/support/count_malloc.h"

static base_err err;

static void write_file(const char *path, const void *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static size_t files_in(const char *folder) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static const double alphas[] = {0.5, -1e-3, 1e300};

static void write_three(const char *path) {
    eng_sections *s;
    CHECK_OK(eng_sections_create(path, &s, &err));
    eng_sections_put(s, "alphas", 4, alphas, sizeof alphas);
    eng_sections_put(s, "nothing", 1, NULL, 0);
    eng_sections_begin(s, "text", 2, 10);
    eng_sections_write(s, "01234", 5);
    eng_sections_write(s, "", 0);
    eng_sections_write(s, "56789", 5);
    CHECK_OK(eng_sections_finish(s, &err));
}

static void what_is_put_is_found(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "file");
    eng_sections *s;
    double back[3];
    char text[11] = {0};
    write_three(path);
    CHECK_OK(eng_sections_open(path, &s, &err));
    CHECK_OK(eng_sections_take(s, "alphas", 4, back, sizeof back, &err));
    assert_memory_equal(back, alphas, sizeof alphas);
    CHECK_OK(eng_sections_take(s, "nothing", 1, NULL, 0, &err));
    CHECK_OK(eng_sections_take(s, "text", 2, text, 10, &err));
    assert_string_equal(text, "0123456789");
    CHECK_OK(eng_sections_read(s, eng_sections_find(s, "text"), 3, text, 4, &err)); /* a piece of it */
    assert_memory_equal(text, "3456", 4);
    assert_string_equal(eng_sections_path(s), path);

    assert_null(eng_sections_find(s, "alpha"));
    CHECK_FAILS(eng_sections_expect(s, "alpha", 4, SIZE_MAX, &err), BASE_INVALID, "has no section 'alpha'");
    CHECK_FAILS(eng_sections_expect(s, "alphas", 3, SIZE_MAX, &err), BASE_INVALID,
                "has version 4; this program reads 3");
    CHECK_FAILS(eng_sections_take(s, "alphas", 4, back, 8, &err), BASE_INVALID, "has 24 bytes; this training has 8");
    CHECK_OK(eng_sections_expect(s, "alphas", 4, SIZE_MAX, &err));
    eng_sections_close(s);
    eng_sections_close(NULL);
    check_tmpdir_remove(&dir);
}

/* Every bit of every byte, every cut, and a byte too many. */
static void every_damage_is_noticed(void **state) {
    (void)state;
    base_buf good = {0};
    eng_sections *s;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "file"), *bad = check_tmpdir_file(&dir, "bad");
    write_three(path);
    CHECK_OK(base_read_file(path, &good, &err));
    for (size_t i = 0; i < good.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            good.data[i] = (char)(good.data[i] ^ 1 << bit);
            write_file(bad, good.data, good.length);
            CHECK_FAILS(eng_sections_open(bad, &s, &err), BASE_CORRUPT, "bad");
            assert_null(s);
            good.data[i] = (char)(good.data[i] ^ 1 << bit);
        }
        write_file(bad, good.data, i);
        CHECK_STATUS(eng_sections_open(bad, &s, &err), BASE_CORRUPT);
    }
    base_buf_putc(&good, 'x');
    write_file(bad, good.data, good.length);
    CHECK_STATUS(eng_sections_open(bad, &s, &err), BASE_CORRUPT);
    base_buf_fini(&good);
    check_tmpdir_remove(&dir);
}

/* A file as it was before there were sections: 40 bytes of header, fields, and one checksum behind all. */
static void a_file_of_the_former_format_is_told_from_a_damaged_one(void **state) {
    (void)state;
    unsigned char old[200] = {'H', 'P', 'O', 'C', 'K', 'P', 'T', '\n'};
    const uint32_t version = 2, mark = 0x01020304;
    const uint64_t length = sizeof old;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "old");
    eng_sections *s;
    memcpy(old + 8, &version, 4);
    memcpy(old + 12, &mark, 4);
    memcpy(old + 16, &length, 8);
    for (size_t i = 24; i < sizeof old - 4; i++) old[i] = (unsigned char)(i * i);
    const uint32_t crc = base_crc32(0, old, sizeof old - 4);
    memcpy(old + sizeof old - 4, &crc, 4);
    write_file(path, old, sizeof old);
    CHECK_FAILS(eng_sections_open(path, &s, &err), BASE_INVALID,
                "has the former format 2; this program reads format 3");
    old[100] ^= 1;
    write_file(path, old, sizeof old);
    CHECK_STATUS(eng_sections_open(path, &s, &err), BASE_CORRUPT);
    CHECK_STATUS(eng_sections_open(check_tmpdir_file(&dir, "none"), &s, &err), BASE_NOTFOUND);
    CHECK_STATUS(eng_sections_open(dir.path, &s, &err), BASE_IO);
    check_tmpdir_remove(&dir);
}

static void a_file_is_there_whole_or_not_at_all(void **state) {
    (void)state;
    eng_sections *s;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "file");
    CHECK_OK(eng_sections_create(path, &s, &err));
    eng_sections_put(s, "alphas", 1, alphas, sizeof alphas);
    assert_true(access(path, F_OK) != 0); /* not yet */
    eng_sections_abandon(s);
    assert_int_equal(files_in(dir.path), 0);
    eng_sections_abandon(NULL);
    write_three(path);
    write_three(path); /* over an older one */
    assert_int_equal(files_in(dir.path), 1);
    CHECK_FAILS(eng_sections_create("/no/such/folder/c", &s, &err), BASE_IO, "cannot write checkpoint /no/such/folder");
    assert_null(s);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0777), 0); /* a folder in the way: the rename fails */
    CHECK_OK(eng_sections_create(path, &s, &err));
    CHECK_FAILS(eng_sections_finish(s, &err), BASE_IO, "cannot write checkpoint");
    assert_int_equal(files_in(dir.path), 1);
    check_tmpdir_remove(&dir);
}

/* Whatever the size of a section. */
static void memory_is_bounded(void **state) {
    (void)state;
    enum { LARGE = 1 << 23, FEW = 1 << 17 };
    if (!COUNTING) skip();
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "file");
    char *bytes = base_calloc(LARGE, 1);
    eng_sections *s;
    const size_t before = most_in_use = in_use;
    CHECK_OK(eng_sections_create(path, &s, &err));
    eng_sections_put(s, "large", 1, bytes, LARGE);
    CHECK_OK(eng_sections_finish(s, &err));
    CHECK_OK(eng_sections_open(path, &s, &err));
    CHECK_OK(eng_sections_take(s, "large", 1, bytes, LARGE, &err));
    eng_sections_close(s);
    print_message("%zu bytes for a section of %d\n", most_in_use - before, LARGE);
    assert_true(most_in_use - before < FEW);
    free(bytes);
    check_tmpdir_remove(&dir);
}

/* A limit of the file's size stands for the full disk. */
static void a_full_disk_leaves_nothing(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "file");
    struct rlimit before, small;
    eng_sections *s;
    static const char bytes[100000];
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 50000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK(eng_sections_create(path, &s, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    eng_sections_put(s, "large", 1, bytes, sizeof bytes);
    eng_sections_put(s, "more", 1, bytes, sizeof bytes);
    const base_status status = eng_sections_finish(s, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, BASE_IO);
    assert_int_equal(files_in(dir.path), 0);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_found),
        cmocka_unit_test(every_damage_is_noticed),
        cmocka_unit_test(a_file_of_the_former_format_is_told_from_a_damaged_one),
        cmocka_unit_test(a_file_is_there_whole_or_not_at_all),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_full_disk_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
