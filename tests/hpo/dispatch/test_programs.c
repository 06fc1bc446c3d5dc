/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that the fork server starts itself: their groups, their ends, what they leave behind, and what happens when
 * they cannot be started. The objective runs a shell with one of the scripts below; a line "result" is its result. */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "tests/support/processes.h"
#include "tests/support/trial_server.h"

typedef struct script_run {
    bool complete, finished;
} script_run;

typedef enum script {
    GOOD,
    CLEANS_UP,
    CLEANS_UP_EARLY,
    KILLS_ITSELF,
    SEGFAULTS,
    GOES_ON,
    TOO_LATE,
    FAILS,
    SHOWS_ITSELF,
    IN_A_SESSION,
    HAS_DAEMON,
    EATS_IN_DAEMON,
    WAITS,
} script;

static const char *const scripts[] = {
    [GOOD] = "echo result",
    [CLEANS_UP] = "trap 'kill 0' EXIT; sleep 300 & echo result",
    [CLEANS_UP_EARLY] = "trap 'kill 0' EXIT; sleep 300 & exit 0",
    [KILLS_ITSELF] = "echo result; kill -9 $$",
    [SEGFAULTS] = "echo result; kill -SEGV $$",
    [GOES_ON] = "echo result; sleep 300",
    [TOO_LATE] = "trap 'echo result; exit 0' TERM; while :; do sleep 0.01; done",
    [FAILS] =
        "echo last words >&1; printf 'Traceback:\\n  in fit\\nValueError: too brave\\n  (indented)\\n' >&2; exit 3",
    [SHOWS_ITSELF] =
        "cut -d ' ' -f 1,5 /proc/$$/stat; echo trial $HPO_TRIAL $CHANGED $HPO_WORKER $CUDA_VISIBLE_DEVICES;"
        /* without a process: while a shell starts one it blocks every signal, and has a pipe open, for a moment */
        "while read -r line; do case $line in SigBlk* | SigIgn*) echo \"$line\" ;; esac; done < /proc/$$/status;"
        "ulimit -c; set -- /proc/$$/fd/*; echo $#; echo result",
    [IN_A_SESSION] = "exec setsid sh -c 'trap \"echo saved; exit 0\" TERM; while :; do sleep 0.01; done'",
    [HAS_DAEMON] = "(setsid sleep 300 > /dev/null 2>&1 &) ; sleep 300",
    [EATS_IN_DAEMON] =
        /* tail keeps what it has read until its input ends, so that no look comes too late; it is more than
         * trial.memory and less than RLIMIT_DATA, at which tail would give up between two looks */
    "(setsid sh -c '{ head -c 150000000 /dev/zero; sleep 300; } | tail -c 150000000' > /dev/null &) ; sleep 300",
    [WAITS] = "sleep 0.5; echo result",
};

static base_status script_launch(void *state, const hpo_job *job, base_arena *arena, hpo_program *out, base_err *err) {
    (void)state, (void)err;
    static const char *const env[] = {"CHANGED=yes", "HPO_TRIAL=wrong", NULL};
    char **argv = BASE_NEW_ARRAY(arena, 4, char *);
    argv[0] = base_arena_strdup(arena, "sh");
    argv[1] = base_arena_strdup(arena, "-c");
    argv[2] = base_arena_strdup(arena, scripts[(int)job->config[0]]);
    *out = (hpo_program){.name = "script",
                         .argv = argv,
                         .env = env,
                         .cwd = "/",
                         .checkpoint = base_arena_printf(arena, "%s/checkpoint", job->folder),
                         .config_file = base_arena_printf(arena, "%s/config.json", job->folder),
                         .config = "{}\n",
                         .run = BASE_NEW(arena, script_run)};
    return BASE_OK;
}

static void script_feed(void *self, const char *bytes, size_t length, const hpo_reporter *reporter) {
    (void)reporter;
    script_run *run = self;
    if (memmem(bytes, length, "result\n", 7)) run->complete = true;
}

static bool script_complete(const void *self) {
    return ((const script_run *)self)->complete;
}

