/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller while a suggestion is being made. The sampler stands at a gate that the test opens, so that what
 * happens before and after its answer is a matter of order, not of clocks. */
#include "tests/hpo/dispatch/asking.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/gate_sampler.h"

/* ---- a scheduler ---- */

static bool stop_at_two(void *self, hpo_view view, uint64_t id) {
    (void)self;
    const hpo_trial trial = hpo_view_trial(view, id);
    return id % 2 == 1 && trial.reports[trial.n_reports - 1].step >= 2;
}

/* Odd trials are stopped at their second report. */
static const hpo_scheduler_type stopper = {.name = "stopper",
                                           .summary = "for tests",
                                           .flags = HPO_SCHEDULER_USES_REPORTS,
                                           .state_size = 8,
                                           .next = start_all,
                                           .should_stop = stop_at_two};

/* ---- everybody is answered while a model is fitted ---- */

typedef struct vigil {
    const char *yaml, *journal, *copy; /* copy: of the journal, taken during the ask */
    fake_transport *transport;
    bool seen, opened;
    size_t results; /* in the journal during the ask */
    size_t stops, beats, beats_before;
    sig_atomic_t signal;
} vigil;

static bool is_result(const hpo_entry *entry, void *self) {
    (void)self;
    return entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_RESULT;
}

static size_t count_in(const char *path, const char *what) {
    base_buf text = {0};
    base_err err;
    CHECK_OK(base_read_file(path, &text, &err));
    size_t count = 0;
    for (const char *at = base_buf_text(&text); (at = strstr(at, what)); at++) count++;
    base_buf_fini(&text);
    return count;
}

/* Trials 0 to 2 begin freely; trial 0 or 2 ends, and the suggestion for trial 3 stands at the gate until all of them
 * have ended and been told, one of them by a stop, and beats have gone out. */
static void open_when_all_is_told(void *self, size_t results) {
    vigil *v = self;
    const fake_counts *counts = fake_transport_counts(v->transport);
    if (v->opened || gate_waiting() == 0 || gate_calls() < 4) return;
    if (!v->seen) v->beats_before = counts->beats;
    v->seen = true;
    if (results < 3 || counts->stops[HPO_STOP_SEARCHER] == 0 || counts->beats < v->beats_before + 6) return;
    v->results = count_in(v->journal, "\"hpo:result\"");
    v->stops = counts->stops[HPO_STOP_SEARCHER];
    rig_cut(v->journal, v->copy, SIZE_MAX);
    v->opened = true;
    gate_open(SIZE_MAX);
}

/* The first one answers at once, so that the ask begins while the others are at work. */
static fake_fate one_after_another(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    if (job->trial == 2) return (fake_fate){.deed = FAKE_SLEEPS, .seconds = 0.05};
    if (job->trial == 1) return (fake_fate){.deed = FAKE_LINGERS, .reports = 9};
    return (fake_fate){.deed = FAKE_ANSWERS};
}

static rig_run watch(vigil *v) {
    return (rig_run){.yaml = v->yaml,
                     .journal = v->journal,
                     .workers = 3,
                     .seed = 1,
                     .heartbeat = 0.01,
                     .fate = one_after_another,
                     .on_listen = open_when_all_is_told,
                     .self = v,
                     .transport = &v->transport,
                     .scheduler = &stopper,
                     .sampler = &gate_slow_sampler};
}

#define WATCHED NINE "budget: {trials: 12}\nfailure: {heartbeat: 0.01s, lost_after: 30s}\n"

static void test_everybody_is_answered_meanwhile(void **state) {
    (void)state;
    vigil v = {.yaml = WATCHED, .journal = rig_new_journal(), .copy = rig_new_journal()};
    rig_run run = watch(&v);
    rig_end end;
    gate_reset(3, SIZE_MAX);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_true(v.opened);
    assert_true(v.stops > 0);
    assert_int_equal(v.results, 2); /* of trials 0 and 2; trial 1 was stopped */
    assert_false(end.lost);
    assert_int_equal(end.trials, 12);
    assert_int_equal(end.stopped, 6);
    assert_true(as_of(&end, 3) < created(&end, 3)); /* others were told in between */
    assert_true(gate_get_call(3).running > 0);
    assert_int_equal(as_of(&end, 3), gate_get_call(3).as_of);
    assert_true(end.asking_seconds > 0 && end.asking_seconds <= end.waiting_seconds);
    base_buf folded = {0};
    rig_fold(run.yaml, run.journal, &folded); /* the journal tells the same story */
    rig_check_same_text(&folded, &end.history);
    base_buf_fini(&folded);
    rig_end_fini(&end);
    check_replay(&run);
}

