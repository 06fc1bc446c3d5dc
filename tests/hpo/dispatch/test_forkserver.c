/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork server: every kind of misbehaviour costs one trial, is named, and leaves nothing behind. */
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "hpo/dispatch/forkserver_setup.h"
#include "tests/hpo/dispatch/deeds.h"
#include "tests/support/processes.h"

/* Only this process and its fork server live. */
static void check_clean(const trial_server *self) {
    assert_int_equal(processes_left_but((pid_t)hpo_forkserver_pid(self->server)), 0);
}

static void test_kinds_of_failure(void **state) {
    (void)state;
    static const struct {
        const char *deed;
        hpo_failure failure;
        int code;
        const char *reason;
    } cases[] = {
        {"segfault", HPO_FAILURE_CRASH, SIGSEGV, "Segmentation fault"},
        {"abort", HPO_FAILURE_CRASH, SIGABRT, "Aborted"},
        {"kill9", HPO_FAILURE_CRASH, SIGKILL, "(Killed), not by us"},
        {"exit3", HPO_FAILURE_EXIT, 3, "exit status 3; last output: ValueError: learning_rate is too brave"},
        {"exit0", HPO_FAILURE_OUTPUT, 0, "without a result"},
        {"error", HPO_FAILURE_ERROR, 0, "batch_size must be a multiple of 8"},
        {"nomem", HPO_FAILURE_OOM, 0, "1 TiB"},
        {"numeric", HPO_FAILURE_NAN, 0, "epoch 2"},
    };
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        hpo_result result = deeds_run(&self, i, cases[i].deed, 10);
        check_failure(&result, cases[i].failure, cases[i].code, cases[i].reason);
        check_clean(&self);
    }
    hpo_result nan = deeds_run(&self, 100, "nan", 10);
    assert_int_equal(nan.failure, HPO_FAILURE_NAN);
    assert_string_equal(nan.reason, "loss is not a number"); /* no log: it has printed nothing */
    assert_true(isnan(*hpo_metrics_get(&nan.metrics, "loss")));
    hpo_result good = deeds_run(&self, 101, "ok", 10);
    check_success(&good);
    assert_true(good.seconds > 0 && good.seconds < 5 && isnan(good.cost));
    trial_server_stop(&self);
    assert_true(processes_gone(0));
}

static void test_reports(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    deeds_send(&self, 3, "report");
    for (int step = 1; step <= 5; step++) {
        hpo_message report = trial_server_receive(&self, 10);
        assert_int_equal(report.kind, HPO_MESSAGE_REPORT);
        assert_int_equal(report.trial, 3);
        CHECK_SAME_DOUBLE(report.step, step);
        CHECK_SAME_DOUBLE(*hpo_metrics_get(&report.result.metrics, "loss"), 1.0 / step);
    }
    hpo_result result = trial_server_result(&self, 3, 10);
    check_success(&result);
    trial_server_stop(&self);
}

static void test_descendants_are_gone_before_the_result(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "trial: {time: 0.3s, stop_grace: 0.1s}\n", &err));
    hpo_result daemon = deeds_run(&self, 0, "daemon", 10);
    check_clean(&self);
    check_success(&daemon);
    hpo_result brood = deeds_run(&self, 1, "brood", 10);
    check_clean(&self);
    check_failure(&brood, HPO_FAILURE_TIMEOUT, 0, "trial.time");
    trial_server_stop(&self);
    assert_true(processes_gone(0));
}

/* A daemon of a trial that has ended is swept while another trial, with children of its own, goes on. */
static void test_others_are_unaffected(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    deeds_send(&self, 0, "late");
    deeds_send(&self, 1, "brood");
    base_sleep(0.1);
    size_t before = processes_left();
    static const char *const deeds[] = {"daemon", "segfault", "daemon", "exit3", "ok"};
    for (size_t i = 0; i < CHECK_COUNT(deeds); i++) {
        deeds_run(&self, 10 + i, deeds[i], 10);
        assert_int_equal(processes_left(), before);
    }
    trial_server_send_stop(&self, 0, HPO_STOP_INTERRUPT);
    hpo_result late = trial_server_result(&self, 0, 10);
    check_success(&late);
    trial_server_send_stop(&self, 1, HPO_STOP_KILL);
    hpo_result brood = trial_server_result(&self, 1, 10);
    check_failure(&brood, HPO_FAILURE_INTERRUPTED, 0, "stopped");
    check_clean(&self);
    trial_server_stop(&self);
}

/* Bounds from above are wide: they tell "at once" from "after the grace", on a busy machine and under a sanitizer. */
#define GRACE "20s"
static const double at_once = 10;