static void script_finish(void *self, const hpo_reporter *reporter) {
    (void)reporter;
    script_run *run = self;
    assert_false(run->finished);
    run->finished = true;
}

static base_status script_result(void *self, hpo_result *out, base_err *err) {
    const script_run *run = self;
    if (!run->complete) return BASE_FAIL(err, BASE_NOTFOUND, "no result");
    hpo_metrics_set(&out->metrics, "loss", 0.5);
    return BASE_OK;
}

static const hpo_program_ops script_ops = {.launch = script_launch,
                                           .feed = script_feed,
                                           .complete = script_complete,
                                           .finish = script_finish,
                                           .result = script_result};
static const hpo_objective_type script_objective = {.name = "script", .summary = "a shell", .program = &script_ops};

static const hpo_catalog *script_catalog(void) {
    static const hpo_objective_type *const objectives[] = {&script_objective};
    static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test 1"};
    return &catalog;
}

static void start(trial_server *self, const char *settings) {
    char text[1024];
    base_err err;
    int length = snprintf(text, sizeof text,
                          "objective: script\n%smetric: {name: loss, goal: minimize}\nmethod: random\n"
                          "budget: {trials: 1000}\nparameters: {script: {min: 0, max: 99}}\n",
                          settings);
    assert_true(length > 0 && (size_t)length < sizeof text);
    CHECK_OK(trial_server_start(self, script_catalog(), text, &err));
}

static void stop(trial_server *self) {
    trial_server_stop(self);
    assert_true(processes_gone(0));
}

static void send(trial_server *self, uint64_t trial, script which) {
    double config = which;
    hpo_message job = trial_server_job(self, trial, &config);
    trial_server_send(self, &job);
}

static hpo_result run(trial_server *self, uint64_t trial, script which) {
    send(self, trial, which);
    hpo_result result = trial_server_result(self, trial, 30);
    return result;
}

static void check_clean(const trial_server *self) {
    assert_int_equal(processes_left_but((pid_t)hpo_forkserver_pid(self->server)), 0);
}

static const char *log_of(trial_server *self, uint64_t trial) {
    static char text[65536];
    char name[64];
    base_err err;
    base_buf log = {0};
    snprintf(name, sizeof name, "trials/%d/log", (int)trial);
    CHECK_OK(base_read_file(check_tmpdir_file(&self->dir, name), &log, &err));
    snprintf(text, sizeof text, "%s", log.data);
    base_buf_fini(&log);
    return text;
}

/* ---- groups and signals ---- */

static void test_signals_to_its_group(void **state) {
    (void)state;
    trial_server self;
    start(&self, "");
    send(&self, 100, WAITS); /* another trial of the same server notices nothing */
    hpo_result result = run(&self, 0, CLEANS_UP);
    check_success(&result);
    result = run(&self, 1, KILLS_ITSELF);
    check_success(&result);
    result = run(&self, 2, CLEANS_UP_EARLY); /* nobody but itself has stopped it, and there is no result */
    check_failure(&result, HPO_FAILURE_CRASH, SIGTERM, "script was ended by signal 15 (Terminated)");
    result = run(&self, 3, SEGFAULTS);
    check_failure(&result, HPO_FAILURE_CRASH, SIGSEGV, "script was ended by signal 11 (Segmentation fault)");
    result = trial_server_result(&self, 100, 10);
    check_success(&result);
    check_clean(&self);
    stop(&self);
}

