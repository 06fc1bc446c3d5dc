/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine of ask and tell: budgets, failures, costs, duplicates, seeds, and decisions that can be made again. */
#include "tests/support/toy_objective.h"

#include "hpo/space/space_file.h"
#include "tests/support/check.h"

#define SPACE "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b]}}\n"
#define TOY   "objective: toy\nseed: 5\n"

static hpo_study *open_study(const hpo_study_spec *spec) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    return study;
}

static hpo_ask_kind ask(hpo_study *study, hpo_record *record) {
    base_err err;
    hpo_ask_kind kind;
    CHECK_OK(hpo_study_ask(study, &kind, record, &err));
    return kind;
}

static hpo_result result_of(double loss) {
    hpo_result result = {.cost = (double)NAN};
    hpo_metrics_set(&result.metrics, "loss", loss);
    return result;
}

static hpo_record tell(hpo_study *study, uint64_t trial, double loss) {
    const hpo_result result = result_of(loss);
    hpo_record record;
    hpo_study_tell(study, trial, &result, 0, 0, &record);
    return record;
}

static void close_study(hpo_study *study, hpo_study_spec *spec) {
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

/* ---- budgets ---- */

static void the_budget_of_trials(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "budget: {trials: 2}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    assert_int_equal(record.trial, 0);
    assert_int_equal(record.as_of, 0);
    assert_int_equal(record.seed, base_rng_derive(5, BASE_RNG_SEED, 0));
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    assert_int_equal(record.as_of, 1);
    assert_int_equal(ask(study, &record), HPO_ASK_WAIT);
    assert_null(hpo_study_reason(study));
    tell(study, 0, .5);
    assert_int_equal(ask(study, &record), HPO_ASK_WAIT);
    tell(study, 1, .5);
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "the budget of 2 trials is spent");
    assert_false(hpo_study_failed(study));
    close_study(study, spec);
}

static void the_budget_of_cost(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "fidelity: {epochs: {min: 1, max: 3}}\nbudget: {cost: 5.5}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    for (uint64_t t = 0; t < 2; t++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        CHECK_NEAR(tell(study, t, 1).result.cost, 3, 0);
    }
    assert_false(hpo_study_must_end(study));
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "the budget of 5.5 epochs is spent");
    close_study(study, spec);
}

static void the_target(void **state) {
    (void)state;
    static const struct {
        const char *goal;
        double misses, hits;
    } cases[] = {{"minimize", .21, .2}, {"maximize", .19, .2}};
    for (size_t i = 0; i < 2; i++) {
        base_buf text = {0};
        base_buf_printf(&text,
                        TOY SPACE "fidelity: {e: {min: 1, max: 3}}\nmethod: hyperband\nbudget: {target: 0.2}\n"
                                  "metric: {name: loss, goal: %s}\n",
                        cases[i].goal);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        hpo_study *study = open_study(spec);
        hpo_record record;
        for (uint64_t t = 0; t < 3; t++) { /* at the lowest fidelity a hit does not count */
            assert_int_equal(ask(study, &record), HPO_ASK_JOB);
            CHECK_NEAR(record.fidelity, 1, 0);
            tell(study, t, cases[i].hits);
        }
        while (ask(study, &record) == HPO_ASK_CLOSE) {
        }
        CHECK_NEAR(record.fidelity, 3, 0);
        tell(study, record.trial, cases[i].misses);
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        CHECK_NEAR(record.fidelity, 3, 0);
        tell(study, record.trial, cases[i].hits);
        assert_true(hpo_study_must_end(study));
        assert_int_equal(ask(study, &record), HPO_ASK_DONE);
        CHECK_CONTAINS(hpo_study_reason(study), "the target of 0.2 is reached");
        close_study(study, spec);
        base_buf_fini(&text);
    }
}