static void test_time_limit(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "trial: {time: 0.4s, stop_grace: 0.3s}\n", &err));
    double start = base_monotonic();
    hpo_result deaf = deeds_run(&self, 0, "hang", 20);
    double took = base_monotonic() - start;
    check_failure(&deaf, HPO_FAILURE_TIMEOUT, 0, "longer than trial.time");
    assert_true(took >= 0.7 && deaf.seconds >= 0.7 && deaf.seconds <= took);
    trial_server_stop(&self);
    CHECK_OK(deeds_start(&self, "deeds", "trial: {time: 0.4s, stop_grace: " GRACE "}\n", &err));
    static const char *const polite[] = {"stoppable", "late"}; /* a result after the limit comes too late */
    for (size_t i = 0; i < CHECK_COUNT(polite); i++) {
        start = base_monotonic();
        hpo_result result = deeds_run(&self, i, polite[i], 30);
        took = base_monotonic() - start;
        check_failure(&result, HPO_FAILURE_TIMEOUT, 0, "longer than trial.time");
        assert_true(took >= 0.4 && took < at_once);
    }
    trial_server_stop(&self);
}

static void test_memory_limit(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "trial: {memory: 200MiB}\n", &err));
    hpo_result slow = deeds_run(&self, 0, "eat", 30);
    check_failure(&slow, HPO_FAILURE_OOM, 0, "more than trial.memory: 200 MiB");
    check_clean(&self);
    hpo_result fast = deeds_run(&self, 1, "gulp", 30); /* the look or the backstop, whichever is first */
    assert_string_equal(hpo_failure_text(fast.failure), "oom");
    CHECK_CONTAINS(fast.reason, "more than trial.memory: 200 MiB");
    hpo_result good = deeds_run(&self, 2, "ok", 10);
    check_success(&good);
    trial_server_stop(&self);
}

/* Sends the stop a moment after the start, and returns the seconds that it took. */
static double run_and_stop(trial_server *self, const char *deed, hpo_stop_reason reason, bool is_result) {
    static uint64_t trial;
    deeds_send(self, ++trial, deed);
    base_sleep(0.05);
    double start = base_monotonic();
    trial_server_send_stop(self, trial, reason);
    hpo_result result = trial_server_result(self, trial, 30);
    if (is_result)
        check_success(&result);
    else
        check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped");
    check_clean(self);
    return base_monotonic() - start;
}

/* The child is told whether its trial can ever go on. */
static void check_verdict(trial_server *self, hpo_stop_reason reason, const char *want) {
    static uint64_t trial = 70;
    char path[600];
    base_buf said = {0};
    base_err err;
    deeds_send(self, ++trial, "verdict");
    base_sleep(0.05);
    trial_server_send_stop(self, trial, reason);
    hpo_result result = trial_server_result(self, trial, 30);
    check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped");
    snprintf(path, sizeof path, "%s/trials/%" PRIu64 "/verdict", self->dir.path, trial);
    CHECK_OK(base_read_file(path, &said, &err));
    assert_string_equal(base_buf_text(&said), want);
    base_buf_fini(&said);
}

static void test_stop(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "trial: {stop_grace: " GRACE "}\n", &err));
    assert_true(run_and_stop(&self, "stoppable", HPO_STOP_INTERRUPT, false) < at_once);
    assert_true(run_and_stop(&self, "stoppable", HPO_STOP_SEARCHER, false) < at_once);
    assert_true(run_and_stop(&self, "late", HPO_STOP_INTERRUPT, true) < at_once);
    assert_true(run_and_stop(&self, "hang", HPO_STOP_KILL, false) < at_once);
    check_verdict(&self, HPO_STOP_INTERRUPT, "stop");
    check_verdict(&self, HPO_STOP_SEARCHER, "abandon");
    deeds_send(&self, 50, "hang"); /* a stop right behind its job is not lost */
    trial_server_send_stop(&self, 50, HPO_STOP_KILL);
    hpo_result early = trial_server_result(&self, 50, 10);
    check_failure(&early, HPO_FAILURE_INTERRUPTED, 0, "stopped");
    deeds_send(&self, 51, "stoppable");
    trial_server_send_stop(&self, 51, HPO_STOP_INTERRUPT);
    early = trial_server_result(&self, 51, at_once);
    check_failure(&early, HPO_FAILURE_INTERRUPTED, 0, "stopped");
    trial_server_send_stop(&self, 12345, HPO_STOP_KILL); /* of nobody */
    hpo_result good = deeds_run(&self, 52, "ok", 10);
    check_success(&good);
    trial_server_stop(&self);
    CHECK_OK(deeds_start(&self, "deeds", "trial: {stop_grace: 0.3s}\n", &err));
    assert_true(run_and_stop(&self, "hang", HPO_STOP_INTERRUPT, false) >= 0.3);
    assert_true(run_and_stop(&self, "sleep", HPO_STOP_SEARCHER, false) >= 0.3);
    trial_server_stop(&self);
}

