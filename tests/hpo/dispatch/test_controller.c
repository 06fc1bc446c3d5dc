/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller in the order of arrival: jobs, retries by policy, limits, signals. The oracle is the script: it knows
 * what was asked of whom and what each worker did. */
#include "tests/hpo/dispatch/rig.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"

#define HYPERBAND RIG_HEAD "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\n"

/* ---- plain runs ---- */

static void test_every_trial_is_evaluated_once(void **state) {
    (void)state;
    for (size_t workers = 1; workers <= 8; workers++) {
        rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 25}\n", .journal = rig_new_journal(), .workers = workers};
        run.seed = workers;
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_false(end.lost);
        assert_int_equal(end.trials, 25);
        assert_int_equal(end.complete, 25);
        assert_int_equal(end.counts.jobs, 25);
        assert_int_equal(end.counts.most_busy, workers);
        assert_int_equal(end.counts.byes, workers);
        assert_int_equal(end.retried, 0);
        CHECK_CONTAINS(end.reason, "25 trials");
        rig_end_fini(&end);
    }
}

static void test_workers_limits_what_runs_at_once(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 25}\nworkers: 3\n", .workers = 8};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.counts.jobs, 25);
    assert_int_equal(end.counts.most_busy, 3);
    rig_end_fini(&end);
}

static void test_budgets_are_kept_by_any_number_of_workers(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        rig_run run = {.yaml = HYPERBAND "budget: {trials: 40}\n", .workers = 1 + (size_t)seed, .seed = seed};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.trials, 40);
        assert_int_equal(end.running + end.paused, 0); /* open promotions have finished */
        rig_end_fini(&end);

        run.yaml = HYPERBAND "budget: {cost: 60}\n";
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        /* Nothing begins once it is spent: what is beyond it was under way, at most 9 each. */
        assert_true(end.cost >= 60 && end.cost < 60 + 9 * (double)run.workers);
        CHECK_CONTAINS(end.reason, "60");
        rig_end_fini(&end);
    }
}

/* ---- the line before the job ---- */

typedef struct watch {
    const char *journal;
    size_t seen;
} watch;

static void check_is_written(void *self, size_t worker, const hpo_message *job) {
    watch *w = self;
    base_buf text = {0};
    base_err err;
    char line[64];
    (void)worker;
    CHECK_OK(base_read_file(w->journal, &text, &err));
    snprintf(line, sizeof line,
             job->rung == 0 || job->from <= 0 ? "\"hpo:start\":{\"trial\":%" PRIu64 ","
                                              : "\"trial_id\":%" PRIu64 ",\"user_attr\":{\"hpo:promote\"",
             job->trial);
    CHECK_CONTAINS(base_buf_text(&text), line);
    base_buf_fini(&text);
    w->seen++;
}

static void test_the_line_is_written_before_the_job_leaves(void **state) {
    (void)state;
    watch w = {.journal = rig_new_journal()};
    rig_run run = {.yaml = HYPERBAND "budget: {trials: 20}\n",
                   .journal = w.journal,
                   .workers = 3,
                   .on_job = check_is_written,
                   .self = &w};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(w.seen, end.counts.jobs);
    rig_end_fini(&end);
}

/* ---- failures and retries ---- */

typedef struct script {
    uint64_t trial; /* whose first attempts fail */
    size_t failures;
    hpo_failure failure;
    size_t attempts; /* of that trial, counted */
    uint64_t seeds;  /* of its attempts: sum, to see that they are the same */
    double reports;
} script;

static fake_fate fail_first(void *self, size_t worker, const hpo_message *job) {
    script *s = self;
    (void)worker;
    if (job->trial != s->trial) return (fake_fate){.deed = FAKE_ANSWERS};
    assert_int_equal(job->attempt, s->attempts);
    if (s->attempts > 0) assert_int_equal(job->seed, s->seeds);
    s->seeds = job->seed;
    if (s->attempts++ >= s->failures) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = FAKE_FAILS, .reports = 2, .failure = s->failure};
}

static bool is_attempt(const hpo_entry *entry, void *self) {
    const script *s = self;
    const hpo_record *record = &entry->record;
    return entry->kind == HPO_ENTRY_RECORD && record->kind == HPO_RECORD_ATTEMPT && record->trial == s->trial &&
           record->result.failure == s->failure;
}

