/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.json as others see it: it is whole at any time, it shows that its writer lives, it has the last word of every
 * end that somebody sees, and a run that cannot write it is not kept waiting. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"

static base_buf body_of(const char *text) {
    base_buf body = {0};
    base_buf_printf(&body, ", \"study\": \"s\", \"note\": \"%s\"", text);
    return body;
}

static void put(cli_status *s, const char *state, const char *note) {
    base_buf body = body_of(note);
    cli_status_put(s, &(cli_state){state, -1, NULL}, &body);
    base_buf_fini(&body);
}

static base_status end(cli_status *s, const char *state, int code, const char *reason, base_err *err) {
    base_buf body = body_of("end");
    const base_status status = cli_status_end(s, &(cli_state){state, code, reason}, &body, err);
    base_buf_fini(&body);
    return status;
}

static json_t *read_now(const check_tmpdir *dir) {
    return json_load_file(check_tmpdir_file(dir, "status.json"), 0, NULL);
}

static const char *text_of(const json_t *root, const char *key) {
    return json_string_value(json_object_get(root, key));
}

/* Waits until the file says that of this member. */
static void wait_for(const check_tmpdir *dir, const char *key, const char *value) {
    for (const double begun = base_monotonic(); base_monotonic() - begun < 20; base_sleep(0.01)) {
        json_t *root = read_now(dir);
        const bool same = root && text_of(root, key) && strcmp(text_of(root, key), value) == 0;
        json_decref(root);
        if (same) return;
    }
    fail_msg("status.json does not come to say %s: %s", key, value);
}

static double time_of(const check_tmpdir *dir) {
    json_t *root = read_now(dir);
    const double at = json_number_value(json_object_get(root, "updated_unix"));
    json_decref(root);
    return at;
}

static void test_it_beats_without_being_told_anything(void **state) {
    (void)state;
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    cli_status *s = cli_status_create(dir.path);
    put(s, "running", "one");
    wait_for(&dir, "note", "one");
    json_t *root = read_now(&dir);
    const double first = time_of(&dir), period = json_number_value(json_object_get(root, "period"));
    assert_int_equal(json_integer_value(json_object_get(root, "pid")), getpid());
    assert_true(json_is_null(json_object_get(root, "exit_code")));
    assert_true(strlen(text_of(root, "boot")) > 0);
    json_decref(root);
    assert_true(period > 0);
    for (const double begun = base_monotonic(); time_of(&dir) == first; base_sleep(0.05)) {
        assert_true(base_monotonic() - begun < 3 * period + 5);
    }
    CHECK_OK(end(s, "done", 0, "why \"not\"", &err));
    root = read_now(&dir);
    assert_string_equal(text_of(root, "state"), "done");
    assert_string_equal(text_of(root, "reason"), "why \"not\"");
    assert_string_equal(text_of(root, "note"), "end");
    json_decref(root);
    check_tmpdir_remove(&dir);
}

static void test_another_state_is_written_at_once(void **state) {
    (void)state;
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    cli_status *s = cli_status_create(dir.path);
    put(s, "running", "one");
    wait_for(&dir, "state", "running");
    const double begun = base_monotonic();
    put(s, "stopping", "two");
    wait_for(&dir, "state", "stopping");
    assert_true(base_monotonic() - begun < 1.5); /* less than a period */
    CHECK_OK(end(s, "interrupted", 75, NULL, &err));
    check_tmpdir_remove(&dir);
}

static void test_what_cannot_be_written_is_said_at_the_end(void **state) {
    (void)state;
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    cli_status *s = cli_status_create(check_tmpdir_file(&dir, "nowhere"));
    put(s, "running", "one");
    assert_int_equal(end(s, "done", 0, NULL, &err), BASE_NOTFOUND);
    CHECK_CONTAINS(err.text, "nowhere/status.json");
    CHECK_OK(cli_status_end(NULL, &(cli_state){"done", 0, NULL}, NULL, &err));
    assert_int_equal(cli_status_fd(NULL), -1);
    check_tmpdir_remove(&dir);
}

static off_t size_now(const check_tmpdir *dir) {
    struct stat info;
    assert_int_equal(stat(check_tmpdir_file(dir, "status.json"), &info), 0);
    return info.st_size;
}

/* No second file can be made: the one that is there says the last word, whether that is longer or shorter. */
static void test_without_room_for_a_file_the_old_one_is_overwritten(void **state) {
    (void)state;
    static const char *const notes[] = {"",
                                        "a reason that is so long that the text outgrows what stood there before it"};
    for (size_t i = 0; i < CHECK_COUNT(notes); i++) {
        base_err err;
        check_tmpdir dir = check_tmpdir_create();
        cli_status *s = cli_status_create(dir.path);
        put(s, "running", "a note of some length, which the last word does not have");
        wait_for(&dir, "state", "running");
        const off_t before = size_now(&dir);
        assert_int_equal(mkdir(check_tmpdir_file(&dir, "status.json.tmp"), 0700), 0);
        CHECK_OK(end(s, "storage failed", 4, *notes[i] ? notes[i] : NULL, &err));
        json_t *root = read_now(&dir);
        assert_string_equal(text_of(root, "state"), "storage failed");
        assert_string_equal(text_of(root, "note"), "end");
        assert_int_equal(json_integer_value(json_object_get(root, "exit_code")), 4);
        if (*notes[i]) assert_string_equal(text_of(root, "reason"), notes[i]);
        json_decref(root);
        assert_true(*notes[i] ? size_now(&dir) > before : size_now(&dir) < before);
        check_tmpdir_remove(&dir);
    }
}

