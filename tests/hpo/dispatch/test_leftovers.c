/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deleting a trial's folder: everything in it but the log, and nothing outside. */
#include "hpo/dispatch/leftovers.h"

#include <sys/stat.h>

#include "tests/support/check.h"

static void test_all_but_the_log(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    static const char *const folders[] = {"trial", "trial/checkpoint", "trial/checkpoint/deep", "outside"};
    for (size_t i = 0; i < CHECK_COUNT(folders); i++)
        assert_int_equal(mkdir(check_tmpdir_file(&dir, folders[i]), 0777), 0);
    check_tmpdir_write(&dir, "trial/log", "x");
    check_tmpdir_write(&dir, "trial/config.json", "x");
    check_tmpdir_write(&dir, "trial/checkpoint/model", "x");
    check_tmpdir_write(&dir, "trial/checkpoint/log", "x"); /* not the trial's */
    check_tmpdir_write(&dir, "trial/checkpoint/deep/state", "x");
    check_tmpdir_write(&dir, "outside/kept", "x");
    assert_int_equal(symlink(check_tmpdir_file(&dir, "outside"), check_tmpdir_file(&dir, "trial/link")), 0);
    assert_int_equal(hpo_leftovers_delete(check_tmpdir_file(&dir, "trial")), 5); /* the link, too */
    assert_int_equal(access(check_tmpdir_file(&dir, "trial/log"), F_OK), 0);
    assert_int_equal(access(check_tmpdir_file(&dir, "outside/kept"), F_OK), 0);
    assert_int_equal(unlink(check_tmpdir_file(&dir, "trial/log")), 0);
    assert_int_equal(rmdir(check_tmpdir_file(&dir, "trial")), 0); /* nothing else was left */
    assert_int_equal(hpo_leftovers_delete(check_tmpdir_file(&dir, "trial")), 0);
    assert_int_equal(symlink(check_tmpdir_file(&dir, "outside"), check_tmpdir_file(&dir, "trial")), 0);
    assert_int_equal(hpo_leftovers_delete(check_tmpdir_file(&dir, "trial")), 0);
    assert_int_equal(access(check_tmpdir_file(&dir, "outside/kept"), F_OK), 0);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_but_the_log)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