/* What lay in the journal when everything was killed during the ask is all that is needed, and nothing of it is done
 * again. */
static void test_a_kill_during_an_ask_loses_nothing(void **state) {
    (void)state;
    vigil v = {.yaml = WATCHED, .journal = rig_new_journal(), .copy = rig_new_journal()};
    rig_run run = watch(&v);
    rig_end end;
    gate_reset(3, SIZE_MAX);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    rig_end_fini(&end);
    assert_int_equal(rig_count(run.yaml, v.copy, is_result, NULL), 2);

    rig_run again = {.yaml = run.yaml,
                     .journal = v.copy,
                     .workers = 2,
                     .seed = 2,
                     .scheduler = &stopper,
                     .sampler = &gate_slow_sampler};
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go_well(&again, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.trials, 12);
    assert_int_equal(end.stopped + end.complete, 12);
    assert_int_equal(end.counts.jobs, 9); /* three had ended */
    rig_end_fini(&end);
    check_replay(&again);
}

/* ---- budgets ---- */

/* Nothing begins once the budget is spent, also when the suggestion was under way before. */
static void test_budgets_are_kept(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        rig_run run = {.yaml = BANDS "budget: {cost: 60}\n",
                       .journal = rig_new_journal(),
                       .workers = 1 + (size_t)seed % 5,
                       .seed = seed,
                       .seconds = 1e-12,
                       .sampler = &gate_slow_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_true(end.cost >= 60 && end.cost < 60 + 9 * (double)run.workers);
        CHECK_CONTAINS(end.reason, "60");
        rig_end_fini(&end);
        check_replay(&run);
    }
}

static void test_an_exhausted_space_ends_the_run(void **state) {
    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        rig_run run = {.yaml = "study: rig\nseed: 5\nobjective: {fake: {}}\nmetric: loss\n"
                               "parameters: {n: {min: 1, max: 7}}\nbudget: {trials: 50}\n",
                       .journal = rig_new_journal(),
                       .workers = 2,
                       .seconds = 1e-12,
                       .beside = beside,
                       .sampler = &gate_quick_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 7);
        CHECK_CONTAINS(end.reason, "all 7 configurations");
        rig_end_fini(&end);
    }
}

static void test_a_sampler_that_fails_ends_the_run_with_its_sentence(void **state) {
    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        rig_run run = {.yaml = NINE "budget: {trials: 50}\n",
                       .journal = rig_new_journal(),
                       .workers = 2,
                       .beside = beside,
                       .sampler = &gate_quick_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, 5);
        rig_go(&run, &end);
        assert_int_equal(end.status, BASE_INTERNAL);
        assert_string_equal(end.err.text, "the gate fell shut");
        assert_int_equal(end.trials, 5);
        assert_int_equal(end.counts.byes, 2);
        rig_end_fini(&end);
    }
}

/* ---- the deterministic order ---- */

#define FIXED "deterministic: true\nworkers: 4\nfailure: {heartbeat: 0.01s, lost_after: 20s}\n"

typedef struct kind {
    const char *yaml;
    const hpo_scheduler_type *scheduler;
} kind;
static const kind kinds[] = {{RIG_RANDOM FIXED "budget: {trials: 20}\n", NULL},
                             {BANDS FIXED "budget: {trials: 20}\n", NULL},
                             {NINE FIXED "budget: {trials: 14}\n", &stopper}};

static fake_fate crash_some(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    if ((job->trial + job->rung) % 6 != 5) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = FAKE_FAILS, .reports = job->trial % 3, .failure = HPO_FAILURE_CRASH};
}

static void test_deterministic_runs_are_the_same_with_and_without(void **state) {
    (void)state;
    static const size_t workers[] = {1, 2, 3, 7};
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        const char *whole = rig_new_journal();
        rig_run run = {.yaml = kinds[k].yaml,
                       .scheduler = kinds[k].scheduler,
                       .journal = whole,
                       .workers = 1,
                       .fate = crash_some,
                       .sampler = &gate_quick_sampler};
        rig_end want, end;
        base_buf records = {0}, got = {0};
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &want, HPO_OUTCOME_DONE);
        rig_records(run.yaml, whole, &records);
        const size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX);
        run.sampler = &gate_slow_sampler;
        run.seconds = 1e-12; /* nothing is prepared here, however much it would be worth */
        for (uint64_t seed = 0; seed < 24; seed++) {
            run.journal = rig_new_journal();
            run.workers = workers[seed % 4];
            run.seed = seed;
            if (seed >= 12) rig_cut(whole, run.journal, 2 + (lines - 2) * (seed - 12) / 11);
            gate_reset(SIZE_MAX, SIZE_MAX);
            rig_go_well(&run, &end, HPO_OUTCOME_DONE);
            assert_int_equal(gate_calls(), end.trials);
            base_buf_clear(&got);
            rig_records(run.yaml, run.journal, &got);
            rig_check_same_text(&got, &records);
            rig_check_same_text(&end.history, &want.history);
            rig_end_fini(&end);
        }
        check_replay(&run);
        base_buf_fini(&records);
        base_buf_fini(&got);
        rig_end_fini(&want);
    }
}