/* A disk that keeps its writer waiting for ever: here a pipe that nobody reads. */
static void test_a_slow_disk_keeps_nobody_waiting(void **state) {
    (void)state;
    base_err err;
    check_tmpdir dir = check_tmpdir_create();
    const char *temporary = check_tmpdir_file(&dir, "status.json.tmp");
    assert_int_equal(mkfifo(temporary, 0600), 0);
    cli_status *s = cli_status_create(dir.path);
    const double begun = base_monotonic();
    for (int i = 0; i < 1000; i++) put(s, i % 2 ? "running" : "stopping", "one");
    assert_true(base_monotonic() - begun < 1);
    assert_null(read_now(&dir));
    const int reader = open(temporary, O_RDONLY | O_NONBLOCK); /* the disk is back */
    assert_true(reader >= 0);
    assert_int_equal(unlink(temporary), 0);
    (void)end(s, "done", 0, NULL, &err);
    close(reader);
    check_tmpdir_remove(&dir);
}

/* A process that is told to leave at once: the exit code, and what the file says then. */
static void test_a_second_signal_leaves_a_last_word(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const pid_t child = fork();
    if (child == 0) {
        cli_status *s = cli_status_create(dir.path);
        put(s, "running", "one");
        cli_status_leave_now(cli_status_fd(s));
        for (;;) pause();
    }
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == HPO_EXIT_INTERRUPTED);
    json_t *root = read_now(&dir);
    assert_string_equal(text_of(root, "state"), "interrupted");
    assert_int_equal(json_integer_value(json_object_get(root, "exit_code")), HPO_EXIT_INTERRUPTED);
    json_decref(root);
    check_tmpdir_remove(&dir);
}

/* What a process that was killed left behind. */
static pid_t leave_behind(const check_tmpdir *dir, const char *state) {
    const pid_t child = fork();
    if (child == 0) {
        put(cli_status_create(dir->path), state, "alive");
        for (;;) pause();
    }
    wait_for(dir, "state", state);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return child;
}

static void test_a_dead_run_is_marked_from_outside(void **state) {
    (void)state;
    static const char *const living[] = {"running", "stopping"};
    const cli_state died = {"died", 75, "the controller died"};
    for (size_t i = 0; i < CHECK_COUNT(living); i++) {
        check_tmpdir dir = check_tmpdir_create();
        const pid_t pid = leave_behind(&dir, living[i]);
        cli_status_mark_dead(dir.path, pid + 1, &died); /* somebody else's run */
        wait_for(&dir, "state", living[i]);
        cli_status_mark_dead(dir.path, pid, &died);
        json_t *root = read_now(&dir);
        assert_string_equal(text_of(root, "state"), "died");
        assert_string_equal(text_of(root, "reason"), "the controller died");
        assert_string_equal(text_of(root, "note"), "alive"); /* what was known stays */
        assert_int_equal(json_integer_value(json_object_get(root, "pid")), pid);
        assert_int_equal(json_integer_value(json_object_get(root, "exit_code")), 75);
        json_decref(root);
        check_tmpdir_remove(&dir);
    }
}

/* Another run has taken the folder over, and says there what it does. */
static void test_a_run_that_lost_its_folder_says_nothing(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    cli_status *s = cli_status_create(dir.path);
    put(s, "running", "one");
    wait_for(&dir, "note", "one");
    check_tmpdir_write(&dir, "status.json", "{\"state\": \"running\", \"note\": \"another\"}");
    cli_status_drop(s);
    cli_status_drop(NULL);
    wait_for(&dir, "note", "another");
    check_tmpdir_remove(&dir);
}

static void test_a_last_word_stays(void **state) {
    (void)state;
    base_err err;
    const cli_state died = {"died", 75, NULL};
    check_tmpdir dir = check_tmpdir_create();
    cli_status_mark_dead(dir.path, getpid(), &died); /* there is no file */
    CHECK_OK(end(cli_status_create(dir.path), "done", 0, NULL, &err));
    cli_status_mark_dead(dir.path, getpid(), &died);
    wait_for(&dir, "state", "done");
    check_tmpdir_write(&dir, "status.json", "{\"state\": \"running\"");
    cli_status_mark_dead(dir.path, getpid(), &died); /* half a file is nobody's */
    base_buf text = {0};
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "status.json"), &text, &err));
    assert_string_equal(base_buf_text(&text), "{\"state\": \"running\"");
    base_buf_fini(&text);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_beats_without_being_told_anything),
        cmocka_unit_test(test_another_state_is_written_at_once),
        cmocka_unit_test(test_what_cannot_be_written_is_said_at_the_end),
        cmocka_unit_test(test_without_room_for_a_file_the_old_one_is_overwritten),
        cmocka_unit_test(test_a_slow_disk_keeps_nobody_waiting),
        cmocka_unit_test(test_a_second_signal_leaves_a_last_word),
        cmocka_unit_test(test_a_dead_run_is_marked_from_outside),
        cmocka_unit_test(test_a_run_that_lost_its_folder_says_nothing),
        cmocka_unit_test(test_a_last_word_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
