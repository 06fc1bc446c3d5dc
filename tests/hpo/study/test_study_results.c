/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study makes of results and reports: failures, costs, and trials that a report stops. */
#include "tests/hpo/study/study_driven.h"

/* ---- what comes back ---- */

/* Every name is told, or how many are not. */
static void a_result_without_the_metric_names_its_own(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "budget: {trials: 9}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    hpo_result result = {.cost = 1};
    char name[48];
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    for (int i = 0; i < HPO_MAX_METRICS; i++) {
        snprintf(name, sizeof name, "a_metric_with_a_long_name_%05d", i);
        assert_true(hpo_metrics_set(&result.metrics, name, 1));
    }
    hpo_study_tell(study, 0, &result, 0, 0, &record);
    const char *reason = record.result.reason, *others = strstr(reason, " and ");
    int named = 0;
    for (const char *at = reason; (at = strstr(at, "a_metric")) != NULL; at++) named++;
    assert_non_null(others);
    assert_true(named > 2);
    assert_int_equal(named + atoi(others + 5), HPO_MAX_METRICS);
    assert_non_null(strstr(others, " others"));
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

static void what_cannot_be_used_is_a_failure(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "budget: {trials: 9}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    for (uint64_t t = 0; t < 5; t++) assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    assert_int_equal(tell(study, 0, (double)NAN).result.failure, HPO_FAILURE_NAN);
    record = tell(study, 1, -(double)INFINITY);
    assert_int_equal(record.result.failure, HPO_FAILURE_NAN);
    assert_true(isnan(record.value));
    assert_string_equal(record.result.reason, "loss is minus infinity");
    hpo_result result = {.cost = 0.25};
    hpo_study_tell(study, 2, &result, 0, 0, &record);
    assert_int_equal(record.result.failure, HPO_FAILURE_OUTPUT);
    CHECK_CONTAINS(record.result.reason, "no metric 'loss'");
    CHECK_NEAR(record.result.cost, 1, 0);
    hpo_metrics_set(&result.metrics, "lost", 3);
    hpo_study_tell(study, 3, &result, 0, 0, &record);
    assert_string_equal(record.result.reason, "the result has no metric 'loss'; it has lost");
    result = result_of(.5);
    result.failure = HPO_FAILURE_TIMEOUT;
    strcpy(result.reason, "too long");
    hpo_study_tell(study, 4, &result, 3, 2, &record);
    assert_true(isnan(record.value) && record.attempt == 3 && record.worker == 2);
    assert_string_equal(record.result.reason, "too long");
    const hpo_view view = hpo_study_view(study);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_FAILED), 5);
    CHECK_NEAR(hpo_view_cost(view), 5, 0);
    assert_true(hpo_study_failed(study)); /* nothing has succeeded yet */
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    tell(study, 5, 1);
    assert_false(hpo_study_failed(study));
    close_study(study, spec);
}

/* Only an objective in the rank, or one that counts, may say what it cost, and only when it worked. */
static void who_may_name_a_cost(void **state) {
    (void)state;
    static const struct {
        const char *objective;
        double said, charged;
    } cases[] = {
        {"toy", .25, .25}, {"toy", (double)NAN, 3}, {"toy", -1, 3}, {"toy_restart", .25, 3}, {"toy_priced", .25, .25}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_buf_printf(
            &text, "objective: %s\n" SPACE "fidelity: {e: {min: 1, max: 3}}\nmethod: random\nbudget: {trials: 1}\n",
            cases[i].objective);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        hpo_study *study = open_study(spec);
        hpo_record record;
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        hpo_result result = result_of(.5);
        result.cost = cases[i].said;
        hpo_study_tell(study, 0, &result, 0, 0, &record);
        CHECK_NEAR(record.result.cost, cases[i].charged, 0);
        close_study(study, spec);
        base_buf_fini(&text);
    }
}

/* ---- reports ---- */

static bool stop_at_three(void *self, hpo_view view, uint64_t id) {
    (void)self;
    const hpo_trial trial = hpo_view_trial(view, id);
    return trial.n_reports == 3 && trial.reports[2].loss > 0.5;
}

/* The scheduler sees the report that it judges; a stopped trial is charged up to its step; a study that applies the
 * records is in the same state. */