static void test_what_it_finds(void **state) {
    (void)state;
    trial_server self;
    start(&self, "");
    hpo_result result = run(&self, 7, SHOWS_ITSELF);
    check_success(&result);
    int pid, group;
    const char *log = log_of(&self, 7), *shown = strchr(log, '\n') + 1;
    assert_int_equal(sscanf(shown, "%d %d", &pid, &group), 2);
    assert_int_not_equal(pid, group); /* so that it may call setsid */
    assert_int_not_equal(group, getpgrp());
    assert_int_not_equal(group, hpo_forkserver_pid(self.server));
    CHECK_CONTAINS(log, "trial 7 yes 0");
    CHECK_CONTAINS(log, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n"); /* and no core */
    CHECK_CONTAINS(log, "\n4\nresult\n"); /* the folder that is listed, and nothing of the server's */
    base_buf config = {0};
    base_err err;
    CHECK_OK(base_read_file(check_tmpdir_file(&self.dir, "trials/7/config.json"), &config, &err));
    assert_string_equal(config.data, "{}\n");
    base_buf_fini(&config);
    assert_int_equal(access(check_tmpdir_file(&self.dir, "trials/7/checkpoint"), F_OK), 0);
    stop(&self);
}

static void test_a_session_of_its_own_gets_the_stop(void **state) {
    (void)state;
    trial_server self;
    start(&self, "trial: {stop_grace: 20s}\n");
    send(&self, 0, IN_A_SESSION);
    base_sleep(0.3);
    trial_server_send_stop(&self, 0, HPO_STOP_INTERRUPT);
    hpo_result result = trial_server_result(&self, 0, 10);
    check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped because the run stops");
    CHECK_CONTAINS(log_of(&self, 0), "saved\n");
    check_clean(&self);
    stop(&self);
}

/* ---- ends ---- */

static void test_time_and_a_complete_result(void **state) {
    (void)state;
    trial_server self;
    start(&self, "trial: {time: 0.5s, stop_grace: 20s}\n");
    hpo_result result = run(&self, 0, GOES_ON);
    check_success(&result);
    assert_true(result.seconds >= 0.5 && result.seconds < 10);
    result = run(&self, 1, TOO_LATE);
    check_failure(&result, HPO_FAILURE_TIMEOUT, 0, "ran longer than trial.time: 0.5s (trials/1/log)");
    check_clean(&self);
    stop(&self);
}

static void test_exit_grace(void **state) {
    (void)state;
    trial_server self;
    start(&self, "trial: {exit_grace: 0.2s}\n");
    hpo_result result = run(&self, 0, GOES_ON);
    check_success(&result);
    assert_true(result.seconds >= 0.2 && result.seconds < 10);
    trial_server_stop(&self);
    start(&self, ""); /* none: it may take as long as it likes */
    send(&self, 0, GOES_ON);
    base_sleep(1.5); /* longer than a forked child that has answered may live */
    trial_server_send_stop(&self, 0, HPO_STOP_INTERRUPT);
    result = trial_server_result(&self, 0, 10);
    check_success(&result);             /* it was complete */
    assert_true(result.seconds >= 1.2); /* it has begun a moment after it was sent */
    stop(&self);
}

static void test_failures_say_where_to_look(void **state) {
    (void)state;
    trial_server self;
    start(&self, "");
    hpo_result result = run(&self, 4, FAILS);
    check_failure(&result, HPO_FAILURE_EXIT, 3,
                  "script ended with exit status 3; last output: ValueError: too brave (trials/4/log)");
    CHECK_CONTAINS(log_of(&self, 4), "last words\n");
    CHECK_CONTAINS(log_of(&self, 4), "ValueError: too brave\n  (indented)\n");
    stop(&self);
}

/* ---- what it leaves behind ---- */

static void test_daemons(void **state) {
    (void)state;
    trial_server self;
    start(&self, "trial: {memory: 100MiB, stop_grace: 0}\n");
    send(&self, 0, HAS_DAEMON);
    double give_up = base_monotonic() + 10;
    while (processes_left() < 4 && base_monotonic() < give_up) base_sleep(0.01);
    base_sleep(0.1); /* the middle process has left */
    size_t before = processes_left();
    assert_int_equal(before, 4); /* the server, the shell, its sleep, the daemon */
    for (uint64_t trial = 1; trial < 4; trial++) {
        hpo_result result = run(&self, trial, GOOD); /* ends without the daemon of the other */
        check_success(&result);
        assert_int_equal(processes_left(), before);
    }
    trial_server_send_stop(&self, 0, HPO_STOP_KILL);
    hpo_result result = trial_server_result(&self, 0, 10);
    check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped on request");
    check_clean(&self);
    result = run(&self, 5, EATS_IN_DAEMON);
    check_failure(&result, HPO_FAILURE_OOM, 0, "more than trial.memory: 100 MiB");
    check_clean(&self);
    stop(&self);
}

static size_t count_open(pid_t pid) {
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static void test_nothing_grows(void **state) {
    (void)state;
    trial_server self;
    start(&self, "");
    pid_t server = (pid_t)hpo_forkserver_pid(self.server);
    static const script kinds[] = {GOOD, FAILS, CLEANS_UP_EARLY};
    size_t open = 0;
    for (uint64_t trial = 0; trial < 150; trial++) {
        hpo_result result = run(&self, trial, kinds[trial % CHECK_COUNT(kinds)]);
        assert_int_equal(result.failure == HPO_FAILURE_NONE, trial % CHECK_COUNT(kinds) == 0);
        if (trial == 10) open = count_open(server);
    }
    assert_int_equal(count_open(server), open);
    stop(&self);
}

/* ---- starting ---- */

static rlim_t limit_files(pid_t pid, rlim_t count) {
    struct rlimit old, new;
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &old), 0);
    new = (struct rlimit){.rlim_cur = count, .rlim_max = old.rlim_max};
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &new, NULL), 0);
    return old.rlim_cur;
}

