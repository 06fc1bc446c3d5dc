/* SPDX-License-Identifier: GPL-3.0-or-later */
/* budget.no_improve: what counts, what resets it, and that the wait is over when something better comes after all. */
#include "tests/hpo/study/study_driven.h"

#include <stdio.h>

static hpo_study *begin(const char *rest, hpo_study_spec **spec) {
    char text[512];
    snprintf(text, sizeof text, TOY SPACE "%s", rest);
    *spec = toy_spec(text);
    return open_study(*spec);
}

static uint64_t begin_trial(hpo_study *study) {
    hpo_record record;
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    return record.trial;
}

static void evaluate(hpo_study *study, double loss) {
    tell(study, begin_trial(study), loss);
}

static void crash(hpo_study *study) {
    const hpo_result result = {.failure = HPO_FAILURE_CRASH, .code = 1, .cost = (double)NAN};
    hpo_record record;
    hpo_study_tell(study, begin_trial(study), &result, 0, 0, &record);
}

static void a_better_value_resets_it(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: random\nbudget: {no_improve: 3}\n", &spec);
    hpo_record record;
    for (int i = 0; i < 4; i++) crash(study); /* with nothing to better nothing is awaited */
    const double losses[] = {.5, .6, .5, .4, .4, .7};
    for (size_t i = 0; i < 6; i++) evaluate(study, losses[i]);
    crash(study);
    assert_false(hpo_study_must_end(study)); /* it lets what runs go on */
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "3 full evaluations brought nothing better (no_improve)");
    close_study(study, spec);
}

static void what_runs_may_end_the_wait(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: random\nbudget: {no_improve: 2}\n", &spec);
    hpo_record record;
    evaluate(study, .5);
    const uint64_t slow = begin_trial(study);
    evaluate(study, .6);
    evaluate(study, .6);
    assert_int_equal(ask(study, &record), HPO_ASK_WAIT);
    tell(study, slow, .4);
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    close_study(study, spec);
}

static void low_fidelities_count_by_their_share(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: hyperband\nfidelity: {e: {min: 1, max: 9}}\nbudget: {no_improve: 2}\n", &spec);
    double work = 0, top = 0;
    hpo_record record;
    hpo_ask_kind kind;
    while ((kind = ask(study, &record)) != HPO_ASK_DONE) {
        if (kind == HPO_ASK_CLOSE) continue;
        const hpo_trial trial = hpo_view_trial(hpo_study_view(study), record.trial);
        const double added = trial.fidelity - trial.from;
        tell(study, record.trial, trial.fidelity == 9 && top == 0 ? .1 : .5);
        if (top > 0) work += added;
        if (trial.fidelity == 9) top = 9;
        assert_true(work < 18 + 9);
    }
    assert_true(top == 9 && work >= 18 && work < 18 + 9);
    assert_string_equal(hpo_study_reason(study),
                        "2 full evaluations or as much at lower fidelities brought nothing better (no_improve)");
    close_study(study, spec);
}

/* A trial that a rule has stopped counts up to where it was: four that were stopped after a quarter. */
static void stopped_trials_count_up_to_where_they_were(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: {scheduler: median-stop, min_trials: 1}\nfidelity: {e: {min: 1, max: 4}}\n"
                             "budget: {no_improve: 1}\n",
                             &spec);
    const hpo_result good = result_of(.1), bad = result_of(.5);
    hpo_record record, report;
    const uint64_t first = begin_trial(study);
    for (double step = 1; step < 4; step++) hpo_study_report(study, first, step, &good.metrics, 0, 1, &report);
    tell(study, first, .1);
    for (size_t i = 0; i < 4; i++) {
        hpo_study_report(study, begin_trial(study), 1, &bad.metrics, 0, 1, &report);
        assert_true(report.stop);
    }
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    close_study(study, spec);
}

static void several_metrics_wait_for_the_front(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: random\nmetrics: [loss, size]\nbudget: {no_improve: 2}\n", &spec);
    static const double values[][2] = {{1, 5}, {2, 6}, {2, 4}, {3, 6}, {1, 6}};
    hpo_record record;
    for (size_t i = 0; i < 5; i++) {
        hpo_result result = result_of(values[i][0]);
        hpo_metrics_set(&result.metrics, "size", values[i][1]);
        hpo_study_tell(study, begin_trial(study), &result, 0, 0, &record);
    }
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    close_study(study, spec);
}

/* Whoever reads the records of a run counts what the run itself had counted by then. */
static void what_was_read_counts_as_it_came(void **state) {
    (void)state;
    hpo_study_spec *spec;
    hpo_study *study = begin("method: hyperband\nfidelity: {e: {min: 1, max: 27}}\nbudget: {no_improve: 6}\n", &spec);
    toy_tape tape = {0};
    toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 2, .reports = 3, .tape = &tape});
    CHECK_CONTAINS(hpo_study_reason(study), "no_improve");
    for (size_t cut = 0; cut < tape.count; cut++) {
        if (tape.records[cut].kind != HPO_RECORD_START) continue;
        base_err err;
        hpo_record record;
        hpo_study *again = open_study(spec);
        for (size_t i = 0; i < cut; i++) CHECK_OK(hpo_study_apply(again, &tape.records[i], &err));
        assert_int_equal(ask(again, &record), HPO_ASK_JOB);
        hpo_study_destroy(again);
    }
    toy_tape_fini(&tape);
    close_study(study, spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_better_value_resets_it),
        cmocka_unit_test(what_runs_may_end_the_wait),
        cmocka_unit_test(low_fidelities_count_by_their_share),
        cmocka_unit_test(stopped_trials_count_up_to_where_they_were),
        cmocka_unit_test(several_metrics_wait_for_the_front),
        cmocka_unit_test(what_was_read_counts_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
