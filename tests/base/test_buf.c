/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

static void text_is_appended_and_ended(void **state) {
    (void)state;
    base_buf buf = {0};
    assert_string_equal(base_buf_text(&buf), "");
    base_buf_clear(&buf);
    base_buf_append(&buf, NULL, 0);
    assert_string_equal(buf.data, "");
    base_buf_puts(&buf, "loss");
    base_buf_putc(&buf, '=');
    base_buf_printf(&buf, "%d;%s", 5, "ok");
    assert_string_equal(base_buf_text(&buf), "loss=5;ok");
    assert_int_equal(buf.length, 9);
    base_buf_append(&buf, "\0x", 2);
    assert_memory_equal(buf.data, "loss=5;ok\0x", 12);
    base_buf_clear(&buf);
    assert_string_equal(base_buf_text(&buf), "");
    base_buf_fini(&buf);
    assert_null(buf.data);
    base_buf_printf(&buf, "%*d", 100000, 1); /* larger than what is there, and usable after fini */
    assert_int_equal(buf.length, 100000);
    assert_int_equal(strlen(buf.data), 100000);
    base_buf_printf(&buf, "%s", "");
    assert_int_equal(buf.length, 100000);
    base_buf_fini(&buf);
}

static void printf_fits_at_every_length(void **state) {
    (void)state;
    base_buf buf = {0};
    for (size_t i = 1; i <= 300; i++) {
        base_buf_printf(&buf, "%c", (int)('a' + i % 26));
        assert_int_equal(buf.length, i);
        assert_int_equal(strlen(buf.data), i);
        assert_int_equal(buf.data[i - 1], 'a' + i % 26);
    }
    base_buf_fini(&buf);
}

static void json_text_is_quoted(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "\"\""},
        {"a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\""},
        {"\n\r\t\x01\x1f\x7f", "\"\\n\\r\\t\\u0001\\u001f\\u007f\""},
        {"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
        {"a\xC2\x85\xC2\x9F\xC2\xA0", "\"a\\u0085\\u009f\xC2\xA0\""}, /* YAML folds or refuses them */
        {"\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9z", "\"\xE2\x80\xA7\\u2028\\u2029z\""},
        {"\xEF\xBB\xBF\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF", "\"\\ufeff\xEF\xBF\xBD\\ufffe\\uffff\""},
        {"\xFF\x80x", "\"\\u00ff\\u0080x\""},
        {"\xC3", "\"\\u00c3\""},                                  /* cut off */
        {"\xC0\xAF", "\"\\u00c0\\u00af\""},                       /* overlong */
        {"\xE0\x80\x80", "\"\\u00e0\\u0080\\u0080\""},            /* overlong */
        {"\xED\xA0\x80", "\"\\u00ed\\u00a0\\u0080\""},            /* a surrogate */
        {"\xED\x9F\xBF", "\"\xED\x9F\xBF\""},                     /* the last before them */
        {"\xF4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\""}, /* above U+10FFFF */
    };
    base_buf buf = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf_clear(&buf);
        base_buf_put_json(&buf, cases[i].text);
        assert_string_equal(buf.data, cases[i].expected);
    }
    base_buf_fini(&buf);
}

static void utf8_is_told_from_other_bytes(void **state) {
    (void)state;
    static const char *const good[] = {"", "a\n\x7f", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\xED\x9F\xBF"};
    static const char *const bad[] = {"\xFF", "ab\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < CHECK_COUNT(good); i++) assert_true(base_is_utf8(good[i]));
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) assert_false(base_is_utf8(bad[i]));
}

static void files_are_replaced_whole(void **state) {
    (void)state;
    base_err err = {0};
    base_buf buf = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "status.json"), *left = check_tmpdir_file(&dir, "status.json.tmp");
    CHECK_FAILS(base_read_file(path, &buf, &err), BASE_NOTFOUND, path);
    CHECK_OK(base_write_file(path, "first", 5, &err));
    CHECK_OK(base_write_file(path, "a\0b", 3, &err));
    assert_int_not_equal(access(left, F_OK), 0);
    base_buf_puts(&buf, "kept ");
    CHECK_OK(base_read_file(path, &buf, &err));
    assert_int_equal(buf.length, 8);
    assert_memory_equal(buf.data, "kept a\0b", 9);

    CHECK_STATUS(base_read_file(dir.path, &buf, &err), BASE_IO); /* a folder */
    assert_int_equal(buf.length, 8);
    CHECK_STATUS(base_write_file(check_tmpdir_file(&dir, "no/such/x"), "x", 1, &err), BASE_NOTFOUND);
    CHECK_FAILS(base_write_file(dir.path, "x", 1, &err), BASE_IO, dir.path);
    base_buf_fini(&buf);
    check_tmpdir_remove(&dir);
}