static void test_retries_follow_the_policy(void **state) {
    (void)state;
    static const struct {
        hpo_failure failure;
        size_t allowed;
    } kinds[] = {{HPO_FAILURE_CRASH, 1},  {HPO_FAILURE_EXIT, 1}, {HPO_FAILURE_TIMEOUT, 2}, {HPO_FAILURE_OOM, 3},
                 {HPO_FAILURE_OUTPUT, 0}, {HPO_FAILURE_NAN, 0},  {HPO_FAILURE_ERROR, 0}};
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        for (size_t failures = 0; failures <= kinds[k].allowed + 1; failures++) {
            script s = {.trial = 3, .failures = failures, .failure = kinds[k].failure};
            rig_run run = {.yaml =
                               RIG_RANDOM "budget: {trials: 8}\nfailure: {retries: {crash: 1, timeout: 2, oom: 3}}\n",
                           .journal = rig_new_journal(),
                           .workers = 3,
                           .seed = failures,
                           .fate = fail_first,
                           .self = &s};
            rig_end end;
            rig_go_well(&run, &end, HPO_OUTCOME_DONE);
            bool fails = failures > kinds[k].allowed;
            size_t retries = fails ? kinds[k].allowed : failures;
            assert_int_equal(s.attempts, retries + 1);
            assert_int_equal(end.retried, retries);
            assert_int_equal(end.failed, fails);
            assert_int_equal(end.complete, fails ? 7 : 8);
            assert_int_equal(end.counts.jobs, 8 + retries);
            assert_int_equal(rig_count(run.yaml, run.journal, is_attempt, &s), retries);
            if (fails) CHECK_CONTAINS(base_buf_text(&end.history), hpo_failure_text(kinds[k].failure));
            rig_end_fini(&end);
        }
    }
}

/* The first trial of a run is all of its trials for a while: that it failed says nothing yet. */
static void test_a_first_failure_does_not_end_the_run(void **state) {
    (void)state;
    script s = {.trial = 0, .failures = 9, .failure = HPO_FAILURE_OUTPUT};
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 5}\n", .workers = 1, .fate = fail_first, .self = &s};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.trials, 5);
    assert_int_equal(end.failed, 1);
    rig_end_fini(&end);
}

static fake_fate fail_all(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker, (void)job;
    return (fake_fate){.deed = FAKE_FAILS, .failure = HPO_FAILURE_OUTPUT};
}

static void test_when_every_trial_fails_the_run_failed(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 5}\n", .workers = 2, .fate = fail_all};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_FAILED);
    assert_int_equal(end.trials, 5);
    assert_int_equal(end.failed, 5);
    rig_end_fini(&end);
}

static void test_too_many_failures_end_the_run(void **state) {
    (void)state;
    for (size_t workers = 1; workers <= 4; workers++) {
        rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 50}\nfailure: {max_failures: 3}\n",
                       .journal = rig_new_journal(),
                       .workers = workers,
                       .fate = fail_all};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_FAILED);
        assert_true(end.failed >= 4 && end.failed < 4 + workers);
        assert_true(end.trials < 4 + workers);
        rig_end_fini(&end);
        rig_go(&run, &end); /* the same command again: it failed, and starts nothing */
        assert_int_equal(end.outcome, HPO_OUTCOME_FAILED);
        assert_int_equal(end.counts.jobs, 0);
        rig_end_fini(&end);
    }
}

/* ---- stops ---- */

static base_status one_at_a_time(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)self, (void)err;
    bool runs = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
    hpo_decision_kind begins = may_start ? HPO_DECIDE_START : HPO_DECIDE_DONE;
    *out = (hpo_decision){.kind = runs ? HPO_DECIDE_WAIT : begins, .fidelity = 9};
    return BASE_OK;
}

static bool stop_at_two(void *self, hpo_view view, uint64_t id) {
    (void)self;
    hpo_trial trial = hpo_view_trial(view, id);
    return trial.reports[trial.n_reports - 1].step >= 2;
}

/* A stop is an end: what waited for one may begin. */
static void test_a_stop_lets_the_next_one_begin(void **state) {
    (void)state;
    static const hpo_scheduler_type scheduler = {.name = "one",
                                                 .summary = "for tests",
                                                 .flags = HPO_SCHEDULER_USES_REPORTS,
                                                 .state_size = 8,
                                                 .next = one_at_a_time,
                                                 .should_stop = stop_at_two};
    rig_run run = {.yaml = RIG_RANDOM "fidelity: {epochs: {min: 9, max: 9}}\nbudget: {trials: 6}\n",
                   .journal = rig_new_journal(),
                   .workers = 2,
                   .scheduler = &scheduler};
    for (uint64_t seed = 0; seed < 4; seed++) {
        rig_end end;
        run.journal = rig_new_journal();
        run.seed = seed;
        rig_go_well(&run, &end, HPO_OUTCOME_FAILED); /* every one was stopped */
        assert_int_equal(end.stopped, 6);
        CHECK_SAME_DOUBLE(end.cost, 12.0); /* each is charged for what it did */
        assert_true(end.counts.stops[HPO_STOP_SEARCHER] <= 6);
        assert_true(end.counts.stops[HPO_STOP_SEARCHER] > 0);
        rig_end_fini(&end);
    }
}

/* ---- targets ---- */

static void test_a_target_counts_at_the_highest_fidelity_only(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        rig_run run = {.yaml = HYPERBAND "budget: {trials: 60, target: -0.05}\n", .workers = 4, .seed = seed};
        rig_end end;
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_true(end.best.trial != UINT64_MAX);
        assert_true(end.best_value <= -0.05 || end.trials == 60);
        CHECK_CONTAINS(base_buf_text(&end.history), "fidelity 0x1.2p+3"); /* 9 */
        rig_end_fini(&end);
    }
}