static void a_report_may_stop_its_trial(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "fidelity: {e: {min: 1, max: 9}}\nbudget: {trials: 9}\n");
    hpo_scheduler_type stopping = *spec->scheduler;
    stopping.should_stop = stop_at_three;
    spec->scheduler = &stopping;
    hpo_study *study = open_study(spec), *copy = open_study(spec);
    base_err err;
    hpo_record record;
    for (uint64_t t = 0; t < 2; t++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        CHECK_OK(hpo_study_apply(copy, &record, &err));
    }
    for (int step = 1; step <= 3; step++) {
        for (uint64_t t = 0; t < 2; t++) {
            const hpo_result result = result_of(t == 0 ? .9 : .1);
            hpo_study_report(study, t, step, &result.metrics, 0, 1, &record);
            assert_int_equal(record.stop, step == 3 && t == 0);
            CHECK_OK(hpo_study_apply(copy, &record, &err));
        }
    }
    hpo_study *const both[] = {study, copy};
    for (size_t i = 0; i < 2; i++) {
        const hpo_view view = hpo_study_view(both[i]);
        assert_int_equal(view.as_of, 8);
        assert_int_equal(hpo_view_trial(view, 0).state, HPO_TRIAL_STOPPED);
        assert_int_equal(hpo_view_trial(view, 1).state, HPO_TRIAL_RUNNING);
        assert_int_equal(hpo_view_trial(hpo_history_at(view.history, 6), 0).state, HPO_TRIAL_RUNNING);
        assert_int_equal(hpo_view_trial(hpo_history_at(view.history, 7), 0).state, HPO_TRIAL_STOPPED);
        CHECK_NEAR(hpo_view_cost(view), 3, 0);
        assert_int_equal(hpo_view_count(view, HPO_TRIAL_RUNNING), 1);
    }
    hpo_study_destroy(copy);
    close_study(study, spec);
}

/* ---- what is charged ---- */

static double charged(hpo_study *study, uint64_t trial, hpo_result result) {
    hpo_record record;
    hpo_study_tell(study, trial, &result, 0, 0, &record);
    return record.result.cost;
}

/* toy goes on from checkpoints: a promotion from 1 to 3 epochs costs 2 unless it found nothing to go on from. */
static void an_evaluation_is_charged_up_to_where_it_ended(void **state) {
    (void)state;
    hpo_study_spec *spec =
        toy_spec(TOY SPACE "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 9}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    for (uint64_t t = 0; t < 9; t++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        assert_int_equal(record.fidelity, 1);
    }
    for (uint64_t t = 0; t < 9; t++) tell(study, t, (double)t);
    hpo_result result = result_of(0);
    static const struct {
        double reached;
        uint32_t notices;
        double from, cost;
    } ends[] = {{NAN, 0, 1, 2}, {2, 0, 1, 1}, {0, HPO_NOTICE_BIT(STARTED_AGAIN), 1, 3}};
    for (size_t i = 0; i < CHECK_COUNT(ends); i++) {
        while (ask(study, &record) == HPO_ASK_CLOSE) continue;
        assert_int_equal(record.kind, HPO_RECORD_PROMOTE);
        CHECK_NEAR(record.from, ends[i].from, 0);
        result.reached = ends[i].reached;
        result.notices = ends[i].notices;
        const double before = hpo_view_cost_from_scratch(hpo_study_view(study));
        CHECK_NEAR(charged(study, record.trial, result), ends[i].cost, 0);
        /* From scratch the trial's own first epoch is added, unless it was repeated anyway. */
        const double more = ends[i].notices ? 3 : ends[i].cost + 1;
        CHECK_NEAR(hpo_view_cost_from_scratch(hpo_study_view(study)) - before, more, 0);
    }
    close_study(study, spec);
}

/* toy_priced costs 1 + x per epoch and 10 at its end; what stops on the way has not come to the end. */
static void a_cost_sees_the_configuration_and_the_end(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec("objective: toy_priced\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                                    "fidelity: {e: {min: 9, max: 9}}\nbudget: {cost: 55}\n");
    hpo_scheduler_type stopping = *spec->scheduler;
    stopping.should_stop = stop_at_three;
    spec->scheduler = &stopping;
    hpo_study *study = open_study(spec);
    hpo_record record;
    double x[3];
    for (uint64_t t = 0; t < 3; t++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        x[t] = record.config[0];
    }
    hpo_result result = result_of(.9);
    for (int step = 1; step <= 3; step++) hpo_study_report(study, 0, step, &result.metrics, 0, 1, &record);
    assert_true(record.stop && record.open);
    CHECK_NEAR(record.result.cost, 3 * (1 + x[0]), 1e-12);
    CHECK_NEAR(charged(study, 0, result), 9 * (1 + x[0]) + 10 - 3 * (1 + x[0]), 1e-12); /* it had finished before */
    CHECK_NEAR(charged(study, 1, result), 9 * (1 + x[1]) + 10, 1e-12);
    result.failure = HPO_FAILURE_CRASH;
    result.cost = 1; /* what failed has no say */
    CHECK_NEAR(charged(study, 2, result), 9 * (1 + x[2]) + 10, 1e-12);
    CHECK_NEAR(hpo_view_cost(hpo_study_view(study)), 30 + 9 * (3 + x[0] + x[1] + x[2]), 1e-12);
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "the budget of 55 passes is spent");
    close_study(study, spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_without_the_metric_names_its_own),
        cmocka_unit_test(what_cannot_be_used_is_a_failure),
        cmocka_unit_test(who_may_name_a_cost),
        cmocka_unit_test(a_report_may_stop_its_trial),
        cmocka_unit_test(an_evaluation_is_charged_up_to_where_it_ended),
        cmocka_unit_test(a_cost_sees_the_configuration_and_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
