/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `command`: what it tells a program, and what becomes of programs that misbehave. Programs run under a
 * real fork server. */
#include <signal.h>

#include "base/buf.h"
#include "base/clock.h"
#include "experiments/objectives/command_program.h"
#include "experiments/objectives/registry.h"
#include "tests/support/processes.h"
#include "tests/support/trial_server.h"

#ifndef MISBEHAVE
#error "MISBEHAVE is the path of the program"
#endif

static const hpo_catalog *command_catalog(void) {
    static const hpo_objective_type *const objectives[] = {&obj_command};
    static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test 1"};
    return &catalog;
}

/* ---- studies ---- */

static const char study_end[] = "metric: {name: loss, goal: minimize}\nmethod: random\nbudget: {trials: 1000}\n"
                                "parameters:\n"
                                "  lr: {min: 0.0, max: 1.0}\n"
                                "  kind: {values: [sgd, \"two words\"]}\n"
                                "  momentum: {min: 0.0, max: 1.0, when: {kind: sgd}}\n";
static const double sgd[] = {0.25, 0, 0.5}, other[] = {0.25, 1, NAN};

/* settings: those of command, on lines of their own, four spaces deep; more: further keys of the study. */
static const char *study_text(const char *settings, const char *more) {
    static char text[4096];
    int length = snprintf(text, sizeof text, "objective:\n  command:\n%s%s%s", settings, more, study_end);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return text;
}

static void test_check(void **state) {
    (void)state;
    static const struct {
        const char *settings, *error;
    } cases[] = {
        {"    run: python3 train.py --lr {lr}\n",
         "study.yaml:3:10: run must be a list, because no shell takes it apart; write run: [python3, train.py, --lr, "
         "\"{lr}\"]"},
        {"    run: \"sort < in | train\"\n", "write run: [sh, -c, "},
        {"    run: []\n", "study.yaml:3:10: run must be a list of a program and its arguments"},
        {"    run: {a: b}\n", "study.yaml:3:10: run must be a list of a program and its arguments"},
        {"    input: json\n", "run"},
        {"    run: [sh, [[a]]]\n", "study.yaml:3:16: an argument must be a text or a number, but is a list"},
        {"    run: [[sh, a]]\n", "study.yaml:3:11: an argument must be a text or a number, but is a list"},
        {"    run: [sh, [--lr, \"{learning}\"]]\n", "study.yaml:3:22: there is no parameter \"learning\""},
        {"    run: [sh, {lr}]\n", "study.yaml:3:15: an argument must be a text or a number"},
        {"    run: [sh, \"{learning}\"]\n", "study.yaml:3:15: there is no parameter \"learning\""},
        {"    run: [sh, \"{lr\"]\n", "study.yaml:3:15: a single {"},
        {"    run: [no-such-program-anywhere]\n",
         "study.yaml:3:11: there is no program no-such-program-anywhere in PATH"},
        {"    run: [./nothing.py]\n", "study.yaml:3:11: there is no program"},
        {"    run: [plain.txt]\n", "in PATH; the one beside the study file is ./plain.txt"},
        {"    run: [./plain.txt]\n", "plain.txt cannot be executed; make it so (chmod +x)"},
        {"    run: [sh]\n    cwd: nowhere\n", "study.yaml:4:10: the folder"},
        {"    run: [sh]\n    cwd: \"{nope}\"\n", "study.yaml:4:10: there is no parameter \"nope\""},
        {"    run: [sh]\n    parse: acc\n", "study.yaml:4:12: parse must be a map"},
        {"    run: [sh]\n    parse: {acc: 3}\n", "study.yaml:4:18: acc must be a regular expression"},
        {"    run: [sh]\n    parse: {acc: 'acc: ([0-9.]+'}\n",
         "study.yaml:4:18: this is no extended regular expression: Unmatched ("},
        {"    run: [sh]\n    parse: {acc: 'acc: [0-9]+'}\n", "study.yaml:4:18: the pattern needs a group"},
        {"    run: [sh]\n    parse: {acc: '(a|b): ([0-9]+)'}\n", "study.yaml:4:18: the pattern has 2 groups"},
        {"    run: [sh]\n    parse: {'': 'x: ([0-9]+)'}\n", "study.yaml:4:13: the name of a metric has 1 to 31"},
        {"    run: [sh]\n    env: [A]\n", "study.yaml:4:10: env must be a map"},
        {"    run: [sh]\n    env: {A: [1]}\n", "study.yaml:4:14: an environment variable must be a text or a number"},
        {"    run: [sh]\n    env: {A: \"{nope}\"}\n", "study.yaml:4:14: there is no parameter \"nope\""},
        {"    run: [sh]\n    input: stdin\n", "study.yaml:4:12:"},
        {"    run: [sh]\n    shell: true\n", "study.yaml:4:5:"},
    };
    check_tmpdir dir = check_tmpdir_create();
    const char *file = check_tmpdir_file(&dir, "study.yaml");
    check_tmpdir_write(&dir, "plain.txt", "text\n");
    uint64_t seed = 1;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        hpo_study_spec *spec;
        base_err err;
        const char *text = study_text(cases[i].settings, "");
        CHECK_FAILS(hpo_study_read(command_catalog(), file, text, strlen(text), NULL, 0, &seed, &spec, &err),
                    BASE_INVALID, cases[i].error);
    }
    check_tmpdir_remove(&dir);
}