static void test_a_target_ends_the_run_at_once(void **state) {
    (void)state;
    rig_run run = {
        .yaml = RIG_RANDOM "budget: {trials: 1000, target: 100}\n", .journal = rig_new_journal(), .workers = 4};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_true(end.trials <= 8);
    CHECK_CONTAINS(end.reason, "target");
    rig_end_fini(&end);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE); /* again: it is reached already */
    assert_int_equal(end.counts.jobs, 0);
    rig_end_fini(&end);
}

/* ---- signals ---- */

typedef struct interruption {
    sig_atomic_t signal;
    uint64_t at_trial; /* that brings it */
    fake_deed deed;    /* of what runs by then */
    double seconds;
    hpo_failure failure;
    size_t jobs;
} interruption;

static fake_fate signal_at(void *self, size_t worker, const hpo_message *job) {
    interruption *f = self;
    (void)worker;
    if (job->trial == f->at_trial) f->signal = 15;
    if (job->trial + 4 <= f->at_trial) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = f->deed, .seconds = f->seconds, .failure = f->failure};
}

static void check_signal(fake_deed deed, hpo_failure failure, size_t interrupted) {
    interruption f = {.deed = deed, .seconds = 0.05, .at_trial = 10, .failure = failure};
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 30}\ntrial: {stop_grace: 1s}\n",
                   .journal = rig_new_journal(),
                   .workers = 4,
                   .fate = signal_at,
                   .self = &f,
                   .signal = &f.signal};
    rig_end end;
    double start = base_monotonic();
    rig_go_well(&run, &end, HPO_OUTCOME_INTERRUPTED);
    assert_true(base_monotonic() - start < 5);
    assert_int_equal(end.counts.stops[HPO_STOP_INTERRUPT], 4);
    assert_int_equal(end.running, interrupted);
    uint64_t trials = end.trials;
    rig_end_fini(&end);
    f = (interruption){0};
    run.fate = NULL;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.trials, 30);
    assert_int_equal(end.complete, 30);
    assert_int_equal(end.counts.jobs, 30 - trials + interrupted); /* no result was lost, none computed twice */
    rig_end_fini(&end);
}

static void test_a_signal_ends_the_run_in_order(void **state) {
    (void)state;
    check_signal(FAKE_LINGERS, HPO_FAILURE_NONE, 4);
    check_signal(FAKE_REFUSES_TO, HPO_FAILURE_NONE, 0); /* they finish within the grace: real results count */
}

/* A program that dies of being stopped is not run again while the run ends. */
static fake_fate crash_at_the_signal(void *self, size_t worker, const hpo_message *job) {
    interruption *f = self;
    (void)worker;
    f->jobs++;
    if (job->trial == f->at_trial) f->signal = 15;
    if (job->trial + 4 <= f->at_trial && job->attempt == 0) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = FAKE_REFUSES_TO, .seconds = 0.03, .failure = HPO_FAILURE_CRASH};
}

static void test_nothing_begins_once_the_run_ends(void **state) {
    (void)state;
    interruption f = {.at_trial = 10};
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 30}\nfailure: {retries: {crash: 5}}\n",
                   .journal = rig_new_journal(),
                   .workers = 4,
                   .fate = crash_at_the_signal,
                   .self = &f,
                   .signal = &f.signal};
    rig_end end;
    rig_go_well(&run, &end, HPO_OUTCOME_INTERRUPTED);
    assert_int_equal(end.counts.jobs, end.trials);
    assert_int_equal(end.counts.stops[HPO_STOP_INTERRUPT], 4);
    rig_end_fini(&end);
    f.signal = 0;
    run.fate = NULL;
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 30);
    rig_end_fini(&end);
}

/* ---- storage ---- */

static void test_a_full_disk_ends_the_run_with_a_sentence(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 400}\n", .journal = rig_new_journal(), .workers = 3};
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 20000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(end.status, BASE_IO);
    assert_int_equal(end.outcome, HPO_OUTCOME_STORAGE);
    CHECK_CONTAINS(end.err.text, "cannot write");
    assert_true(end.trials < 400);
    assert_int_equal(end.counts.byes, 3);
    rig_end_fini(&end);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE); /* there is room again */
    assert_int_equal(end.complete, 400);
    rig_end_fini(&end);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_trial_is_evaluated_once),
        cmocka_unit_test(test_workers_limits_what_runs_at_once),
        cmocka_unit_test(test_budgets_are_kept_by_any_number_of_workers),
        cmocka_unit_test(test_the_line_is_written_before_the_job_leaves),
        cmocka_unit_test(test_retries_follow_the_policy),
        cmocka_unit_test(test_a_first_failure_does_not_end_the_run),
        cmocka_unit_test(test_when_every_trial_fails_the_run_failed),
        cmocka_unit_test(test_too_many_failures_end_the_run),
        cmocka_unit_test(test_a_stop_lets_the_next_one_begin),
        cmocka_unit_test(test_a_target_counts_at_the_highest_fidelity_only),
        cmocka_unit_test(test_a_target_ends_the_run_at_once),
        cmocka_unit_test(test_a_signal_ends_the_run_in_order),
        cmocka_unit_test(test_nothing_begins_once_the_run_ends),
        cmocka_unit_test(test_a_full_disk_ends_the_run_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
