/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers in the rank and over a fork server, the service loop over a transport that the test plays, and the local
 * transport. */
#include <poll.h>
#include <signal.h>

#include "base/clock.h"
#include "hpo/dispatch/local.h"
#include "hpo/dispatch/worker.h"
#include "tests/hpo/dispatch/deeds.h"
#include "tests/support/processes.h"

/* ---- an in-rank objective: reports x at steps 1 and 2, result 2x; x < 0 is an error ---- */

static base_status quick_evaluate(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                  base_err *err) {
    (void)state;
    hpo_metrics metrics = {0};
    double x = job->config[0];
    assert_null(job->folder);
    if (x < 0) return BASE_FAIL(err, BASE_INVALID, "x is negative");
    hpo_metrics_set(&metrics, "loss", x);
    for (int step = 1; step <= 2; step++) {
        assert_int_equal(reporter->verdict(reporter->self), HPO_CONTINUE);
        assert_int_equal(reporter->report(reporter->self, step, &metrics), HPO_CONTINUE);
    }
    hpo_metrics_set(&out->metrics, "loss", 2 * x);
    out->cost = 0.5;
    return BASE_OK;
}

static const hpo_objective_type quick = {
    .name = "quick", .summary = "x", .flags = HPO_OBJECTIVE_IN_RANK, .evaluate = quick_evaluate};

static const hpo_catalog *quick_catalog(void) {
    static const hpo_objective_type *const objectives[] = {&quick};
    static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test 1"};
    return &catalog;
}

static hpo_study_spec *quick_spec(void) {
    static const char text[] = "objective: quick\nmetric: {name: loss, goal: minimize}\nmethod: random\n"
                               "budget: {trials: 10}\nfailure: {heartbeat: 0.05s, lost_after: 0.3s}\n"
                               "parameters: {x: {min: -1.0, max: 1.0}}\n";
    hpo_study_spec *spec;
    base_err err;
    uint64_t seed = 1;
    CHECK_OK(hpo_study_read(quick_catalog(), "quick.yaml", text, strlen(text), NULL, 0, &seed, &spec, &err));
    return spec;
}

static hpo_message quick_job(uint64_t trial, const double *x) {
    return (hpo_message){
        .kind = HPO_MESSAGE_JOB, .trial = trial, .fidelity = 1, .parent = UINT64_MAX, .config = x, .n_config = 1};
}

static void check_report(hpo_worker *worker, uint64_t trial, double step, double loss) {
    hpo_message message;
    assert_true(hpo_worker_poll(worker, &message));
    assert_int_equal(message.kind, HPO_MESSAGE_REPORT);
    assert_int_equal(message.trial, trial);
    CHECK_SAME_DOUBLE(message.step, step);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&message.result.metrics, "loss"), loss);
}

static void test_in_rank(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    hpo_worker *worker;
    hpo_message message, stop = {.kind = HPO_MESSAGE_STOP, .trial = 5};
    base_err err;
    double x = 0.25, bad = -1;
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    assert_int_equal(hpo_worker_fd(worker), -1);
    assert_false(hpo_worker_poll(worker, &message));
    hpo_message jobs[] = {quick_job(5, &x), quick_job(6, &bad), quick_job(7, &x)};
    for (size_t i = 0; i < 3; i++) hpo_worker_accept(worker, &jobs[i]);
    hpo_worker_accept(worker, &stop);
    check_report(worker, 5, 1, 0.25);
    check_report(worker, 5, 2, 0.25);
    assert_true(hpo_worker_poll(worker, &message));
    assert_int_equal(message.kind, HPO_MESSAGE_RESULT);
    assert_int_equal(message.trial, 5);
    assert_int_equal(message.result.failure, HPO_FAILURE_NONE);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&message.result.metrics, "loss"), 0.5);
    CHECK_SAME_DOUBLE(message.result.cost, 0.5);
    assert_true(message.result.seconds >= 0 && message.result.seconds < 1);
    assert_true(hpo_worker_poll(worker, &message));
    assert_int_equal(message.trial, 6);
    assert_int_equal(message.result.failure, HPO_FAILURE_ERROR);
    assert_string_equal(message.result.reason, "x is negative");
    check_report(worker, 7, 1, 0.25);
    check_report(worker, 7, 2, 0.25);
    assert_true(hpo_worker_poll(worker, &message));
    assert_false(hpo_worker_poll(worker, &message));
    hpo_worker_destroy(worker);
    hpo_study_spec_destroy(spec);
}