static void start_in(trial_server *self, check_tmpdir dir, const char *settings, const char *more) {
    base_err err;
    CHECK_OK(trial_server_start_in(self, dir, command_catalog(), study_text(settings, more), &err));
}

static void start(trial_server *self, const char *settings, const char *more) {
    start_in(self, check_tmpdir_create(), settings, more);
}

static hpo_result run(trial_server *self, uint64_t trial, const double *config) {
    hpo_message job = trial_server_job(self, trial, config);
    trial_server_send(self, &job);
    return trial_server_result(self, trial, 30);
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

/* A sanitizer's shadow memory is more than any limit, in a program that is built with it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY ""
#else
#define MEMORY ", memory: 100MiB"
#endif

static void test_misbehaviour(void **state) {
    (void)state;
    static const struct {
        const char *how;
        hpo_failure failure;
        int code;
        const char *reason;
    } cases[] = {
        {"segfault", HPO_FAILURE_CRASH, SIGSEGV, "misbehave was ended by signal 11 (Segmentation fault)"},
        {"abort", HPO_FAILURE_CRASH, SIGABRT, "Aborted"},
        {"kill9", HPO_FAILURE_CRASH, SIGKILL, "(Killed), not by us"},
        {"exit3", HPO_FAILURE_EXIT, 3,
         "misbehave ended with exit status 3; last output: ValueError: learning_rate is too brave"},
        {"exit0", HPO_FAILURE_OUTPUT, 0,
         "printed no result: a JSON object on a line of its own, such as {\"loss\": 0.12}"},
        {"garbage", HPO_FAILURE_OUTPUT, 0, "printed no result: no metric 'loss': it has note"},
        {"hang", HPO_FAILURE_TIMEOUT, 0, "trial.time"},
        {"sleep", HPO_FAILURE_TIMEOUT, 0, "trial.time"},
        {"brood", HPO_FAILURE_TIMEOUT, 0, "trial.time"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        {"eat", HPO_FAILURE_OOM, 0, "more than trial.memory: 100 MiB"},
#endif
        {"ok", HPO_FAILURE_NONE, 0, ""},
        {"daemon", HPO_FAILURE_NONE, 0, ""},
        {"flood", HPO_FAILURE_NONE, 0, ""},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        trial_server self;
        char settings[512];
        bool slow = cases[i].failure == HPO_FAILURE_TIMEOUT;
        snprintf(settings, sizeof settings, "    run: [" MISBEHAVE ", %s]\n    input: json\n", cases[i].how);
        start(&self, settings,
              slow ? "trial: {time: 0.3s, stop_grace: 0.2s" MEMORY "}\n" : "trial: {time: 60s" MEMORY "}\n");
        hpo_result result = run(&self, i, sgd);
        if (cases[i].failure == HPO_FAILURE_NONE)
            check_success(&result);
        else
            check_failure(&result, cases[i].failure, cases[i].code, cases[i].reason);
        assert_int_equal(processes_left_but((pid_t)hpo_forkserver_pid(self.server)), 0);
        trial_server_stop(&self);
    }
    assert_true(processes_gone(0));
}

#define ECHO_ARGUMENTS "'for a in \"$@\"; do echo \"<$a>\"; done; pwd; echo; env; echo \"{{\\\"loss\\\": 1}}\"'"

static void test_arguments(void **state) {
    (void)state;
    trial_server self;
    start(&self,
          "    run: [sh, -c, " ECHO_ARGUMENTS
          ", name, --lr, \"{lr}\", \"--momentum={momentum}\", \"{kind}\", 7, true]\n",
          "");
    hpo_result result = run(&self, 0, sgd);
    check_success(&result);
    CHECK_CONTAINS(log_of(&self, 0), "<--lr>\n<0.25>\n<--momentum=0.5>\n<sgd>\n<7>\n<true>\n");
    result = run(&self, 1, other); /* inactive: the argument is dropped; words are not split */
    check_success(&result);
    CHECK_CONTAINS(log_of(&self, 1), "<--lr>\n<0.25>\n<two words>\n<7>\n<true>\n");
    trial_server_stop(&self);
}