/* At the limit of trials open promotions finish; halted, they do not. */
static void halting_stops_promotions(void **state) {
    (void)state;
    static const char text[] = TOY SPACE "fidelity: {e: {min: 1, max: 3}}\nmethod: hyperband\nbudget: {trials: 3}\n";
    for (int halt = 0; halt < 2; halt++) {
        hpo_study_spec *spec = toy_spec(text);
        hpo_study *study = open_study(spec);
        hpo_record record;
        for (uint64_t t = 0; t < 3; t++) assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        tell(study, 0, .5);
        tell(study, 1, .4);
        if (halt) {
            hpo_study_halt(study, "the time is up");
            hpo_study_halt(study, "later reasons do not count");
            assert_int_equal(ask(study, &record), HPO_ASK_WAIT);
            tell(study, 2, .6);
            assert_int_equal(ask(study, &record), HPO_ASK_DONE);
            assert_string_equal(hpo_study_reason(study), "the time is up");
        } else {
            tell(study, 2, .6);
            assert_int_equal(ask(study, &record), HPO_ASK_CLOSE);
            assert_int_equal(record.trial, 2);
            assert_int_equal(ask(study, &record), HPO_ASK_CLOSE);
            assert_int_equal(ask(study, &record), HPO_ASK_JOB);
            assert_true(record.kind == HPO_RECORD_PROMOTE && record.trial == 1 && record.from == 1);
            const hpo_record last = tell(study, 1, .4);
            assert_true(last.final);
            CHECK_NEAR(last.result.cost, 2, 0);
            assert_int_equal(ask(study, &record), HPO_ASK_DONE);
        }
        close_study(study, spec);
    }
}

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
        base_buf_printf(&text, "objective: %s\n" SPACE "fidelity: {e: {min: 1, max: 3}}\nbudget: {trials: 1}\n",
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

static void a_promotion_goes_on_only_where_the_objective_can(void **state) {
    (void)state;
    static const char *const objectives[] = {"toy_restart", "toy"};
    for (size_t resumes = 0; resumes < 2; resumes++) {
        base_buf text = {0};
        base_buf_printf(&text,
                        "objective: %s\n" SPACE "fidelity: {e: {min: 1, max: 9}}\nmethod: {name: hyperband, "
                        "brackets: 1}\n",
                        objectives[resumes]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        hpo_study *study = open_study(spec);
        hpo_record record;
        hpo_ask_kind kind;
        uint64_t promotions = 0;
        while ((kind = ask(study, &record)) != HPO_ASK_DONE) {
            if (kind != HPO_ASK_JOB) continue;
            hpo_job job;
            hpo_study_job(study, record.trial, &job);
            assert_true(job.trial == record.trial && job.fidelity == record.fidelity && job.from == record.from);
            assert_int_equal(job.limits.threads, 1);
            CHECK_NEAR(record.from, resumes && record.kind == HPO_RECORD_PROMOTE ? record.fidelity / 3 : 0, 0);
            promotions += record.kind == HPO_RECORD_PROMOTE;
            tell(study, record.trial, (double)record.trial);
        }
        assert_int_equal(promotions, 4);
        assert_string_equal(hpo_study_reason(study), "hyperband has finished");
        /* 9@1 3@3 1@9 */
        CHECK_NEAR(hpo_view_cost(hpo_study_view(study)), resumes ? 9 + 6 + 6 : 27, 0);
        CHECK_NEAR(hpo_view_cost_from_scratch(hpo_study_view(study)), 27, 0);
        close_study(study, spec);
        base_buf_fini(&text);
    }
}

static void too_many_failures_end_the_run(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "budget: {trials: 99}\nfailure: {max_failures: 2}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    assert_int_equal(ask(study, &record), HPO_ASK_JOB);
    tell(study, 0, .5);
    for (uint64_t t = 1; t <= 3; t++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        assert_false(hpo_study_failed(study));
        tell(study, t, (double)NAN);
    }
    assert_true(hpo_study_failed(study) && hpo_study_must_end(study));
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    assert_string_equal(hpo_study_reason(study), "3 trials failed, more than max_failures: 2 allows");
    close_study(study, spec);
}

/* ---- finite spaces ---- */

/* 3 x 4 values, of which {a: 3, b: 4} is forbidden and b is inactive for a: 1: 1 + 4 + 3 = 8 configurations. */
#define FINITE "parameters: {a: {min: 1, max: 3}, b: {min: 1, max: 4, when: {a: {gt: 1}}}}\nforbid: [{a: 3, b: 4}]\n"

static void a_finite_space_is_tried_once(void **state) {
    (void)state;
    static const char *const methods[] = {"random", "sobol", "grid"};
    for (size_t m = 0; m < CHECK_COUNT(methods); m++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            base_buf text = {0};
            base_buf_printf(&text, "objective: toy\nmethod: %s\nseed: %llu\n" FINITE, methods[m],
                            (unsigned long long)seed);
            hpo_study_spec *spec = toy_spec(base_buf_text(&text));
            hpo_study *study = open_study(spec);
            toy_tape tape = {0};
            toy_drive_study(study, &(toy_drive){.workers = 3, .tape = &tape});
            assert_int_equal(tape.count, 16);
            for (size_t i = 0; i < 16; i++) {
                for (size_t j = 0; j < i && tape.records[i].config; j++) {
                    if (!tape.records[j].config) continue;
                    assert_false(hpo_space_equal(spec->space, tape.records[i].config, tape.records[j].config));
                }
            }
            CHECK_CONTAINS(hpo_study_reason(study), m == 2 ? "all 8 points of the grid were tried"
                                                           : "all 8 configurations of the space were tried");
            toy_tape_fini(&tape);
            close_study(study, spec);
            base_buf_fini(&text);
        }
    }
}

/* While half of the space is left, the sampler itself finds something new. */
static void duplicates_are_asked_again(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY "parameters: {a: {min: 1, max: 100}}\n");
    hpo_study *study = open_study(spec);
    toy_tape tape = {0};
    toy_drive_study(study, &(toy_drive){.workers = 1, .tape = &tape});
    size_t enumerated[2] = {0};
    for (size_t i = 0; i < tape.count; i++) {
        const hpo_record *record = &tape.records[i];
        if (record->kind == HPO_RECORD_START) enumerated[record->trial >= 50] += strcmp(record->origin, "random") != 0;
    }
    assert_int_equal(tape.count, 200);
    assert_int_equal(enumerated[0], 0);
    assert_true(enumerated[1] > 0 && enumerated[1] < 10);
    toy_tape_fini(&tape);
    close_study(study, spec);
}

