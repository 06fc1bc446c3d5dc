/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller and workers that die, sleep, come back or are strangers. The oracle is the script: it knows what was
 * asked of whom and what each worker did. */
#include "tests/hpo/dispatch/rig.h"

#include "base/clock.h"

/* Well above the tenth of a second by which the controller looks at the clock, and which a busy machine may take. */
#define QUICK "heartbeat: 0.01s, lost_after: 0.3s"
static const double NAP = 0.8; /* seconds of silence: who sleeps so long is lost */

/* ---- workers that die or come late ---- */

typedef struct faults {
    fake_deed deed;
    size_t first, last; /* workers first <= w < last do it, at their second job */
    double seconds;
    size_t jobs[16];
    fake_transport *transport;
    hpo_failure failure;
} faults;

static fake_fate second_job(void *self, size_t worker, const hpo_message *job) {
    faults *f = self;
    (void)job;
    bool does = worker >= f->first && worker < f->last && ++f->jobs[worker] == 2;
    if (!does) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = f->deed, .seconds = f->seconds, .failure = f->failure};
}

/* A run of workers with such faults, whose silence is noticed soon. */
static rig_run faulty_run(const char *yaml, size_t workers, faults *f) {
    return (rig_run){.yaml = yaml, .workers = workers, .heartbeat = 0.01, .fate = second_job, .self = f};
}

static void test_a_dead_worker_loses_one_trial(void **state) {
    (void)state;
    faults f = {.deed = FAKE_DIES, .first = 1, .last = 2};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 20}\nfailure: {" QUICK "}\n", 3, &f);
    run.journal = rig_new_journal();
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_true(end.lost);
    assert_int_equal(end.complete, 20);
    assert_int_equal(end.jobs[1], 2);
    assert_int_equal(end.retried, 1);
    assert_int_equal(end.counts.jobs, 21);
    assert_true(end.ticks >= 2); /* a display lives on while everybody waits */
    rig_end_fini(&end);
}

static void test_a_trial_that_loses_its_workers_again_and_again_fails(void **state) {
    (void)state;
    faults f = {.deed = FAKE_DIES, .first = 0, .last = 3};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 4}\nfailure: {retries: {lost: 1}, " QUICK "}\n", 4, &f);
    for (size_t i = 0; i < 3; i++) f.jobs[i] = 1; /* the first job of three workers kills them */
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.trials, 4);
    assert_true(end.failed <= 1);
    rig_end_fini(&end);
}

/* Evaluations that take a while, so that the run outlives a nap of one of its workers: until its trial has been given
 * to another one, and a little longer. */
static fake_fate take_a_while(void *self, size_t worker, const hpo_message *job) {
    faults *f = self;
    (void)job;
    f->jobs[worker]++;
    if (worker == 0 && f->jobs[0] == 2)
        return (fake_fate){.deed = FAKE_SLEEPS, .seconds = f->seconds, .until_replaced = true};
    return (fake_fate){.deed = FAKE_SLEEPS, .seconds = 0.02};
}

/* A worker that was given up answers when its trial runs elsewhere, or has been told from there. */
static void test_a_late_result_does_not_count(void **state) {
    (void)state;
    for (int later = 0; later < 2; later++) {
        faults f = {.seconds = later ? 0.1 : 0};
        rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 60}\nfailure: {" QUICK "}\n", 2, &f);
        run.fate = take_a_while;
        run.journal = rig_new_journal();
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 60);
        assert_int_equal(end.retried, 1);
        assert_int_equal(end.counts.jobs, 61);
        rig_end_fini(&end);
    }
}

static void test_a_worker_that_comes_back_works_again(void **state) {
    (void)state;
    faults f = {.seconds = 0.02};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 100}\nfailure: {" QUICK "}\n", 3, &f);
    run.fate = take_a_while;
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 100);
    assert_true(f.jobs[0] > 3);
    assert_false(end.lost); /* all are alive: an orderly end is possible */
    rig_end_fini(&end);
}

/* It comes back with its trial still running: that does not count any more, so it is told to end it. */
static fake_fate linger_silently(void *self, size_t worker, const hpo_message *job) {
    faults *f = self;
    (void)job;
    if (worker != 0 || ++f->jobs[0] != 2) return (fake_fate){.deed = FAKE_SLEEPS, .seconds = 0.02};
    fake_transport_silence(f->transport, 0, INFINITY);
    return (fake_fate){.deed = FAKE_LINGERS, .until_replaced = true};
}

static void test_a_worker_that_comes_back_busy_is_stopped(void **state) {
    (void)state;
    faults f = {0};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 100}\nfailure: {" QUICK "}\n", 3, &f);
    run.fate = linger_silently;
    run.transport = &f.transport;
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 100);
    assert_int_equal(end.counts.stops[HPO_STOP_KILL], 1);
    assert_true(f.jobs[0] > 3);
    assert_false(end.lost);
    rig_end_fini(&end);
}

