/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/status.h"

static base_status fails_twice(base_err *err) {
    BASE_TRY(BASE_OK);
    BASE_TRY(BASE_FAIL(err, BASE_BUSY, "first %d", 1));
    return BASE_FAIL(err, BASE_IO, "never reached");
}

static void a_failure_carries_code_text_and_place(void **state) {
    (void)state;
    base_err err = {0};
    assert_int_equal(fails_twice(&err), BASE_BUSY);
    assert_int_equal(err.code, BASE_BUSY);
    assert_string_equal(err.text, "first 1");
    CHECK_CONTAINS(err.file, "test_status.c");
    assert_int_equal(err.line, 11);
    base_err_prefix(&err, "study '%s'", "a");
    assert_string_equal(err.text, "study 'a': first 1");
    assert_int_equal(err.line, 11);
}

static void nobody_has_to_listen(void **state) {
    (void)state;
    assert_int_equal(fails_twice(NULL), BASE_BUSY);
    base_err_prefix(NULL, "x");
}

static void the_old_text_may_be_an_argument(void **state) {
    (void)state;
    base_err err = {0};
    (void)BASE_FAIL(&err, BASE_IO, "inner");
    (void)BASE_FAIL(&err, BASE_CORRUPT, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    base_err_prefix(&err, "%s", err.text);
    assert_string_equal(err.text, "outer (inner): outer (inner)");
}

static void a_long_sentence_ends_in_dots(void **state) {
    (void)state;
    base_err err = {0};
    char text[1000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)BASE_FAIL(&err, BASE_IO, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_string_equal(err.text + sizeof err.text - 6, "aa...");
    for (size_t i = 0; i + 2 < sizeof text; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    for (size_t shift = 0; shift < 2; shift++) { /* one of the two would cut a character in half */
        (void)BASE_FAIL(&err, BASE_IO, "%s%s", shift ? "a" : "", text);
        size_t length = strlen(err.text);
        assert_string_equal(err.text + length - 3, "...");
        assert_int_equal((length - 3 - shift) % 2, 0);
    }
    for (size_t i = 0; i < 100; i++) base_err_prefix(&err, "again and again");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    CHECK_CONTAINS(err.text, "again and again: again and again: ");
}

static void every_code_has_its_text(void **state) {
    (void)state;
    assert_string_equal(base_status_text(BASE_OK), "ok");
    assert_string_equal(base_status_text(BASE_CORRUPT), "corrupt data");
    for (int a = BASE_OK; a <= BASE_INTERNAL; a++) {
        assert_true(strlen(base_status_text((base_status)a)) > 1);
        for (int b = BASE_OK; b < a; b++) {
            assert_string_not_equal(base_status_text((base_status)a), base_status_text((base_status)b));
        }
    }
    assert_string_equal(base_status_text((base_status)(BASE_INTERNAL + 1)), "unknown status");
}

static void an_assertion_names_itself_and_aborts(void **state) {
    (void)state;
    BASE_ASSERT(1 + 1 == 2);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        BASE_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    char text[512] = "";
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK_CONTAINS(text, "assertion failed: 1 + 1 == 3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_carries_code_text_and_place),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(the_old_text_may_be_an_argument),
        cmocka_unit_test(a_long_sentence_ends_in_dots),
        cmocka_unit_test(every_code_has_its_text),
        cmocka_unit_test(an_assertion_names_itself_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
