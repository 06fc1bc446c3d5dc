/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller while a suggestion is being made. The sampler stands at a gate that the test opens, so that what
 * happens before and after its answer is a matter of order, not of clocks. */
#include "tests/hpo/dispatch/rig.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/gate_sampler.h"

#define NINE  RIG_HEAD "fidelity: {epochs: {min: 9, max: 9}}\n"
#define BANDS RIG_HEAD "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\n"

/* Every decision of the journal, computed again without a thread. */
static void check_replay(const rig_run *before) {
    rig_run run = {.yaml = before->yaml,
                   .journal = before->journal,
                   .scheduler = before->scheduler,
                   .sampler = before->sampler,
                   .verify = true};
    rig_end end;
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go(&run, &end);
    base_err err = end.err;
    CHECK_OK(end.status);
    assert_true(end.trials > 0);
    rig_end_fini(&end);
}

/* The number that follows `key` in the line of a trial in a history's text. */
static uint64_t number_of(const rig_end *end, uint64_t trial, const char *key) {
    char line[32];
    snprintf(line, sizeof line, "trial %" PRIu64 " ", trial);
    const char *at = strstr(base_buf_text(&end->history), line);
    assert_non_null(at);
    at = strstr(at, key);
    assert_non_null(at);
    return strtoull(at + strlen(key), NULL, 10);
}
static uint64_t as_of(const rig_end *end, uint64_t trial) {
    return number_of(end, trial, "as_of ");
}
static uint64_t created(const rig_end *end, uint64_t trial) {
    return number_of(end, trial, "created ");
}

/* ---- schedulers ---- */

static base_status start_all(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)self, (void)err;
    const bool runs = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
    const hpo_decision_kind rest = runs ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE;
    *out = (hpo_decision){.kind = may_start ? HPO_DECIDE_START : rest, .fidelity = 9};
    return BASE_OK;
}

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

static uint64_t ended(hpo_view view) {
    return hpo_view_count(view, HPO_TRIAL_COMPLETE) + hpo_view_count(view, HPO_TRIAL_PAUSED);
}

/* Which bracket a trial belongs to changes with every result. */
static base_status change_brackets(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    BASE_TRY(start_all(self, view, may_start, out, err));
    if (out->kind == HPO_DECIDE_START) out->bracket = (uint32_t)(ended(view) % 2);
    return BASE_OK;
}
static const hpo_scheduler_type fickle = {
    .name = "fickle", .summary = "for tests", .state_size = 8, .next = change_brackets};

/* Whoever is paused goes on before anybody begins. */
static base_status promote_first(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    BASE_TRY(start_all(self, view, may_start, out, err));
    out->fidelity = 1;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        if (hpo_view_trial(view, id).state != HPO_TRIAL_PAUSED) continue;
        *out = (hpo_decision){.kind = HPO_DECIDE_PROMOTE, .trial = id, .rung = 1, .fidelity = 9};
        return BASE_OK;
    }
    return BASE_OK;
}
static const hpo_scheduler_type promoter = {
    .name = "promoter", .summary = "for tests", .state_size = 8, .next = promote_first};

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

/* ---- one worker: what is asked when ---- */

