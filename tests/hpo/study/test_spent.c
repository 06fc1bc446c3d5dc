/* SPDX-License-Identifier: GPL-3.0-or-later */
/* budget.metric: what trials report is added up, once, however their evaluations go on, stop or fail. */
#include "tests/hpo/study/study_driven.h"

#include <stdio.h>

static hpo_study *begin(const char *rest, hpo_study_spec **spec) {
    char text[512];
    snprintf(text, sizeof text, TOY SPACE "%s", rest);
    *spec = toy_spec(text);
    return open_study(*spec);
}

/* time: NaN: it says nothing of it. */
static hpo_result paid(double loss, double time) {
    hpo_result result = result_of(loss);
    if (time == time) hpo_metrics_set(&result.metrics, "time", time);
    return result;
}

static void end(hpo_study *study, uint64_t trial, double loss, double time) {
    const hpo_result result = paid(loss, time);
    hpo_record record;
    hpo_study_tell(study, trial, &result, 0, 0, &record);
}

static uint64_t begin_trial(hpo_study *study) {
    hpo_record record;
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    return record.trial;
}

static double spent(const hpo_study *study) {
    return hpo_study_spent(study, NULL);
}

static void nothing_begins_when_it_is_spent(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: random\nbudget: {metric: {name: time, max: 10}}\n", &spec);
    hpo_record record;
    end(study, begin_trial(study), .5, 4);
    end(study, begin_trial(study), .5, (double)NAN);
    const uint64_t slow = begin_trial(study);
    end(study, begin_trial(study), .5, 5.5);
    assert_true(spent(study) == 9.5);
    const uint64_t last = begin_trial(study);
    end(study, slow, .5, 1);
    assert_true(spent(study) == 10.5);
    assert_int_equal(ask(study, &record), HPO_ASK_WAIT); /* what runs goes on */
    assert_false(hpo_study_must_end(study));
    end(study, last, .5, 2);
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "the budget of 10 time is spent: trials have reported 12.5");
    assert_false(hpo_study_failed(study));
    uint64_t silent;
    (void)hpo_study_spent(study, &silent);
    assert_int_equal(silent, 1);
    spec->budget.metric_max = 13; /* no part of the identity */
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    close_study(study, spec);
}

/* What a failed trial has said before is spent as well; what it has not said adds nothing and is no omission. */
static void failures_add_what_they_have_said(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: random\nfidelity: {e: {min: 1, max: 9}}\n"
                             "budget: {metric: {name: time, max: 10}}\n",
                             &spec);
    const hpo_result crash = {.failure = HPO_FAILURE_CRASH, .code = 9, .cost = (double)NAN}, half = paid(.5, 3);
    hpo_record record;
    uint64_t silent;
    hpo_study_tell(study, begin_trial(study), &crash, 0, 0, &record);
    const uint64_t told = begin_trial(study);
    hpo_study_report(study, told, 4, &half.metrics, 0, 0, &record);
    assert_true(spent(study) == 0); /* it runs */
    hpo_study_tell(study, told, &crash, 0, 0, &record);
    assert_true(hpo_study_spent(study, &silent) == 3 && silent == 0);
    const hpo_result endless = paid(.5, (double)INFINITY), negative = paid(.5, -1);
    hpo_study_tell(study, begin_trial(study), &endless, 0, 0, &record);
    hpo_study_tell(study, begin_trial(study), &negative, 0, 0, &record);
    assert_true(hpo_study_spent(study, &silent) == 3 && silent == 2);
    close_study(study, spec);
}

/* Each evaluation says a time of 2 for each unit of fidelity since the trial's beginning: the sum is what the cost
 * says, whether promoted trials go on or begin anew. */
static void a_trial_that_goes_on_adds_what_is_new(void **state) {
    (void)state;
    static const char *const objectives[] = {"toy", "toy_restart"};
    for (size_t i = 0; i < CHECK_COUNT(objectives); i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "objective: {%s: {}}\nseed: 3\n" SPACE "method: hyperband\nfidelity: {e: {min: 1, max: 9}}\n"
                 "budget: {metric: {name: time, max: 100}}\n",
                 objectives[i]);
        hpo_study_spec *spec = toy_spec(text);
        hpo_study *study = open_study(spec);
        hpo_record record;
        hpo_ask_kind kind;
        double seen = 0;
        while ((kind = ask(study, &record)) != HPO_ASK_DONE) {
            if (kind == HPO_ASK_CLOSE) continue;
            assert_true(2 * hpo_view_cost(hpo_study_view(study)) < 100);
            seen = fmax(seen, record.rung);
            const hpo_trial trial = hpo_view_trial(hpo_study_view(study), record.trial);
            assert_true(hpo_study_resumes(spec) || trial.from == 0);
            end(study, record.trial, .01 * (double)record.trial, 2 * trial.fidelity);
            assert_true(spent(study) == 2 * hpo_view_cost(hpo_study_view(study)));
        }
        assert_true(seen == 2 && spent(study) >= 100);
        CHECK_CONTAINS(hpo_study_reason(study), "the budget of 100 time is spent");
        close_study(study, spec);
    }
}

