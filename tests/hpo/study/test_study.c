/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine of ask and tell: budgets, failures, duplicates, seeds, and decisions that can be made again. */
#include "tests/hpo/study/study_driven.h"

#include "hpo/space/space_file.h"

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
    hpo_study_spec *spec =
        toy_spec(TOY SPACE "fidelity: {epochs: {min: 1, max: 3}}\nmethod: random\nbudget: {cost: 5.5}\n");
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

/* ---- promotions and failures ---- */

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
    hpo_study_spec *spec = toy_spec(TOY "parameters: {a: {min: 1, max: 100}}\nmethod: random\n");
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_of_trials),
        cmocka_unit_test(the_budget_of_cost),
        cmocka_unit_test(the_target),
        cmocka_unit_test(halting_stops_promotions),
        cmocka_unit_test(a_promotion_goes_on_only_where_the_objective_can),
        cmocka_unit_test(too_many_failures_end_the_run),
        cmocka_unit_test(a_finite_space_is_tried_once),
        cmocka_unit_test(duplicates_are_asked_again),
        cmocka_unit_test(repeats_are_allowed_on_demand),
        cmocka_unit_test(an_exhausted_space_finishes_its_brackets),
        cmocka_unit_test(a_resumed_study_goes_on_as_if_nothing_happened),
        cmocka_unit_test(verification_finds_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
