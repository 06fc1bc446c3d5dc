/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ends of evaluations: signals that may be for the whole job or for one program, what cannot be started, and what
 * had ended before it could be stopped. The oracle is the script: it knows what it did and what it was asked. */
#include "tests/hpo/dispatch/rig.h"

#include <signal.h>

#include "base/clock.h"

#define BEAT     0.3
#define ONE_BEAT "failure: {heartbeat: 0.3s, retries: {crash: 1, lost: 2}}\n"

/* ---- ends by a signal ---- */

typedef struct outside {
    uint64_t trial; /* that a signal ends, attempt after attempt */
    hpo_failure failure;
    int code;
    size_t attempts;
    bool for_all; /* the run hears of it, later than of the trial's end */
    sig_atomic_t signal;
    double told_at;
} outside;

static fake_fate end_by_signal(void *self, size_t worker, const hpo_message *job) {
    outside *o = self;
    (void)worker;
    if (o->for_all && job->trial > o->trial) return (fake_fate){.deed = FAKE_LINGERS};
    if (job->trial != o->trial) return (fake_fate){.deed = FAKE_ANSWERS};
    o->attempts++;
    o->told_at = base_monotonic() + BEAT / 3;
    return (fake_fate){.deed = FAKE_FAILS, .failure = o->failure, .code = o->code};
}

static void tell_the_run(void *self, size_t results) {
    outside *o = self;
    (void)results;
    if (o->for_all && o->attempts > 0 && base_monotonic() >= o->told_at) o->signal = SIGTERM;
}

static bool is_an_attempt(const hpo_entry *entry, void *self) {
    (void)self;
    return entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_ATTEMPT;
}

/* How a trial may end when somebody sends SIGTERM to it: by itself, through a shell, or as an objective that was asked.
 */
static const outside ends[] = {{.trial = 3, .failure = HPO_FAILURE_CRASH, .code = SIGTERM},
                               {.trial = 3, .failure = HPO_FAILURE_CRASH, .code = SIGINT},
                               {.trial = 3, .failure = HPO_FAILURE_EXIT, .code = 128 + SIGTERM},
                               {.trial = 3, .failure = HPO_FAILURE_INTERRUPTED}};

static void test_a_signal_that_is_not_for_the_run_is_a_crash(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(ends); i++) {
        outside o = ends[i];
        rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 8}\n" ONE_BEAT,
                       .journal = rig_new_journal(),
                       .workers = 2,
                       .fate = end_by_signal,
                       .self = &o,
                       .signal = &o.signal};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 7);
        assert_int_equal(end.failed, 1);
        assert_int_equal(o.attempts, 2); /* limited like any crash */
        assert_int_equal(rig_count(run.yaml, run.journal, is_an_attempt, NULL), 1);
        assert_null(strstr(base_buf_text(&end.history), "interrupted"));
        rig_end_fini(&end);
    }
}

static void test_a_signal_for_the_whole_job_is_an_interruption(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(ends); i++) {
        outside o = ends[i];
        o.for_all = true;
        rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 8}\n" ONE_BEAT,
                       .journal = rig_new_journal(),
                       .workers = 2,
                       .fate = end_by_signal,
                       .on_listen = tell_the_run,
                       .self = &o,
                       .signal = &o.signal};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_INTERRUPTED);
        assert_int_equal(end.failed, 0);
        assert_int_equal(o.attempts, 1);
        assert_true(end.running >= 1);
        assert_int_equal(rig_count(run.yaml, run.journal, is_an_attempt, NULL), 0);
        rig_end_fini(&end);
        o = (outside){.trial = UINT64_MAX};
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 8);
        rig_end_fini(&end);
    }
}

/* A segmentation fault is nobody's signal: it is not held back. */
static void test_other_crashes_count_at_once(void **state) {
    (void)state;
    outside o = {.trial = 0, .failure = HPO_FAILURE_CRASH, .code = SIGSEGV};
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 2}\nfailure: {heartbeat: 20s, lost_after: 60s}\n",
                   .workers = 1,
                   .fate = end_by_signal,
                   .self = &o,
                   .signal = &o.signal};
    rig_end end;
    const double start = base_monotonic();
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_true(base_monotonic() - start < 10);
    assert_int_equal(end.failed, 1);
    assert_int_equal(o.attempts, 2);
    rig_end_fini(&end);
}

/* Exit status 1 is a crash like any; with 2 a program says that it does not understand its command line. */
static void test_bad_usage_is_not_repeated(void **state) {
    (void)state;
    for (int code = 1; code <= 3; code++) {
        outside o = {.trial = 1, .failure = HPO_FAILURE_EXIT, .code = code};
        rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 3}\n" ONE_BEAT,
                       .workers = 1,
                       .fate = end_by_signal,
                       .self = &o,
                       .signal = &o.signal};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.failed, 1);
        assert_int_equal(o.attempts, code == 2 ? 1 : 2);
        rig_end_fini(&end);
    }
}

/* ---- nothing can be started ---- */