static void test_appended_arguments(void **state) {
    (void)state;
    trial_server self;
    start(&self, "    run: [sh, -c, " ECHO_ARGUMENTS ", name]\n", "fidelity: {epochs: {min: 1, max: 9}}\n");
    hpo_result result = run(&self, 0, other);
    check_success(&result);
    CHECK_CONTAINS(log_of(&self, 0), "rung 2 ---\n<--lr>\n<0.25>\n<--kind>\n<two words>\n<--epochs>\n<1>\n/");
    trial_server_stop(&self);
}

static void test_environment(void **state) {
    (void)state;
    trial_server self;
    char want[512];
    setenv("OMPI_COMM_WORLD_RANK", "3", 1);
    setenv("PMIX_RANK", "3", 1);
    setenv("PMI_RANK", "3", 1);
    check_tmpdir dir = check_tmpdir_create();
    base_err err;
    CHECK_OK(base_make_folder(check_tmpdir_file(&dir, "sub"), &err));
    start_in(&self, dir,
             "    run: [sh, -c, " ECHO_ARGUMENTS "]\n    input: env\n    cwd: sub\n"
             "    env: {MY_KIND: \"kind is {kind}\", MY_MOMENTUM: \"{momentum}\", OMP_NUM_THREADS: 5}\n",
             "fidelity: {epochs: {min: 1, max: 9}}\ntrial: {threads: 3}\n");
    hpo_message job = trial_server_job(&self, 12, other);
    job.fidelity = 9;
    job.from = 3;
    job.seed = UINT64_C(0x0000000600000001);
    trial_server_send(&self, &job);
    hpo_result result = trial_server_result(&self, 12, 30);
    check_success(&result);
    const char *log = log_of(&self, 12);
    static const char *const lines[] = {
        "\nHPO_TRIAL=12\n",
        "\nHPO_SEED=3\n",
        "\nHPO_FIDELITY=9\n",
        "\nHPO_FIDELITY_FROM=3\n",
        "\nHPO_P_LR=0.25\n",
        "\nHPO_P_KIND=two words\n",
        "\nMY_KIND=kind is two words\n",
        "\nOMP_NUM_THREADS=5\n",
        "\nOPENBLAS_NUM_THREADS=3\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(lines); i++) CHECK_CONTAINS(log, lines[i]);
    snprintf(want, sizeof want, "\nHPO_CHECKPOINT=%s/trials/12/checkpoint\n", self.dir.path);
    CHECK_CONTAINS(log, want);
    snprintf(want, sizeof want, "\nHPO_CONFIG=%s/trials/12/config.json\n", self.dir.path);
    CHECK_CONTAINS(log, want);
    base_buf config = {0};
    CHECK_OK(base_read_file(check_tmpdir_file(&self.dir, "trials/12/config.json"), &config, &err));
    assert_string_equal(config.data, "{\"lr\": 0.25, \"kind\": \"two words\", \"epochs\": 9}\n");
    base_buf_fini(&config);
    snprintf(want, sizeof want, "%s/sub\n", self.dir.path);
    CHECK_CONTAINS(log, want);
    static const char *const absent[] = {"OMPI_", "PMIX_", "PMI_", "MY_MOMENTUM", "HPO_P_MOMENTUM"};
    for (size_t i = 0; i < CHECK_COUNT(absent); i++) assert_null(strstr(log, absent[i]));
    trial_server_stop(&self);
}

static void test_fidelity(void **state) {
    (void)state;
    trial_server self;
    start(&self,
          "    run: [sh, -c, 'for e in $(seq $(($2 + 1)) $1); do echo \"{{\\\"epochs\\\": $e, \\\"loss\\\": $e.5}}\"; "
          "done',"
          " x, \"{epochs}\", \"{from}\"]\n",
          "fidelity: {epochs: {min: 1, max: 9}}\n");
    hpo_message job = trial_server_job(&self, 4, sgd);
    job.from = 1;
    job.fidelity = 4;
    trial_server_send(&self, &job);
    for (int step = 2; step < 4; step++) {
        hpo_message report = trial_server_receive(&self, 10);
        assert_int_equal(report.kind, HPO_MESSAGE_REPORT);
        CHECK_SAME_DOUBLE(report.step, step);
        CHECK_SAME_DOUBLE(*hpo_metrics_get(&report.result.metrics, "loss"), step + 0.5);
    }
    hpo_message last = trial_server_receive(&self, 10);
    assert_int_equal(last.kind, HPO_MESSAGE_RESULT);
    check_success(&last.result);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&last.result.metrics, "loss"), 4.5);
    trial_server_stop(&self);
}