/* The same for one that was idle when it fell silent: there is no result that it could announce itself with. */
static fake_fate silence_an_idle_one(void *self, size_t worker, const hpo_message *job) {
    faults *f = self;
    f->jobs[worker]++;
    if (job->trial == 6) { /* the last but one: somebody is idle while the last two run */
        for (size_t i = 0; i < 4; i++) {
            if (f->jobs[i] == 0) fake_transport_silence(f->transport, i, NAP);
        }
    }
    return (fake_fate){.deed = FAKE_SLEEPS, .seconds = 0.02};
}

static void test_an_idle_worker_that_comes_back_works_again(void **state) {
    (void)state;
    faults f = {0};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 140}\nworkers: 2\nfailure: {" QUICK "}\n", 4, &f);
    run.fate = silence_an_idle_one;
    run.transport = &f.transport;
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 140);
    assert_false(end.lost);
    rig_end_fini(&end);
}

static void test_when_all_workers_are_lost_the_run_can_be_continued(void **state) {
    (void)state;
    faults f = {.deed = FAKE_DIES, .first = 0, .last = 3};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 20}\nfailure: {" QUICK "}\n", 3, &f);
    run.journal = rig_new_journal();
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_INTERRUPTED);
    assert_true(end.lost);
    assert_true(end.trials < 20);
    rig_end_fini(&end);
    run.fate = NULL;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.trials, 20);
    assert_int_equal(end.complete, 20);
    rig_end_fini(&end);
}

static void test_a_worker_without_its_fork_server_is_not_used(void **state) {
    (void)state;
    faults f = {.deed = FAKE_FAILS, .failure = HPO_FAILURE_LOST, .first = 1, .last = 2};
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 30}\n",
                   .journal = rig_new_journal(),
                   .workers = 3,
                   .fate = second_job,
                   .self = &f};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 30);
    assert_int_equal(end.jobs[1], 2);
    assert_int_equal(end.retried, 1);
    assert_int_equal(end.counts.byes, 3); /* it lives, and must leave in order like the others */
    assert_false(end.lost);
    rig_end_fini(&end);
}

/* Silence does not heal it: it is heard again, but its fork server is still not there. */
static fake_fate break_and_silence(void *self, size_t worker, const hpo_message *job) {
    faults *f = self;
    (void)job;
    f->jobs[worker]++;
    if (worker == 1 && f->jobs[1] == 2) return (fake_fate){.deed = FAKE_FAILS, .failure = HPO_FAILURE_LOST};
    if (worker == 0 && f->jobs[0] == 6) fake_transport_silence(f->transport, 1, NAP);
    return (fake_fate){.deed = FAKE_SLEEPS, .seconds = 0.02};
}

static void test_a_broken_worker_that_comes_back_is_not_used(void **state) {
    (void)state;
    faults f = {0};
    rig_run run = faulty_run(RIG_RANDOM "budget: {trials: 140}\nfailure: {" QUICK "}\n", 3, &f);
    run.fate = break_and_silence;
    run.transport = &f.transport;
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 140);
    assert_int_equal(f.jobs[1], 2);
    assert_true(end.lost);
    rig_end_fini(&end);
}

/* A controller that was held up (a slow file system, a suspended job) has not heard anybody for a while, through no
 * fault of theirs. */
static void hold_up(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    if (job->trial == 5) base_sleep(NAP);
}

static void test_a_pause_of_the_controller_loses_nobody(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 40}\nfailure: {" QUICK "}\n",
                   .workers = 4,
                   .heartbeat = 0.01,
                   .on_job = hold_up};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_false(end.lost);
    assert_int_equal(end.retried, 0);
    assert_int_equal(end.counts.jobs, 40);
    rig_end_fini(&end);
}

/* ---- strangers ---- */

static void wrong_identity(void *self, size_t worker, hpo_message *hello) {
    (void)self;
    if (worker == 1) hello->identity++;
}
static void no_data(void *self, size_t worker, hpo_message *hello) {
    (void)self, (void)worker;
    hello->status = BASE_NOTFOUND;
    hello->text = "no data set in /nowhere; install it";
}

static void test_a_worker_of_another_version_is_refused(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 40}\n",
                   .journal = rig_new_journal(),
                   .workers = 2,
                   .hello = wrong_identity};
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.status, BASE_INVALID);
    assert_int_equal(end.outcome, HPO_OUTCOME_BAD_INPUT);
    CHECK_CONTAINS(end.err.text, "worker 2");
    CHECK_CONTAINS(end.err.text, "same program");
    assert_int_equal(end.counts.byes, 2);
    rig_end_fini(&end);
    run.hello = NULL; /* nothing was lost */
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 40);
    rig_end_fini(&end);
}

static void speak_gibberish(void *self, size_t worker, hpo_message *hello) {
    (void)self;
    if (worker == 1) hello->kind = (hpo_message_kind)99;
}
static void pose_as_controller(void *self, size_t worker, hpo_message *hello) {
    (void)self;
    if (worker == 1) hello->kind = HPO_MESSAGE_STOP;
}

