/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs that cannot succeed, and choices that never worked: when they are found out, and what is left alone. */
#include "tests/support/toy_objective.h"

#include "hpo/study/failed_choices.h"
#include "tests/support/check.h"

#define HEAD                                                                                                           \
    "objective: toy\nseed: 5\nparameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b]}}\nbudget: {trials: 90}\n"

typedef struct bench {
    hpo_study_spec *spec;
    hpo_study *study;
} bench;

static bench begin(const char *failure, uint64_t workers) {
    char text[512];
    base_err err;
    bench b;
    snprintf(text, sizeof text, HEAD "failure: {%s}\n", failure);
    b.spec = toy_spec(text);
    CHECK_OK(hpo_study_create(b.spec, &b.study, &err));
    hpo_study_begin_run(b.study, workers);
    return b;
}

static void end(bench *b) {
    hpo_study_destroy(b->study);
    hpo_study_spec_destroy(b->spec);
}

static uint64_t ask(bench *b) {
    base_err err;
    hpo_ask_kind kind;
    hpo_record record;
    CHECK_OK(hpo_study_ask(b->study, &kind, &record, &err));
    assert_int_equal(kind, HPO_ASK_JOB);
    return record.trial;
}

static void tell(bench *b, uint64_t trial, hpo_failure failure, int code) {
    hpo_record record;
    hpo_result result = {.failure = failure, .code = code, .cost = (double)NAN};
    if (failure == HPO_FAILURE_NONE) hpo_metrics_set(&result.metrics, "loss", 1);
    if (failure != HPO_FAILURE_NONE) strcpy(result.reason, "no module named 'torch'");
    hpo_study_tell(b->study, trial, &result, 0, 0, &record);
}

/* Failures of one kind in a row until the study ends, at most 40. */
static size_t failures_until_the_end(bench *b) {
    size_t n = 0;
    for (; n < 40 && !hpo_study_must_end(b->study); n++) tell(b, ask(b), HPO_FAILURE_EXIT, 1);
    return n;
}

static void the_first_failures_end_the_run(void **state) {
    (void)state;
    static const struct {
        const char *failure;
        uint64_t workers;
        size_t expected;
    } cases[] = {{"", 1, 5}, {"", 2, 5}, {"", 8, 16}, {"first: 3", 1, 3}, {"first: 30", 4, 30}, {"first: 0", 1, 40}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = begin(cases[i].failure, cases[i].workers);
        assert_int_equal(failures_until_the_end(&b), cases[i].expected);
        if (cases[i].expected < 40) {
            CHECK_CONTAINS(hpo_study_reason(b.study), "failed alike");
            CHECK_CONTAINS(hpo_study_reason(b.study), "no module named 'torch'");
        }
        assert_true(hpo_study_failed(b.study));
        end(&b);
    }
}

static void what_may_still_work_goes_on(void **state) {
    (void)state;
    bench b = begin("", 1);
    tell(&b, ask(&b), HPO_FAILURE_NONE, 0); /* something has succeeded */
    assert_int_equal(failures_until_the_end(&b), 40);
    end(&b);

    b = begin("", 1);
    hpo_record record;
    const uint64_t reporting = ask(&b); /* or reported */
    hpo_study_report(b.study, reporting, 0.5, &(hpo_metrics){0}, 0, 0, &record);
    tell(&b, reporting, HPO_FAILURE_EXIT, 1);
    assert_int_equal(failures_until_the_end(&b), 40);
    end(&b);

    b = begin("", 1);
    const uint64_t longest = ask(&b); /* or has lasted longer than what failed */
    assert_int_equal(failures_until_the_end(&b), 40);
    tell(&b, longest, HPO_FAILURE_EXIT, 1);
    assert_true(hpo_study_must_end(b.study));
    end(&b);

    b = begin("", 1);
    for (int i = 0; i < 20; i++) { /* or they did not fail alike */
        tell(&b, ask(&b), HPO_FAILURE_EXIT, i % 2);
        tell(&b, ask(&b), HPO_FAILURE_CRASH, i % 2);
        assert_false(hpo_study_must_end(b.study));
    }
    assert_int_equal(failures_until_the_end(&b), 5);
    end(&b);
}

/* Who starts the run again has mended something, or wants to see it fail again. */
static void failures_of_earlier_runs_do_not_count(void **state) {
    (void)state;
    bench b = begin("", 1);
    assert_int_equal(failures_until_the_end(&b), 5);
    hpo_study_begin_run(b.study, 1);
    assert_false(hpo_study_must_end(b.study));
    assert_int_equal(failures_until_the_end(&b), 5);
    end(&b);
}

/* ---- choices ---- */

typedef struct found {
    size_t count;
    char choice[32];
    uint64_t trials;
} found;

static void note(void *self, const char *choice, uint64_t trials) {
    found *f = self;
    f->count++;
    snprintf(f->choice, sizeof f->choice, "%s", choice);
    f->trials = trials;
}

/* Trials with c = b fail; every `good`-th of them does not (0: none). */
static found look_at(size_t trials, size_t good) {
    bench b = begin("", 1);
    size_t with_b = 0;
    for (size_t i = 0; i < trials; i++) {
        const uint64_t id = ask(&b);
        const bool is_b = hpo_view_trial(hpo_study_view(b.study), id).config[1] == 1;
        with_b += is_b;
        tell(&b, id, is_b && !(good && with_b % good == 0) ? HPO_FAILURE_EXIT : HPO_FAILURE_NONE, 1);
    }
    found f = {0};
    hpo_failed_choices(hpo_study_view(b.study), note, &f);
    if (f.count > 0) assert_int_equal(f.trials, with_b);
    end(&b);
    return f;
}

/* In the deterministic order all that was told counts again: the order to repeat must let the run get on. */
static void what_is_repeated_is_forgiven(void **state) {
    (void)state;
    static const uint64_t failed[] = {0, 1, 2, 3, 4};
    bench b = begin("", 1);
    assert_int_equal(failures_until_the_end(&b), 5);
    hpo_study_spec_repeat(b.spec, 5, failed, 5);
    assert_false(hpo_study_must_end(b.study));
    assert_int_equal(failures_until_the_end(&b), 5); /* the repetitions */
    assert_int_equal(hpo_view_trials(hpo_study_view(b.study)), 10);
    end(&b);
}

static void a_choice_that_never_works_is_named(void **state) {
    (void)state;
    const found f = look_at(20, 0);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.choice, "c=b");
    assert_true(f.trials >= 3);
    assert_int_equal(look_at(20, 5).count, 0); /* it worked once */
    assert_int_equal(look_at(2, 0).count, 0);  /* too few to say so */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failures_end_the_run),        cmocka_unit_test(what_may_still_work_goes_on),
        cmocka_unit_test(failures_of_earlier_runs_do_not_count), cmocka_unit_test(what_is_repeated_is_forgiven),
        cmocka_unit_test(a_choice_that_never_works_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