static void test_in_rank_speed(void **state) {
    (void)state;
    enum { ROUNDS = 100000 };
    hpo_study_spec *spec = quick_spec();
    hpo_worker *worker;
    hpo_message message;
    base_err err;
    double x = 0.5, start = base_monotonic();
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    for (uint64_t i = 0; i < ROUNDS; i++) {
        hpo_message job = quick_job(i, &x);
        hpo_worker_accept(worker, &job);
        while (hpo_worker_poll(worker, &message)) continue;
        assert_int_equal(message.trial, i);
    }
    print_message("an evaluation in the rank with two reports: %.0f ns\n", (base_monotonic() - start) / ROUNDS * 1e9);
    hpo_worker_destroy(worker);
    hpo_study_spec_destroy(spec);
}

/* ---- over a fork server ---- */

static hpo_message await(hpo_worker *worker, double seconds) {
    hpo_message message = {0};
    double give_up = base_monotonic() + seconds;
    while (!hpo_worker_poll(worker, &message)) {
        struct pollfd wait = {.fd = hpo_worker_fd(worker), .events = POLLIN};
        assert_true(base_monotonic() < give_up);
        poll(&wait, 1, 100);
    }
    return message;
}

static void accept_deed(hpo_worker *worker, const trial_server *self, uint64_t trial, const char *deed) {
    double value;
    hpo_message job = deeds_job(self, trial, deed, &value);
    hpo_worker_accept(worker, &job);
}

static void test_server_death_loses_its_trials(void **state) {
    (void)state;
    trial_server self;
    hpo_worker *worker;
    base_err err;
    bool seen[2] = {false};
    CHECK_OK(deeds_start(&self, "deeds", "", &err));
    CHECK_OK(hpo_worker_create(self.spec, self.server, self.dir.path, &worker, &err));
    accept_deed(worker, &self, 9, "ok");
    hpo_message message = await(worker, 10);
    assert_int_equal(message.trial, 9);
    assert_int_equal(message.result.failure, HPO_FAILURE_NONE);
    accept_deed(worker, &self, 0, "sleep");
    accept_deed(worker, &self, 1, "sleep");
    base_sleep(0.05);
    kill((pid_t)hpo_forkserver_pid(self.server), SIGKILL);
    for (int i = 0; i < 2; i++) {
        message = await(worker, 10);
        assert_int_equal(message.result.failure, HPO_FAILURE_LOST);
        CHECK_CONTAINS(message.result.reason, "signal 9");
        assert_true(message.trial < 2 && !seen[message.trial]);
        seen[message.trial] = true;
    }
    assert_int_equal(hpo_worker_fd(worker), -1);
    accept_deed(worker, &self, 2, "ok");
    message = await(worker, 1);
    assert_int_equal(message.trial, 2);
    assert_int_equal(message.attempt, 1);
    assert_int_equal(message.rung, 2);
    assert_int_equal(message.result.failure, HPO_FAILURE_LOST);
    hpo_worker_destroy(worker);
    trial_server_stop(&self);
    assert_true(processes_gone(1));
}

/* ---- serving: the test is the controller ---- */

typedef struct stage {
    hpo_message *script; /* what the controller sends, one per receive */
    size_t n_script, at;
    hpo_message sent[256]; /* what the worker sends */
    size_t n_sent;
    double waited; /* longest timeout that was asked for */
} stage;

static size_t stage_size(void *self) {
    (void)self;
    return 1;
}

static base_status stage_send(void *self, size_t peer, const hpo_message *message, base_err *err) {
    stage *play = self;
    (void)err;
    assert_int_equal(peer, 0);
    if (play->n_sent < CHECK_COUNT(play->sent)) play->sent[play->n_sent++] = *message;
    return BASE_OK;
}

static base_status stage_receive(void *self, double timeout, int fd, size_t *peer, hpo_message *message,
                                 base_err *err) {
    stage *play = self;
    (void)err;
    play->waited = fmax(play->waited, timeout);
    if (play->at < play->n_script && play->script[play->at].kind != HPO_MESSAGE_HELLO) { /* HELLO: a pause */
        *message = play->script[play->at++];
        *peer = 0;
        return BASE_OK;
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    poll(&wait, 1, (int)(timeout * 1000) + 1);
    if (play->at < play->n_script && --play->script[play->at].trial == 0) play->at++;
    return BASE_END;
}

static void stage_close(void *self, bool lost) {
    (void)self, (void)lost;
}

static const hpo_transport_ops stage_ops = {
    .size = stage_size, .send = stage_send, .receive = stage_receive, .close = stage_close};

static size_t count_sent(const stage *play, hpo_message_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < play->n_sent; i++) count += play->sent[i].kind == kind;
    return count;
}