static void repeats_are_allowed_on_demand(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY FINITE "repeats: true\nbudget: {trials: 100}\n");
    hpo_study *study = open_study(spec);
    toy_drive_study(study, &(toy_drive){.workers = 2});
    assert_int_equal(hpo_view_trials(hpo_study_view(study)), 100);
    close_study(study, spec);
}

/* When nothing is left to start, brackets that are under way finish. */
static void an_exhausted_space_finishes_its_brackets(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY FINITE "fidelity: {e: {min: 1, max: 9}}\nmethod: hyperband\n");
    hpo_study *study = open_study(spec);
    toy_drive_study(study, &(toy_drive){.workers = 4});
    const hpo_view view = hpo_study_view(study);
    assert_int_equal(hpo_view_trials(view), 8);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_COMPLETE), 1);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_STOPPED), 7);
    CHECK_CONTAINS(hpo_study_reason(study), "all 8 configurations");
    close_study(study, spec);
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

/* ---- again ---- */

/* Applying half of the records and driving on is the same as never having stopped. */
static void a_resumed_study_goes_on_as_if_nothing_happened(void **state) {
    (void)state;
    static const char text[] =
        TOY SPACE "fidelity: {e: {min: 1, max: 9}}\nmethod: {name: hyperband}\nbudget: {trials: 60}\n";
    hpo_study_spec *spec = toy_spec(text);
    toy_tape whole = {0}, rest = {0};
    hpo_study *study = open_study(spec);
    toy_drive_study(study, &(toy_drive){.workers = 1, .tape = &whole});
    hpo_study_destroy(study);
    base_err err;
    for (size_t cut = 0; cut < whole.count; cut += 7) {
        while (cut > 0 && whole.records[cut - 1].kind != HPO_RECORD_RESULT) cut++; /* nothing runs */
        if (cut >= whole.count) break;
        study = open_study(spec);
        for (size_t i = 0; i < cut; i++) CHECK_OK(hpo_study_apply(study, &whole.records[i], &err));
        toy_drive_study(study, &(toy_drive){.workers = 1, .tape = &rest});
        assert_int_equal(rest.count, whole.count - cut);
        for (size_t i = 0; i < rest.count; i++) {
            assert_true(toy_same_record(spec->space, &rest.records[i], &whole.records[cut + i]));
        }
        toy_tape_fini(&rest);
        hpo_study_destroy(study);
    }
    toy_tape_fini(&whole);
    hpo_study_spec_destroy(spec);
}