static void test_a_worker_that_cannot_be_understood_is_refused(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 400}\n", .workers = 2};
    for (int i = 0; i < 2; i++) {
        run.hello = i == 0 ? speak_gibberish : pose_as_controller;
        rig_end end;
        rig_go(&run, &end);
        assert_int_equal(end.status, BASE_INVALID);
        CHECK_CONTAINS(end.err.text, "worker 2");
        CHECK_CONTAINS(end.err.text, "same program");
        rig_end_fini(&end);
    }
}

static void test_what_a_worker_lacks_is_said_in_its_words(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 40}\n", .workers = 2, .hello = no_data};
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_BAD_INPUT);
    assert_string_equal(end.err.text, "no data set in /nowhere; install it");
    rig_end_fini(&end);
}

static void no_memory(void *self, size_t worker, hpo_message *hello) {
    (void)self;
    if (worker == 0) return;
    hello->status = BASE_IO;
    hello->text = "the fork server died: signal 9 (Killed)";
}

/* The study is not at fault: a batch system may start the same command again elsewhere. */
static void test_a_worker_that_could_not_load_its_data_is_no_bad_input(void **state) {
    (void)state;
    rig_run run = {
        .yaml = RIG_RANDOM "budget: {trials: 400}\n", .journal = rig_new_journal(), .workers = 2, .hello = no_memory};
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_STORAGE);
    assert_string_equal(end.err.text, "the fork server died: signal 9 (Killed)");
    assert_int_equal(end.counts.byes, 2);
    rig_end_fini(&end);
    run.hello = NULL;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 400);
    rig_end_fini(&end);
}

/* ---- messages that get lost ---- */

static fake_fate first_attempts(void *self, size_t worker, const hpo_message *job) {
    const fake_deed *deed = self;
    (void)worker;
    return (fake_fate){.deed = job->trial % 4 == 1 && job->attempt == 0 ? *deed : FAKE_ANSWERS};
}

/* Whatever is lost on its way costs an attempt, never a result. */
static void test_lost_messages_cost_an_attempt(void **state) {
    (void)state;
    static const char *const yaml[] = {RIG_RANDOM "budget: {trials: 12}\nfailure: {" QUICK "}\n", RIG_RANDOM
                                       "budget: {trials: 12}\nfailure: {" QUICK "}\ndeterministic: true\nworkers: 3\n"};
    static const fake_deed deeds[] = {FAKE_NEVER_HEARS, FAKE_LOSES_REPORT, FAKE_LOSES_RESULT};
    for (size_t i = 0; i < CHECK_COUNT(deeds) * CHECK_COUNT(yaml); i++) {
        fake_deed deed = deeds[i / CHECK_COUNT(yaml)], none = FAKE_ANSWERS;
        rig_run run = {.yaml = yaml[i % CHECK_COUNT(yaml)],
                       .journal = rig_new_journal(),
                       .workers = 5, /* three lose a job at once; were all of them, the run would end */
                       .heartbeat = 0.01,
                       .fate = first_attempts,
                       .self = &none,
                       .seed = i};
        rig_end end, undisturbed;
        base_buf got = {0}, want = {0};
        rig_go_well(&run, &undisturbed, HPO_OUTCOME_DONE);
        rig_records(run.yaml, run.journal, &want);
        run.journal = rig_new_journal();
        run.self = &deed;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        rig_records(run.yaml, run.journal, &got);
        assert_int_equal(end.complete, 12);
        assert_int_equal(end.retried, 3);
        if (i % CHECK_COUNT(yaml) == 1) rig_check_same_text(&got, &want);
        base_buf_fini(&got);
        base_buf_fini(&want);
        rig_end_fini(&end);
        rig_end_fini(&undisturbed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_messages_cost_an_attempt),
        cmocka_unit_test(test_a_dead_worker_loses_one_trial),
        cmocka_unit_test(test_a_trial_that_loses_its_workers_again_and_again_fails),
        cmocka_unit_test(test_a_late_result_does_not_count),
        cmocka_unit_test(test_a_worker_that_comes_back_works_again),
        cmocka_unit_test(test_a_worker_that_comes_back_busy_is_stopped),
        cmocka_unit_test(test_an_idle_worker_that_comes_back_works_again),
        cmocka_unit_test(test_when_all_workers_are_lost_the_run_can_be_continued),
        cmocka_unit_test(test_a_worker_without_its_fork_server_is_not_used),
        cmocka_unit_test(test_a_broken_worker_that_comes_back_is_not_used),
        cmocka_unit_test(test_a_pause_of_the_controller_loses_nobody),
        cmocka_unit_test(test_a_worker_of_another_version_is_refused),
        cmocka_unit_test(test_a_worker_that_cannot_be_understood_is_refused),
        cmocka_unit_test(test_what_a_worker_lacks_is_said_in_its_words),
        cmocka_unit_test(test_a_worker_that_could_not_load_its_data_is_no_bad_input),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