/* A program that prints 100 MB is served beside the others, not before them. */
static void test_flood(void **state) {
    (void)state;
    enum { OTHERS = 10 };
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    deeds_send(&self, 0, "flood");
    double start = base_monotonic(), flood = NAN, others = NAN;
    for (uint64_t trial = 1; trial <= OTHERS; trial++) deeds_send(&self, trial, "ok");
    for (int seen = 0, small = 0; seen <= OTHERS; seen++) {
        hpo_message message = trial_server_receive(&self, 60);
        check_success(&message.result);
        double now = base_monotonic() - start;
        if (message.trial == 0)
            flood = now;
        else if (++small == OTHERS)
            others = now;
    }
    print_message("%d trials beside a flood: %.0f ms; the flood: %.0f ms\n", OTHERS, others * 1e3, flood * 1e3);
    assert_true(others < 5);
    trial_server_stop(&self);
}

static void test_log(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    base_buf log = {0};
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    hpo_result result = deeds_run(&self, 7, "flood", 60);
    check_success(&result);
    CHECK_OK(base_read_file(check_tmpdir_file(&self.dir, "trials/7/log"), &log, &err));
    assert_true(log.length > 1100000 && log.length < 1200000);
    CHECK_CONTAINS(log.data, "--- attempt 1, rung 2 ---\nxxx");
    CHECK_CONTAINS(log.data, " bytes left out ...\n");
    CHECK_CONTAINS(log.data, "end of the flood\n");
    base_buf_clear(&log);
    CHECK_OK(base_read_file(check_tmpdir_file(&self.dir, "worker.log"), &log, &err));
    CHECK_CONTAINS(log.data, "init speaks\n");
    base_buf_fini(&log);
    trial_server_stop(&self);
}

static void test_init_failures(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_FAILS(deeds_start(&self, "{deeds: {init: fail}}", "", &err), BASE_NOTFOUND, "no data set 'mnits'");
    trial_server_stop(&self);
    CHECK_FAILS(deeds_start(&self, "{deeds: {init: crash}}", "", &err), BASE_IO, "signal 11 (Segmentation fault)");
    CHECK_CONTAINS(err.text, "worker.log");
    trial_server_stop(&self);
    CHECK_FAILS(deeds_start(&self, "{deeds: {init: exit}}", "", &err), BASE_IO, "exit status 3");
    trial_server_stop(&self);
    CHECK_FAILS(deeds_start(&self, "{deeds: {init: kill}}", "", &err), BASE_IO,
                "signal 9 (Killed), often by the kernel when memory is short");
    CHECK_CONTAINS(err.text, "while it loaded the data");
    trial_server_stop(&self);
}

static void test_stop_of_the_server_kills_all(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    for (uint64_t trial = 0; trial < 3; trial++) deeds_send(&self, trial, trial ? "brood" : "hang");
    base_sleep(0.2);
    assert_int_equal(processes_left(), 1 + 1 + 2 * 5);
    double start = base_monotonic();
    trial_server_stop(&self);
    assert_true(processes_gone(0));
    assert_true(base_monotonic() - start < at_once);
}

/* Seconds after which nothing is left of a rank that died. */
static const double promised = 2;

/* A rank that dies of SIGKILL while its server runs trials with setsid'ed grandchildren. */
static void test_death_of_the_rank(void **state) {
    (void)state;
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t rank = fork();
    if (rank == 0) {
        trial_server self;
        base_err err;
        if (deeds_start(&self, "deeds", "", &err) != BASE_OK) _exit(1);
        deeds_send(&self, 0, "brood");
        deeds_send(&self, 1, "hang");
        deeds_send(&self, 2, "daemon");
        base_sleep(0.2);
        if (write(ready[1], "x", 1) == 1)
            for (;;) pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_true(processes_left() > 5);
    kill(rank, SIGKILL);
    assert_int_equal(waitpid(rank, NULL, 0), rank);
    assert_true(processes_gone(promised));
}

/* While init runs the server does not watch its socket. */
static void test_death_of_the_rank_during_init(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    pid_t rank = fork();
    if (rank == 0) _exit(deeds_start(&self, "{deeds: {init: sleep}}", "", &err) == BASE_OK);
    double give_up = base_monotonic() + 5;
    while (processes_left() < 2 && base_monotonic() < give_up) base_sleep(0.01);
    base_sleep(0.1);
    assert_int_equal(processes_left(), 2);
    kill(rank, SIGKILL);
    assert_int_equal(waitpid(rank, NULL, 0), rank);
    assert_true(processes_gone(promised));
}

/* Whether to stop is the controller's decision, whatever a terminal or a batch system sends to everybody. */
static void test_signals_to_all(void **state) {
    (void)state;
    static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP};
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    for (size_t i = 0; i < CHECK_COUNT(numbers); i++) kill((pid_t)hpo_forkserver_pid(self.server), numbers[i]);
    hpo_result result = deeds_run(&self, 0, "ok", 10);
    check_success(&result);
    result = deeds_run(&self, 1, "abort", 10); /* and a trial has none of them blocked or ignored */
    check_failure(&result, HPO_FAILURE_CRASH, SIGABRT, "Aborted");
    trial_server_stop(&self);
}

