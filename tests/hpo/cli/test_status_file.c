/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where there is no room: what the file says, and that its bytes behind the new text are gone. fallocate is ours here:
 * it has as many bytes to give as a test wants. */
#include "hpo/cli/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"

static off_t blocks; /* how far a file may reach */

int fallocate(int fd, int mode, off_t offset, off_t length) {
    (void)fd;
    assert_int_equal(mode, 0);
    if (offset + length <= blocks) return 0;
    errno = ENOSPC;
    return -1;
}

typedef struct room {
    check_tmpdir dir;
    const char *path;
    base_buf full, brief;
} room;

/* old: NULL = there is no file. No second file can be made. */
static room begin(const char *old, const char *full, const char *brief) {
    room r = {.dir = check_tmpdir_create()};
    r.path = check_tmpdir_file(&r.dir, "status.json");
    if (old) check_tmpdir_write(&r.dir, "status.json", old);
    assert_int_equal(mkdir(check_tmpdir_file(&r.dir, "status.json.tmp"), 0700), 0);
    base_buf_puts(&r.full, full);
    base_buf_puts(&r.brief, brief);
    return r;
}

static void check_says(room *r, base_status expected, const char *text) {
    base_err err = {0};
    base_buf got = {0};
    CHECK_STATUS(cli_status_file_write(r->path, &r->full, &r->brief, &err), expected);
    if (expected != BASE_OK) CHECK_CONTAINS(err.text, "status.json.tmp");
    if (text) {
        CHECK_OK(base_read_file(r->path, &got, &err));
        assert_string_equal(base_buf_text(&got), text);
    } else {
        assert_int_equal(access(r->path, F_OK), -1);
    }
    base_buf_fini(&got);
    base_buf_fini(&r->full);
    base_buf_fini(&r->brief);
    check_tmpdir_remove(&r->dir);
}

static void test_replaced(void **state) {
    (void)state;
    base_err err;
    room r = begin("old old old old\n", "new\n", "n\n");
    assert_int_equal(rmdir(check_tmpdir_file(&r.dir, "status.json.tmp")), 0);
    struct stat before, after;
    assert_int_equal(stat(r.path, &before), 0);
    const int held = open(r.path, O_RDONLY); /* or its inode may be given again */
    CHECK_OK(cli_status_file_write(r.path, &r.full, &r.brief, &err));
    assert_int_equal(stat(r.path, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    close(held);
    check_says(&r, BASE_OK, "new\n");
}

static void test_in_place(void **state) {
    (void)state;
    room r = begin("old old old old\n", "new\n", "n\n");
    blocks = 0; /* what lies there needs no block */
    check_says(&r, BASE_OK, "new\n");
    r = begin("old\n", "longer than the old one\n", "n\n");
    blocks = 4096;
    check_says(&r, BASE_OK, "longer than the old one\n");
    r = begin("old\n", "longer than the old one\n", "n\n");
    blocks = 8;
    check_says(&r, BASE_OK, "n\n");
}

/* The old text stays whole, and the error says what could not be made. */
static void test_nowhere(void **state) {
    (void)state;
    room r = begin("old\n", "longer than the old one\n", "brief, but too long\n");
    blocks = 8;
    check_says(&r, BASE_IO, "old\n");
    r = begin(NULL, "new\n", "n\n");
    check_says(&r, BASE_IO, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replaced), cmocka_unit_test(test_in_place),
                                       cmocka_unit_test(test_nowhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