/* By arrival with one worker the log of calls says it all: `running` is 1 when the call was made ahead. */
static void test_suggestions_are_prepared_where_it_is_worth_it(void **state) {
    (void)state;
    static const struct {
        double seconds; /* of an evaluation; the sampler takes more than nothing and less than an hour */
        bool prepared;
    } cases[] = {{1e-12, true}, {1e6, false}};
    for (size_t i = 0; i < 2; i++) {
        rig_run run = {.yaml = NINE "budget: {trials: 10}\n",
                       .journal = rig_new_journal(),
                       .workers = 1,
                       .seconds = cases[i].seconds,
                       .sampler = &gate_slow_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(gate_calls(), 10); /* each is used, and none is sought that the budget forbids */
        for (uint64_t trial = 0; trial < 10; trial++) {
            const gate_call call = gate_get_call((size_t)trial);
            const bool ahead = cases[i].prepared && trial >= 2; /* the first result tells what an evaluation takes */
            assert_int_equal(call.trial, trial);
            assert_int_equal(call.running, ahead);
            assert_int_equal(call.as_of, as_of(&end, trial));
            /* 9 reports and a result come while a prepared one waits. */
            assert_int_equal(created(&end, trial) - as_of(&end, trial), ahead ? 10 : 0);
        }
        rig_end_fini(&end);
        check_replay(&run);
    }
}

/* More workers: some suggestions are prepared, all of them are used. */
static void test_prepared_suggestions_go_to_whoever_is_free(void **state) {
    (void)state;
    size_t ahead = 0; /* in one order of arrival it may never come to that */
    for (uint64_t seed = 0; seed < 10; seed++) {
        rig_run run = {.yaml = NINE "budget: {trials: 30}\n",
                       .journal = rig_new_journal(),
                       .workers = 3,
                       .seed = seed,
                       .seconds = 1e-12,
                       .sampler = &gate_slow_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(gate_calls(), 30);
        for (size_t i = 0; i < 30; i++) ahead += gate_get_call(i).running == 3;
        assert_int_equal(end.complete, 30);
        rig_end_fini(&end);
        check_replay(&run);
    }
    assert_true(ahead > 0);
}

static void test_a_prepared_suggestion_for_another_place_is_dropped(void **state) {
    (void)state;
    rig_run run = {.yaml = NINE "budget: {trials: 10}\n",
                   .journal = rig_new_journal(),
                   .workers = 1,
                   .seconds = 1e-12,
                   .scheduler = &fickle,
                   .sampler = &gate_slow_sampler};
    rig_end end;
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(gate_calls(), 10 + 8); /* prepared for nothing before trials 2 to 9 */
    for (uint64_t trial = 0; trial < 10; trial++) {
        assert_int_equal(number_of(&end, trial, "bracket "), trial % 2);
        assert_int_equal(as_of(&end, trial), created(&end, trial));
    }
    rig_end_fini(&end);
    check_replay(&run);
}

static void test_a_prepared_suggestion_is_kept_while_others_go_on(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_HEAD "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 8}\n",
                   .journal = rig_new_journal(),
                   .workers = 1,
                   .seconds = 1e-12,
                   .scheduler = &promoter,
                   .sampler = &gate_slow_sampler};
    rig_end end;
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    assert_int_equal(end.complete, 8);
    assert_int_equal(gate_calls(), 8);
    /* START, report, result, PROMOTE, 8 reports, result: 13 records per trial. From trial 2 on a suggestion is sought
     * as soon as the trial before has begun, and is kept while that one is promoted. */
    for (uint64_t trial = 0; trial < 8; trial++) {
        assert_int_equal(created(&end, trial), 13 * trial);
        if (trial >= 2) assert_int_equal(as_of(&end, trial), 13 * (trial - 1) + 1);
    }
    rig_end_fini(&end);
    check_replay(&run);
}

/* After a resume nothing is prepared, and what was running is what a worker gets first. */
static void test_any_cut_of_a_run_with_prepared_suggestions_is_continued(void **state) {
    (void)state;
    rig_run run = {.yaml = BANDS "budget: {trials: 20}\n",
                   .journal = rig_new_journal(),
                   .workers = 3,
                   .seconds = 1e-12,
                   .sampler = &gate_slow_sampler};
    const char *whole = run.journal;
    rig_end end;
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go_well(&run, &end, HPO_OUTCOME_DONE);
    rig_end_fini(&end);
    const size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX);
    for (size_t cut = 2; cut <= lines; cut += 5) {
        run.journal = rig_new_journal();
        run.seed = cut;
        run.workers = 1 + cut % 4;
        rig_cut(whole, run.journal, cut);
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_int_equal(end.trials, 20);
        assert_int_equal(end.running + end.paused, 0);
        if (cut == lines) assert_int_equal(end.counts.jobs, 0);
        rig_end_fini(&end);
        check_replay(&run);
        unlink(run.journal);
    }
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

/* ---- what is lost to waiting ---- */

/* A single worker for which nothing is prepared is idle for as long as its suggestions take, in either thread. */
static void test_what_is_lost_to_waiting_is_counted(void **state) {
    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        rig_run run = {.yaml = NINE "budget: {trials: 20}\n",
                       .workers = 1,
                       .seconds = 1e6,
                       .beside = beside,
                       .sampler = &gate_quick_sampler};
        rig_end end;
        gate_reset(SIZE_MAX, SIZE_MAX);
        rig_go_well(&run, &end, HPO_OUTCOME_DONE);
        assert_true(gate_seconds() > 0);
        assert_true(end.asking_seconds >= gate_seconds());
        assert_true(end.asking_seconds <= end.waiting_seconds);
        rig_end_fini(&end);
    }
}

/* ---- the deterministic order ---- */

#define FIXED "deterministic: true\nworkers: 4\nfailure: {heartbeat: 0.01s, lost_after: 20s}\n"

typedef struct kind {
    const char *yaml;
    const hpo_scheduler_type *scheduler;
} kind;
static const kind kinds[] = {{RIG_HEAD FIXED "budget: {trials: 20}\n", NULL},
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
    rig_run run = {.yaml = RIG_HEAD FIXED "budget: {trials: 12}\n",
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
        cmocka_unit_test(test_suggestions_are_prepared_where_it_is_worth_it),
        cmocka_unit_test(test_prepared_suggestions_go_to_whoever_is_free),
        cmocka_unit_test(test_a_prepared_suggestion_for_another_place_is_dropped),
        cmocka_unit_test(test_a_prepared_suggestion_is_kept_while_others_go_on),
        cmocka_unit_test(test_any_cut_of_a_run_with_prepared_suggestions_is_continued),
        cmocka_unit_test(test_budgets_are_kept),
        cmocka_unit_test(test_an_exhausted_space_ends_the_run),
        cmocka_unit_test(test_a_sampler_that_fails_ends_the_run_with_its_sentence),
        cmocka_unit_test(test_what_is_lost_to_waiting_is_counted),
        cmocka_unit_test(test_deterministic_runs_are_the_same_with_and_without),
        cmocka_unit_test(test_the_deterministic_order_waits_for_a_suggestion),
        cmocka_unit_test(test_a_signal_ends_the_run_during_an_ask),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