/* A record that was not made by this study is found, whatever is wrong with it; the budget does not matter. */
static void verification_finds_every_change(void **state) {
    (void)state;
    static const char text[] = TOY SPACE "fidelity: {e: {min: 1, max: 9}}\nmethod: hyperband\nbudget: {trials: 25}\n";
    hpo_study_spec *spec = toy_spec(text), *longer = toy_spec(text);
    longer->budget.trials = 1000;
    toy_tape tape = {0};
    hpo_study *study = open_study(spec);
    toy_drive_study(study, &(toy_drive){.workers = 4, .tape = &tape});
    hpo_study_destroy(study);
    study = open_study(longer);
    base_err err;
    for (size_t i = 0; i < tape.count; i++) {
        const hpo_record *record = &tape.records[i];
        CHECK_OK(hpo_study_verify(study, record, &err));
        hpo_record wrong = *record;
        double config[2];
        if (record->kind == HPO_RECORD_START) {
            memcpy(config, record->config, sizeof config);
            config[0] = nextafter(config[0], 2);
            wrong.config = config;
            CHECK_FAILS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT, "starts trial");
            wrong = *record;
            wrong.seed++;
            CHECK_FAILS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT, "seed");
            wrong = *record;
            wrong.bracket++;
            CHECK_STATUS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT);
            wrong = *record;
            wrong.as_of = UINT64_MAX;
            CHECK_FAILS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT, "comes later");
        } else if (record->kind != HPO_RECORD_RESULT) {
            wrong.trial = (wrong.trial + 1) % hpo_view_trials(hpo_study_view(study));
            CHECK_FAILS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT, "the journal");
        }
        if (record->kind == HPO_RECORD_PROMOTE) {
            wrong = *record;
            wrong.from = 0;
            CHECK_FAILS(hpo_study_verify(study, &wrong, &err), BASE_CORRUPT, "start or hidden digits");
        }
        CHECK_OK(hpo_study_apply(study, record, &err));
    }
    toy_tape_fini(&tape);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(longer);
    hpo_study_spec_destroy(spec);
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
        cmocka_unit_test(an_evaluation_is_charged_up_to_where_it_ended),
        cmocka_unit_test(the_budget_of_trials),
        cmocka_unit_test(the_budget_of_cost),
        cmocka_unit_test(the_target),
        cmocka_unit_test(halting_stops_promotions),
        cmocka_unit_test(a_result_without_the_metric_names_its_own),
        cmocka_unit_test(what_cannot_be_used_is_a_failure),
        cmocka_unit_test(who_may_name_a_cost),
        cmocka_unit_test(a_cost_sees_the_configuration_and_the_end),
        cmocka_unit_test(a_promotion_goes_on_only_where_the_objective_can),
        cmocka_unit_test(too_many_failures_end_the_run),
        cmocka_unit_test(a_finite_space_is_tried_once),
        cmocka_unit_test(duplicates_are_asked_again),
        cmocka_unit_test(repeats_are_allowed_on_demand),
        cmocka_unit_test(an_exhausted_space_finishes_its_brackets),
        cmocka_unit_test(a_report_may_stop_its_trial),
        cmocka_unit_test(a_resumed_study_goes_on_as_if_nothing_happened),
        cmocka_unit_test(verification_finds_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