/* A stopped trial has spent what it had reported; when it turns out to have finished, the rest comes on top. */
static void a_stopped_trial_is_counted_once(void **state) {
    (void)state;
    hpo_study_spec *spec;
    spec = toy_spec("objective: toy_priced\nseed: 5\n" SPACE /* one whose worker still answers */
                    "method: {scheduler: median-stop, min_trials: 1}\nfidelity: {e: {min: 1, max: 4}}\n"
                    "budget: {metric: {name: time, max: 100}}\n");
    hpo_study *study = open_study(spec);
    const hpo_result good = paid(.1, 1), bad = paid(.5, 1.5);
    hpo_record record;
    const uint64_t first = begin_trial(study);
    for (double step = 1; step < 4; step++) hpo_study_report(study, first, step, &good.metrics, 0, 1, &record);
    end(study, first, .1, 4);
    assert_true(spent(study) == 4);
    const uint64_t stopped = begin_trial(study), late = begin_trial(study);
    hpo_study_report(study, stopped, 1, &bad.metrics, 0, 1, &record);
    assert_true(record.stop && record.open && spent(study) == 5.5);
    hpo_study_settle(study, stopped, &record);
    assert_true(spent(study) == 5.5);
    hpo_study_report(study, late, 1, &bad.metrics, 0, 1, &record);
    assert_true(record.stop && spent(study) == 7);
    end(study, late, .5, 4);
    assert_true(spent(study) == 4 + 1.5 + 4);
    close_study(study, spec);
}

/* Whoever applies the records of a run has the same sum, to the bit, after each of them. */
static void what_was_read_is_counted_alike(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: asha\nfidelity: {e: {min: 1, max: 27}}\n"
                             "budget: {trials: 40, metric: {name: loss, max: 1000}}\n",
                             &spec);
    toy_tape tape = {0};
    toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 2, .reports = 3, .tape = &tape});
    hpo_study *again = open_study(spec);
    base_err err;
    for (size_t i = 0; i < tape.count; i++) CHECK_OK(hpo_study_apply(again, &tape.records[i], &err));
    assert_true(spent(study) > 0);
    assert_true(spent(again) == spent(study));
    hpo_study_destroy(again);
    toy_tape_fini(&tape);
    close_study(study, spec);
}

/* A name that nothing reports would let the study run for ever. */
static void a_metric_that_nothing_reports_ends_what_nothing_else_ends(void **state) {
    (void)state;
    static const struct {
        const char *rest;
        bool ends;
    } cases[] = {{"budget: {metric: {name: size, max: 10}}\n", true},
                 {"budget: {metric: {name: size, max: 10}}\nfailure: {first: 0}\n", false},
                 {"budget: {trials: 100, metric: {name: size, max: 10}}\n", false}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        hpo_study_spec *spec;
        hpo_study *study = begin(cases[i].rest, &spec);
        hpo_record record;
        hpo_study_begin_run(study, 4);
        for (size_t n = 0; n < 8; n++) end(study, begin_trial(study), .5, 1);
        assert_int_equal(ask(study, &record), cases[i].ends ? HPO_ASK_DONE : HPO_ASK_JOB);
        assert_int_equal(hpo_study_failed(study), cases[i].ends);
        if (cases[i].ends)
            assert_string_equal(hpo_study_reason(study), "8 evaluations have worked and none has reported size, which "
                                                         "the budget counts (failure: {first: 0} goes on)");
        close_study(study, spec);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_begins_when_it_is_spent),
        cmocka_unit_test(failures_add_what_they_have_said),
        cmocka_unit_test(a_trial_that_goes_on_adds_what_is_new),
        cmocka_unit_test(a_stopped_trial_is_counted_once),
        cmocka_unit_test(what_was_read_is_counted_alike),
        cmocka_unit_test(a_metric_that_nothing_reports_ends_what_nothing_else_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