/* While a suggestion is under way, results are received and written down, but not told. */
typedef struct hold {
    const char *journal;
    fake_transport *transport;
    size_t raws, told;
    bool opened;
} hold;

static void open_when_all_is_written(void *self, size_t results) {
    hold *h = self;
    if (h->opened || gate_calls() < 5 || results < 4) return;
    h->raws = count_in(h->journal, "\"hpo:raw\":{\"rung\":0,\"fidelity\"");
    h->told = count_in(h->journal, "\"hpo:result\"");
    h->opened = true;
    gate_open(SIZE_MAX);
}

static void test_the_deterministic_order_waits_for_a_suggestion(void **state) {
    (void)state;
    hold h = {.journal = rig_new_journal()};
    rig_run run = {.yaml = RIG_RANDOM FIXED "budget: {trials: 12}\n",
                   .journal = h.journal,
                   .workers = 4,
                   .on_listen = open_when_all_is_written,
                   .self = &h,
                   .sampler = &gate_slow_sampler};
    rig_end end;
    gate_reset(4, SIZE_MAX); /* trial 4 is asked for when the first result is told */
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_true(h.opened);
    assert_int_equal(h.told, 1);
    for (uint64_t trial = 0; trial < 12; trial++) assert_int_equal(as_of(&end, trial), created(&end, trial));
    rig_end_fini(&end);
    check_replay(&run);
}

/* ---- signals ---- */

static void signal_during_ask(void *self, size_t results) {
    vigil *v = self;
    (void)results;
    if (gate_waiting() > 0 && gate_calls() == 4) v->signal = 15;
}
/* The suggestion comes when the others have been told to stop. */
static void signal_and_open(void *self, size_t results) {
    vigil *v = self;
    signal_during_ask(self, results);
    if (fake_transport_counts(v->transport)->stops[HPO_STOP_INTERRUPT] > 0) gate_open(1);
}
static fake_fate linger(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    return (fake_fate){.deed = job->trial == 0 ? FAKE_ANSWERS : FAKE_LINGERS, .reports = 1};
}
static void let_go(void *self) {
    vigil *v = self;
    v->opened = gate_waiting() > 0;
    gate_open(SIZE_MAX);
    if (v->opened) gate_await_ends(1);
}

/* The run ends at a signal whether the suggestion comes or not; a suggestion that comes too late is dropped. */
static void test_a_signal_ends_the_run_during_an_ask(void **state) {
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        vigil v = {0};
        rig_run run = {.yaml = NINE "budget: {trials: 20}\n",
                       .journal = rig_new_journal(),
                       .workers = 3,
                       .seed = 1,
                       .fate = linger,
                       .transport = &v.transport,
                       .signal = &v.signal,
                       .on_listen = comes ? signal_and_open : signal_during_ask,
                       .on_end = let_go,
                       .self = &v,
                       .sampler = &gate_slow_sampler};
        rig_end end;
        gate_reset(3, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_INTERRUPTED);
        assert_int_equal(v.opened, !comes);
        assert_int_equal(end.lost, !comes); /* whoever left a thread behind leaves with _exit */
        assert_int_equal(end.counts.byes, 3);
        assert_int_equal(end.trials, 3);
        assert_int_equal(end.running, 2);
        rig_end_fini(&end);

        run.fate = NULL;
        run.on_listen = NULL;
        run.on_end = NULL;
        v.signal = 0;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.complete, 20);
        assert_false(end.lost);
        rig_end_fini(&end);
        check_replay(&run);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_is_answered_meanwhile),
        cmocka_unit_test(test_a_kill_during_an_ask_loses_nothing),
        cmocka_unit_test(test_budgets_are_kept),
        cmocka_unit_test(test_an_exhausted_space_ends_the_run),
        cmocka_unit_test(test_a_sampler_that_fails_ends_the_run_with_its_sentence),
        cmocka_unit_test(test_deterministic_runs_are_the_same_with_and_without),
        cmocka_unit_test(test_the_deterministic_order_waits_for_a_suggestion),
        cmocka_unit_test(test_a_signal_ends_the_run_during_an_ask),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