static void test_serve_until_bye(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    hpo_worker *worker;
    base_err err;
    bool lost = true;
    double x = 0.5;
    hpo_message script[] = {quick_job(3, &x), {.kind = HPO_MESSAGE_HELLO, .trial = 12}, {.kind = HPO_MESSAGE_BYE}};
    script[0].number = 1;
    stage play = {.script = script, .n_script = CHECK_COUNT(script)};
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    double start = base_monotonic();
    hpo_transport transport = {.ops = &stage_ops, .self = &play};
    CHECK_OK(hpo_worker_serve(worker, spec, quick_catalog(), transport, &lost, &err));
    double took = base_monotonic() - start;
    assert_false(lost);
    assert_int_equal(play.sent[0].kind, HPO_MESSAGE_HELLO);
    assert_int_equal(play.sent[0].identity, hpo_worker_identity(spec, quick_catalog()));
    assert_int_equal(play.sent[0].pid, getpid());
    assert_int_equal(play.sent[1].kind, HPO_MESSAGE_REPORT);
    assert_int_equal(play.sent[2].kind, HPO_MESSAGE_REPORT);
    assert_int_equal(play.sent[3].kind, HPO_MESSAGE_RESULT);
    assert_int_equal(play.sent[play.n_sent - 1].kind, HPO_MESSAGE_BYE);
    double beats = (double)count_sent(&play, HPO_MESSAGE_BEAT), periods = took / 0.05;
    assert_true(beats >= 1 && beats >= 0.3 * periods && beats <= periods + 1); /* a busy machine is late */
    assert_true(play.waited <= 0.05 * 0.5);                                    /* a fraction of the heartbeat */
    hpo_worker_destroy(worker);
    hpo_study_spec_destroy(spec);
}

/* Jobs that came twice run once; until the first one, HELLO stands for a beat, because it may have been lost. */
static void test_copies_are_ignored(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    hpo_worker *worker;
    base_err err;
    bool lost = true;
    double x = 0.5;
    hpo_message first = quick_job(3, &x), second = quick_job(4, &x);
    first.number = 1;
    second.number = 2;
    hpo_message script[] = {{.kind = HPO_MESSAGE_HELLO, .trial = 12},
                            first,
                            first,
                            second,
                            first,
                            second,
                            {.kind = HPO_MESSAGE_HELLO, .trial = 12},
                            {.kind = HPO_MESSAGE_BYE}};
    stage play = {.script = script, .n_script = CHECK_COUNT(script)};
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    hpo_transport transport = {.ops = &stage_ops, .self = &play};
    CHECK_OK(hpo_worker_serve(worker, spec, quick_catalog(), transport, &lost, &err));
    assert_int_equal(count_sent(&play, HPO_MESSAGE_RESULT), 2);
    assert_true(count_sent(&play, HPO_MESSAGE_HELLO) >= 2);
    size_t reports = 0;
    for (size_t i = 0; i < play.n_sent; i++) {
        const hpo_message *sent = &play.sent[i];
        if (sent->kind == HPO_MESSAGE_REPORT) assert_int_equal(sent->number, ++reports);
        if (sent->kind == HPO_MESSAGE_BEAT) assert_true(sent->number > 0 && !sent->busy);
        if (sent->kind != HPO_MESSAGE_RESULT) continue;
        assert_int_equal(sent->number, reports);
        reports = 0;
    }
    hpo_worker_destroy(worker);
    hpo_study_spec_destroy(spec);
}

static void test_silence_ends_the_service(void **state) {
    (void)state;
    trial_server self;
    hpo_worker *worker;
    base_err err;
    bool lost = false;
    double value;
    CHECK_OK(deeds_start(&self, "deeds", "failure: {heartbeat: 0.1s, lost_after: 0.5s}\n", &err));
    CHECK_OK(hpo_worker_create(self.spec, self.server, self.dir.path, &worker, &err));
    hpo_message script[] = {deeds_job(&self, 0, "brood", &value)};
    stage play = {.script = script, .n_script = 1};
    double start = base_monotonic();
    hpo_transport transport = {.ops = &stage_ops, .self = &play};
    CHECK_OK(hpo_worker_serve(worker, self.spec, deeds_catalog(), transport, &lost, &err));
    double took = base_monotonic() - start;
    assert_true(lost);
    assert_true(took >= 0.5 && took < 10);
    assert_int_equal(processes_left(), 1); /* the fork server; its trial and the trial's children are gone */
    assert_int_equal(count_sent(&play, HPO_MESSAGE_BYE), 0);
    hpo_worker_destroy(worker);
    trial_server_stop(&self);
}

static void test_refuse(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    stage play = {0};
    base_err why;
    (void)BASE_FAIL(&why, BASE_NOTFOUND, "there is no data set");
    hpo_worker_refuse((hpo_transport){.ops = &stage_ops, .self = &play}, spec, quick_catalog(), &why);
    assert_int_equal(play.n_sent, 1);
    assert_int_equal(play.sent[0].kind, HPO_MESSAGE_HELLO);
    assert_int_equal(play.sent[0].status, BASE_NOTFOUND);
    assert_string_equal(play.sent[0].text, "there is no data set");
    hpo_study_spec_destroy(spec);
}