static void test_a_shortage_passes(void **state) {
    (void)state;
    trial_server self;
    start(&self, "");
    pid_t server = (pid_t)hpo_forkserver_pid(self.server);
    rlim_t enough = limit_files(server, 5);
    send(&self, 0, GOOD);
    hpo_message note = trial_server_receive(&self, 10);
    assert_int_equal(note.kind, HPO_MESSAGE_NOTE);
    CHECK_CONTAINS(note.text, "a trial waits for up to 60 s, because it cannot be started now: cannot ");
    CHECK_CONTAINS(note.text, "Too many open files");
    send(&self, 1, GOOD); /* said once */
    send(&self, 2, GOOD);
    trial_server_send_stop(&self, 1, HPO_STOP_INTERRUPT);
    hpo_result result = trial_server_result(&self, 1, 10);
    check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped before it could be started");
    limit_files(server, enough);
    for (int i = 0; i < 2; i++) { /* in any order */
        hpo_message message = trial_server_receive(&self, 30);
        assert_int_equal(message.kind, HPO_MESSAGE_RESULT);
        check_success(&message.result);
        assert_int_equal(message.result.notices, HPO_NOTICE_BIT(SLOW_START));
        CHECK_CONTAINS(message.result.note, "had to wait");
        CHECK_CONTAINS(message.result.note, "Too many open files");
    }
    stop(&self);
}

static void test_a_folder_that_is_gone(void **state) {
    (void)state;
    trial_server self;
    char away[600];
    start(&self, "");
    snprintf(away, sizeof away, "%s.away", self.dir.path);
    assert_int_equal(rename(self.dir.path, away), 0);
    hpo_result result = run(&self, 0, GOOD);
    check_failure(&result, HPO_FAILURE_STORAGE, 0, "a trial cannot be started: cannot make the folder ");
    CHECK_CONTAINS(result.reason, "No such file or directory");
    assert_int_equal(access(self.dir.path, F_OK), -1); /* it is not made anew */
    assert_int_equal(rename(away, self.dir.path), 0);
    result = run(&self, 1, GOOD);
    check_success(&result);
    stop(&self);
}

int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_to_its_group),
        cmocka_unit_test(test_what_it_finds),
        cmocka_unit_test(test_a_session_of_its_own_gets_the_stop),
        cmocka_unit_test(test_time_and_a_complete_result),
        cmocka_unit_test(test_exit_grace),
        cmocka_unit_test(test_failures_say_where_to_look),
        cmocka_unit_test(test_daemons),
        cmocka_unit_test(test_nothing_grows),
        cmocka_unit_test(test_a_shortage_passes),
        cmocka_unit_test(test_a_folder_that_is_gone),
    };
    processes_mark(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
