/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of processes: any name, this one, a child that has ended, none. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

#include "base/process.h"

#define BEHIND_PARENT " 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 "

static void test_names_may_hold_anything(void **state) {
    (void)state;
    static const struct {
        const char *stat;
        base_process process;
    } cases[] = {
        {"12 (bash) S 7" BEHIND_PARENT "987654 9", {12, 7, 'S', 987654, "bash"}},
        {"12 (a b) c)) Z 3" BEHIND_PARENT "5", {12, 3, 'Z', 5, "a b) c)"}},
        {"12 () R 1 () R 99" BEHIND_PARENT "5", {12, 99, 'R', 5, ") R 1 ("}},
        {"1 (init) S 0 1", {1, 0, 'S', 0, "init"}}, /* cut off: no start */
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_process got;
        assert_true(base_process_parse(cases[i].stat, &got));
        assert_int_equal(got.pid, cases[i].process.pid);
        assert_int_equal(got.parent, cases[i].process.parent);
        assert_int_equal(got.state, cases[i].process.state);
        assert_true(got.start == cases[i].process.start);
        assert_string_equal(got.name, cases[i].process.name);
    }
    static const char *const none[] = {"", "12", "12 (bash) S", "12 bash S 7", "12 (bash", "12 (bash) S -1 1"};
    for (size_t i = 0; i < CHECK_COUNT(none); i++) {
        base_process got;
        assert_false(base_process_parse(none[i], &got));
    }
}

static void test_processes_of_this_machine(void **state) {
    (void)state;
    base_process self, child;
    assert_true(base_process_look(getpid(), &self));
    assert_int_equal(self.pid, getpid());
    assert_int_equal(self.parent, getppid());
    assert_int_equal(self.state, 'R');
    assert_true(self.start > 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(0);
    siginfo_t ended;
    assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
    assert_true(base_process_look(pid, &child));
    assert_int_equal(child.state, 'Z');
    assert_int_equal(child.parent, getpid());
    assert_true(child.start >= self.start);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(base_process_look(pid, &child));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_may_hold_anything),
        cmocka_unit_test(test_processes_of_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