/* Promoted with an empty checkpoint, a program starts again, and is charged for it. */
static void test_starts_again(void **state) {
    (void)state;
    trial_server self;
    start(&self,
          "    run: [sh, -c, 'echo \"{{\\\"epochs\\\": {epochs}, \\\"loss\\\": {lr}}}\"; "
          "test {lr} = 0.25 || touch {checkpoint}/a']\n",
          "fidelity: {epochs: {min: 1, max: 9}}\n");
    static const double saves[] = {0.5, 0, 0.5};
    for (uint64_t trial = 0; trial < 2; trial++) {
        for (int step = 1; step <= 9; step *= 3) {
            hpo_message job = trial_server_job(&self, trial, trial ? saves : sgd);
            job.fidelity = step;
            job.from = step / 3;
            trial_server_send(&self, &job);
            hpo_result result = trial_server_result(&self, trial, 30);
            check_success(&result);
            assert_int_equal(result.notices, trial == 0 && step > 1 ? HPO_NOTICE_BIT(STARTED_AGAIN) : 0);
        }
    }
    trial_server_stop(&self);
}

/* The program gets the SIGTERM itself, may save and end; its trial is interrupted, unless it got to the end. */
static void test_stop(void **state) {
    (void)state;
    static const char saves[] = "    run: [sh, -c, 'trap \"echo saved; exit 0\" TERM; echo \"{{\\\"loss\\\": 1}}\"; "
                                "while :; do sleep 0.01; done']\n";
    static const char completes[] = "    run: [sh, -c, 'trap \"echo {{\\\\\\\"epochs\\\\\\\": 1, \\\\\\\"loss\\\\\\\": "
                                    "1}}; exit 0\" TERM; while :; "
                                    "do sleep 0.01; done', \"{lr}\"]\n";
    static const char own_session[] =
        "    run: [setsid, sh, -c, 'trap \"echo saved; exit 0\" TERM; while :; do sleep 0.01; done', \"{lr}\"]\n";
    const char *const settings[] = {saves, completes, own_session};
    for (size_t i = 0; i < CHECK_COUNT(settings); i++) {
        trial_server self;
        start(&self, settings[i], "fidelity: {epochs: {min: 1, max: 9}}\ntrial: {stop_grace: 20s}\n");
        hpo_message job = trial_server_job(&self, 0, sgd);
        trial_server_send(&self, &job);
        base_sleep(0.3);
        double began = base_monotonic();
        trial_server_send_stop(&self, 0, HPO_STOP_INTERRUPT);
        hpo_result result = trial_server_result(&self, 0, 10);
        assert_true(base_monotonic() - began < 5);
        if (settings[i] == completes)
            check_success(&result);
        else
            check_failure(&result, HPO_FAILURE_INTERRUPTED, 0, "stopped");
        if (settings[i] != completes) CHECK_CONTAINS(log_of(&self, 0), "saved\n");
        assert_int_equal(processes_left_but((pid_t)hpo_forkserver_pid(self.server)), 0);
        trial_server_stop(&self);
    }
}

/* What check cannot know in advance. */
static void test_unknown_program_at_run_time(void **state) {
    (void)state;
    trial_server self;
    start(&self, "    run: [\"{kind}\"]\n", "");
    hpo_result result = run(&self, 0, other);
    check_failure(&result, HPO_FAILURE_ERROR, 0, "cannot run two words: No such file or directory");
    trial_server_stop(&self);
}

static void test_find(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    base_buf found = {0};
    char path[600];
    check_tmpdir_write(&dir, "plain", "x");
    assert_int_equal(chmod(check_tmpdir_write(&dir, "script", "#!/bin/sh\n"), 0755), 0);
    snprintf(path, sizeof path, "/nonexistent:%s:/bin", dir.path);
    assert_int_equal(command_program_find("script", "/", path, &found), BASE_OK);
    assert_string_equal(found.data, check_tmpdir_file(&dir, "script"));
    assert_int_equal(command_program_find("sh", "/", path, &found), BASE_OK);
    assert_int_equal(command_program_find("plain", "/", path, &found), BASE_INVALID);
    assert_int_equal(command_program_find("none", "/", path, &found), BASE_NOTFOUND);
    assert_int_equal(command_program_find("none", "/", NULL, &found), BASE_NOTFOUND);
    assert_int_equal(command_program_find("./script", dir.path, path, &found), BASE_OK);
    assert_int_equal(command_program_find("./script", "/", path, &found), BASE_NOTFOUND);
    assert_int_equal(command_program_find("/bin/sh", "/", NULL, &found), BASE_OK);
    assert_int_equal(command_program_find("/bin", "/", NULL, &found), BASE_INVALID);
    base_buf_fini(&found);
    check_tmpdir_remove(&dir);
}

int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_misbehaviour),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_appended_arguments),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_fidelity),
        cmocka_unit_test(test_starts_again),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_unknown_program_at_run_time),
    };
    processes_mark(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