static void test_death_of_the_server(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    hpo_message message;
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    deeds_send(&self, 0, "hang");
    base_sleep(0.1);
    kill((pid_t)hpo_forkserver_pid(self.server), SIGKILL);
    base_status status;
    while ((status = hpo_forkserver_receive(self.server, &message, &err)) == BASE_END) base_sleep(0.001);
    CHECK_FAILS(status, BASE_IO, "died: signal 9 (Killed)");
    assert_true(processes_gone(1)); /* a trial's own process dies with its server */
    CHECK_STATUS(hpo_forkserver_send(self.server, &message, &err), BASE_IO);
    trial_server_stop(&self);
}

static void test_a_wrong_job_is_refused(void **state) {
    (void)state;
    trial_server self;
    base_err err;
    double values[2] = {0};
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    hpo_message job = deeds_job(&self, 5, "ok", values);
    job.n_config = 2;
    CHECK_OK(hpo_forkserver_send(self.server, &job, &err));
    hpo_result result = trial_server_result(&self, 5, 10);
    check_failure(&result, HPO_FAILURE_LOST, 0, "a job brings 2 parameters, but the study has 1");
    trial_server_stop(&self);
}

static void test_speed(void **state) {
    (void)state;
    enum { TRIALS = 50 };
    trial_server self;
    base_err err;
    CHECK_OK(deeds_start(&self, "deeds", "trial: {memory: 4GiB, time: 1h}\n", &err));
    double start = base_monotonic();
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        hpo_result result = deeds_run(&self, trial, "ok", 10);
        check_success(&result);
    }
    print_message("a trial in a process of its own: %.0f us\n", 1e6 * (base_monotonic() - start) / TRIALS);
    trial_server_stop(&self);
}

/* What an allocation is stays; which process of a job this one is does not. */
static void test_variables_of_launchers_are_known(void **state) {
    (void)state;
    static const char *const theirs[] = {
        "OMPI_COMM_WORLD_RANK=1", "OMPI_MCA_ess",      "PMIX_RANK=0",          "PMI_FD=7",
        "HYDI_CONTROL_FD",        "MPI_LOCALRANKID=0", "SLURM_PROCID=0",       "SLURM_STEP_ID=0",
        "SLURM_STEPID=0",         "SLURM_LOCALID",     "HPO_EXIT_FILE=/tmp/a", "HPO_PARENT=7 host"};
    static const char *const others[] = {"SLURM_JOB_ID=7",
                                         "SLURM_CPUS_PER_TASK=2",
                                         "SLURM_TMPDIR=/tmp",
                                         "SLURM_JOB_NODELIST=a",
                                         "HPO_PARENT_CHECKPOINT=/x",
                                         "HPO_TRIAL=1",
                                         "OMP_NUM_THREADS=1",
                                         "PATH=/bin",
                                         "MPI_HOME",
                                         "SLURM_PROCIDS=1"};
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) assert_true(hpo_forkserver_is_of_launcher(theirs[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(hpo_forkserver_is_of_launcher(others[i]));
}

int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_failure),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_descendants_are_gone_before_the_result),
        cmocka_unit_test(test_others_are_unaffected),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_init_failures),
        cmocka_unit_test(test_stop_of_the_server_kills_all),
        cmocka_unit_test(test_death_of_the_rank),
        cmocka_unit_test(test_death_of_the_rank_during_init),
        cmocka_unit_test(test_signals_to_all),
        cmocka_unit_test(test_death_of_the_server),
        cmocka_unit_test(test_a_wrong_job_is_refused),
        cmocka_unit_test(test_variables_of_launchers_are_known),
        cmocka_unit_test(test_speed),
    };
    processes_mark(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