static void test_identity(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    hpo_catalog other = *quick_catalog();
    uint64_t identity = hpo_worker_identity(spec, &other);
    assert_int_equal(identity, hpo_worker_identity(spec, quick_catalog()));
    other.version = "test 2";
    assert_int_not_equal(identity, hpo_worker_identity(spec, &other));
    hpo_study_spec_set_seed(spec, 99);
    assert_int_not_equal(identity, hpo_worker_identity(spec, quick_catalog()));
    assert_int_not_equal(identity, hpo_worker_identity(NULL, quick_catalog()));
    hpo_study_spec_destroy(spec);
}

/* ---- the local transport ---- */

static hpo_message receive(hpo_transport transport, size_t *peer) {
    hpo_message message;
    base_err err;
    base_status status = BASE_END;
    double give_up = base_monotonic() + 10;
    while (status == BASE_END && base_monotonic() < give_up)
        status = transport.ops->receive(transport.self, 0.05, -1, peer, &message, &err);
    CHECK_OK(status);
    return message;
}

static void test_local_slots(void **state) {
    (void)state;
    trial_server self;
    hpo_worker *worker;
    base_err err;
    size_t peer;
    CHECK_OK(deeds_start(&self, "deeds", "failure: {heartbeat: 0.05s, lost_after: 10s}\n", &err));
    CHECK_OK(hpo_worker_create(self.spec, self.server, self.dir.path, &worker, &err));
    hpo_transport local = hpo_local_open(worker, 3, self.spec, deeds_catalog());
    assert_int_equal(local.ops->size(local.self), 3);
    for (size_t i = 0; i < 3; i++) {
        hpo_message hello = receive(local, &peer);
        assert_int_equal(hello.kind, HPO_MESSAGE_HELLO);
        assert_int_equal(hello.identity, hpo_worker_identity(self.spec, deeds_catalog()));
        assert_int_equal(peer, i);
    }
    static const char *const deeds[] = {"stoppable", "report", "ok"};
    size_t reports = 0, results = 0, beats[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        double value;
        hpo_message job = deeds_job(&self, 100 + i, deeds[i], &value);
        CHECK_OK(local.ops->send(local.self, i, &job, &err));
    }
    for (int i = 0; i < 1000 && (results < 3 || !beats[0] || !beats[1] || !beats[2]); i++) {
        hpo_message message = receive(local, &peer);
        assert_true(peer < 3);
        if (message.kind == HPO_MESSAGE_BEAT)
            beats[peer]++;
        else
            assert_int_equal(message.trial, 100 + peer);
        reports += message.kind == HPO_MESSAGE_REPORT;
        results += message.kind == HPO_MESSAGE_RESULT;
        if (message.kind != HPO_MESSAGE_RESULT || results != 2) continue;
        base_sleep(0.12);
        hpo_message stop = {.kind = HPO_MESSAGE_STOP, .trial = 100, .attempt = 1, .stop = HPO_STOP_INTERRUPT};
        CHECK_OK(local.ops->send(local.self, 0, &stop, &err));
    }
    assert_int_equal(reports, 5);
    for (size_t i = 0; i < 3; i++) assert_true(beats[i] >= 1);
    local.ops->close(local.self, false);
    hpo_worker_destroy(worker);
    trial_server_stop(&self);
}

/* A readable descriptor of the caller ends a wait at once. */
static void test_local_wakes(void **state) {
    (void)state;
    hpo_study_spec *spec = quick_spec();
    hpo_worker *worker;
    hpo_message message;
    base_err err;
    size_t peer;
    int pipes[2];
    spec->failure.heartbeat = 100;
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    hpo_transport local = hpo_local_open(worker, 1, spec, quick_catalog());
    assert_int_equal(receive(local, &peer).kind, HPO_MESSAGE_HELLO);
    assert_int_equal(pipe(pipes), 0);
    double start = base_monotonic();
    CHECK_STATUS(local.ops->receive(local.self, 0.1, pipes[0], &peer, &message, &err), BASE_END);
    assert_true(base_monotonic() - start >= 0.099);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    start = base_monotonic();
    CHECK_STATUS(local.ops->receive(local.self, 10, pipes[0], &peer, &message, &err), BASE_END);
    assert_true(base_monotonic() - start < 1);
    close(pipes[0]);
    close(pipes[1]);
    local.ops->close(local.self, false);
    hpo_worker_destroy(worker);
    hpo_study_spec_destroy(spec);
}

int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_rank),
        cmocka_unit_test(test_in_rank_speed),
        cmocka_unit_test(test_server_death_loses_its_trials),
        cmocka_unit_test(test_serve_until_bye),
        cmocka_unit_test(test_copies_are_ignored),
        cmocka_unit_test(test_silence_ends_the_service),
        cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_local_slots),
        cmocka_unit_test(test_local_wakes),
    };
    processes_mark(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