static fake_fate cannot_start(void *self, size_t worker, const hpo_message *job) {
    const uint64_t *first = self;
    (void)worker;
    if (job->trial < *first) return (fake_fate){.deed = FAKE_ANSWERS};
    if (job->trial > *first) return (fake_fate){.deed = FAKE_LINGERS};
    return (fake_fate){.deed = FAKE_FAILS, .failure = HPO_FAILURE_STORAGE};
}

static void test_a_trial_that_cannot_be_started_ends_the_run(void **state) {
    (void)state;
    static const char *const orders[] = {"", "deterministic: true\nworkers: 3\n"};
    for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
        char yaml[512];
        uint64_t first = 5;
        snprintf(yaml, sizeof yaml, RIG_RANDOM "budget: {trials: 12}\n%s", orders[i]);
        rig_run run = {.yaml = yaml, .journal = rig_new_journal(), .workers = 3, .fate = cannot_start, .self = &first};
        rig_end end;
        rig_go(&run, &end);
        assert_int_equal(end.status, BASE_IO);
        assert_int_equal(end.outcome, HPO_OUTCOME_STORAGE);
        CHECK_CONTAINS(end.err.text, "the script says: storage");
        assert_int_equal(end.failed, 0);
        assert_true(end.running > 0 && end.counts.jobs < 12);
        assert_int_equal(end.retried, 0);
        rig_end_fini(&end);
        first = UINT64_MAX; /* there is room again */
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 12);
        rig_end_fini(&end);
    }
}

/* ---- programs that work, but not as their users believe ---- */

#define EPOCHS RIG_RANDOM "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 6}\n"

/* Trial 1 reports far beyond what it was asked for, 2 ends by itself at 4, 4 has more to say than is kept. */
static void do_something_else(void *self, const hpo_message *job, fake_answer *answer) {
    (void)self;
    if (job->trial == 1) answer->step[answer->n_reports - 1] = answer->step[answer->n_reports - 2] = 27;
    if (job->trial == 2) answer->n_reports = 4;
    if (job->trial == 2) answer->result.reached = 4;
    if (job->trial == 4) answer->result.notices = HPO_NOTICE_BIT(METRICS_DROPPED);
}

static void check_notice(const hpo_notices *notices, hpo_notice kind, uint64_t trial) {
    assert_int_equal(notices->kind[kind].count, 1);
    assert_int_equal(notices->kind[kind].trial[0], trial);
}

static void test_odd_programs_are_noticed(void **state) {
    (void)state;
    static const char *const orders[] = {EPOCHS, EPOCHS "deterministic: true\nworkers: 2\n"};
    for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
        rig_run run = {.yaml = orders[i], .journal = rig_new_journal(), .workers = 2, .answer = do_something_else};
        rig_end end;
        for (size_t again = 0; again < 2; again++) { /* what the journal holds is counted, too */
            rig_go_well(&run, &end, HPO_OUTCOME_DONE);
            assert_int_equal(end.complete, 6);
            CHECK_NEAR(end.cost, 5 * 9 + 4, 1e-9);
            check_notice(&end.notices, HPO_NOTICE_EARLY_END, 2);
            check_notice(&end.notices, HPO_NOTICE_METRICS_DROPPED, 4);
            if (!again) check_notice(&end.notices, HPO_NOTICE_OTHER_STEP, 1);
            rig_end_fini(&end);
        }
    }
}

/* ---- a budget that is too short for one trial ---- */

static fake_fate linger(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    return (fake_fate){.deed = FAKE_LINGERS, .reports = job->trial == 1 ? 4 : 0};
}

static void test_a_budget_that_is_too_short_says_what_is_needed(void **state) {
    (void)state;
    static const char *const orders[] = {"budget: {trials: 6, time: 0.3s}\n",
                                         "budget: {trials: 6, time: 0.3s}\ndeterministic: true\nworkers: 2\n"};
    for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
        char yaml[512];
        snprintf(yaml, sizeof yaml, RIG_RANDOM "fidelity: {epochs: {min: 9, max: 9}}\n%s", orders[i]);
        rig_run run = {.yaml = yaml, .workers = 2, .fate = linger};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_FAILED);
        CHECK_CONTAINS(end.reason, "no trial had finished by then: trial 1 had reached epochs 4 of 9 (loss ");
        CHECK_CONTAINS(end.reason, "one trial would need about");
        rig_end_fini(&end);
        snprintf(yaml, sizeof yaml, RIG_RANDOM "%s", orders[i]);
        rig_go_well(&run, &end, HPO_OUTCOME_FAILED);
        CHECK_CONTAINS(end.reason, "had reported nothing, and one trial needs more than");
        rig_end_fini(&end);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signal_that_is_not_for_the_run_is_a_crash),
        cmocka_unit_test(test_a_signal_for_the_whole_job_is_an_interruption),
        cmocka_unit_test(test_other_crashes_count_at_once),
        cmocka_unit_test(test_bad_usage_is_not_repeated),
        cmocka_unit_test(test_a_trial_that_cannot_be_started_ends_the_run),
        cmocka_unit_test(test_odd_programs_are_noticed),
        cmocka_unit_test(test_a_budget_that_is_too_short_says_what_is_needed),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
