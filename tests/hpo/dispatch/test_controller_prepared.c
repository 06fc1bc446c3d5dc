/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which suggestions are made ahead of time, what becomes of them, and what waiting for the others costs. The sampler
 * stands at a gate that the test opens. */
#include <poll.h>

#include "tests/hpo/dispatch/asking.h"

/* ---- schedulers ---- */

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

/* Whoever asks is answered before the others come to their ends, however busy the machine is. */
static void let_it_think(void *self, size_t results) {
    const size_t jobs = fake_transport_counts(*(fake_transport **)self)->jobs;
    const bool is_asked = results > 0 && jobs - results < 3 && jobs < 30;
    for (int ms = 0; is_asked && gate_calls() <= jobs && ms < 1000; ms++) poll(NULL, 0, 1);
}

/* More workers: some suggestions are prepared, all of them are used. */
static void test_prepared_suggestions_go_to_whoever_is_free(void **state) {
    (void)state;
    size_t ahead = 0; /* in one order of arrival it may never come to that */
    for (uint64_t seed = 0; seed < 10; seed++) {
        fake_transport *transport = NULL;
        rig_run run = {.yaml = NINE "budget: {trials: 30}\n",
                       .journal = rig_new_journal(),
                       .workers = 3,
                       .seed = seed,
                       .seconds = 1e-12,
                       .on_listen = let_it_think,
                       .self = &transport,
                       .transport = &transport,
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
    rig_run run = {.yaml = RIG_RANDOM "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 8}\n",
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions_are_prepared_where_it_is_worth_it),
        cmocka_unit_test(test_prepared_suggestions_go_to_whoever_is_free),
        cmocka_unit_test(test_a_prepared_suggestion_for_another_place_is_dropped),
        cmocka_unit_test(test_a_prepared_suggestion_is_kept_while_others_go_on),
        cmocka_unit_test(test_any_cut_of_a_run_with_prepared_suggestions_is_continued),
        cmocka_unit_test(test_what_is_lost_to_waiting_is_counted),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