static void large_and_odd_files_are_read_whole(void **state) {
    (void)state;
    base_err err = {0};
    base_buf written = {0}, read_back = {0};
    check_tmpdir dir = check_tmpdir_create();
    for (uint64_t i = 0; i < 100000; i++) base_buf_put_u64(&written, i);
    CHECK_OK(base_write_file(check_tmpdir_file(&dir, "large"), written.data, written.length, &err));
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "large"), &read_back, &err));
    assert_int_equal(read_back.length, written.length);
    assert_memory_equal(read_back.data, written.data, written.length + 1);
    base_buf_clear(&read_back);
    CHECK_OK(base_read_file("/proc/self/status", &read_back, &err)); /* has no size */
    CHECK_CONTAINS(base_buf_text(&read_back), "test_buf");
    base_buf_clear(&read_back);
    CHECK_OK(base_write_file(check_tmpdir_file(&dir, "empty"), NULL, 0, &err));
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "empty"), &read_back, &err));
    assert_int_equal(read_back.length, 0);
    base_buf_fini(&written);
    base_buf_fini(&read_back);
    check_tmpdir_remove(&dir);
}

static void paths_without_a_folder_are_here(void **state) {
    (void)state;
    base_err err = {0};
    base_buf buf = {0};
    check_tmpdir dir = check_tmpdir_create();
    int home = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(home >= 0 && chdir(dir.path) == 0);
    CHECK_OK(base_write_file("here", "1", 1, &err));
    CHECK_OK(base_make_folder("a//b/c/", &err));
    CHECK_OK(base_read_file("here", &buf, &err));
    struct stat info;
    assert_true(stat("a/b/c", &info) == 0 && S_ISDIR(info.st_mode));
    assert_int_equal(fchdir(home), 0);
    close(home);
    base_buf_fini(&buf);
    check_tmpdir_remove(&dir);
}

static void folders_are_made_with_their_parents(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *deep = check_tmpdir_file(&dir, "a/b/c");
    CHECK_OK(base_make_folder(deep, &err));
    CHECK_OK(base_make_folder(deep, &err));
    CHECK_OK(base_make_folder("/", &err));
    struct stat info;
    assert_true(stat(deep, &info) == 0 && S_ISDIR(info.st_mode));
    const char *file = check_tmpdir_write(&dir, "file", "x");
    CHECK_FAILS(base_make_folder(file, &err), BASE_IO, "is a file");
    CHECK_FAILS(base_make_folder(check_tmpdir_file(&dir, "file/d"), &err), BASE_IO, "is a file");
    CHECK_FAILS(base_make_folder("/proc/no/such", &err), BASE_IO, "/proc/no");
    check_tmpdir_remove(&dir);
}

/* A pipe takes its bytes in pieces; a device that is full takes none. */
static void everything_is_written_or_said_why(void **state) {
    (void)state;
    enum { LENGTH = 1 << 20 };
    char *bytes = base_malloc(LENGTH);
    for (size_t i = 0; i < LENGTH; i++) bytes[i] = (char)(i % 251);
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    const pid_t reader = fork();
    if (reader == 0) {
        char block[777];
        size_t at = 0;
        close(ends[1]);
        for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0; at += (size_t)got) {
            if (at + (size_t)got > LENGTH || memcmp(block, bytes + at, (size_t)got) != 0) _exit(1);
        }
        _exit(at != LENGTH);
    }
    close(ends[0]);
    assert_true(base_write_all(ends[1], bytes, LENGTH));
    close(ends[1]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    assert_true(base_write_all(-1, bytes, 0));
    const int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_false(base_write_all(full, bytes, 1));
    assert_int_equal(errno, ENOSPC);
    close(full);
    free(bytes);
}

static void control_characters_are_shown(void **state) {
    (void)state;
    base_buf out = {0};
    base_buf_put_visible(&out, "a\x1b[1m\n\x7f\xc2\x9b\xff \xc3\xa4\\");
    assert_string_equal(base_buf_text(&out), "a\\x1b[1m\\x0a\\x7f\\x9b\\xff \xc3\xa4\\");
    base_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_appended_and_ended),
        cmocka_unit_test(printf_fits_at_every_length),
        cmocka_unit_test(json_text_is_quoted),
        cmocka_unit_test(control_characters_are_shown),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(large_and_odd_files_are_read_whole),
        cmocka_unit_test(everything_is_written_or_said_why),
        cmocka_unit_test(paths_without_a_folder_are_here),
        cmocka_unit_test(folders_are_made_with_their_parents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
