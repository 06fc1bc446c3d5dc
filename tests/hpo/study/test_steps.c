/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking in steps: the same as asking at once when nothing happens in between; and when something does, every START is
 * still what the sampler says of the view that it was asked from, as another study finds out from the records alone. */
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 60, WORKERS = 4 };

#define SPACE                                                                                                          \
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, n: {min: 1, max: 4}, opt: {values: [sgd, "        \
    "adam]}, "                                                                                                         \
    "momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}}\n"
#define SMALL "parameters: {a: {min: 1, max: 12}, b: {values: [p, q], prior: p}}\n" /* 24 configurations */

static hpo_study_spec *make_spec(const char *sampler, const char *scheduler, const char *space) {
    base_buf text = {0};
    base_buf_printf(&text,
                    "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\n%s\n"
                    "budget: {trials: %d}\n%s",
                    sampler, scheduler, toy_spending(scheduler, 9), TRIALS, space);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static hpo_study *open_study(const hpo_study_spec *spec) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    return study;
}

/* ---- a study that is asked in steps, with suggestions that may be old when they are used ---- */

typedef struct stepper {
    const hpo_study_spec *spec;
    hpo_study *study, *shadow; /* the shadow verifies every record before it applies it; may be NULL */
    uint64_t running[WORKERS];
    size_t n_running;
    base_rng rng;
    hpo_record prepared; /* its kind is START, when there is one */
    double *config;
    bool has_prepared;
    size_t starts, old, promotions, dropped;
} stepper;

static void follow(stepper *s, const hpo_record *record) {
    base_err err;
    if (s->shadow) {
        CHECK_OK(hpo_study_verify(s->shadow, record, &err));
        CHECK_OK(hpo_study_apply(s->shadow, record, &err));
    }
    if (s->shadow && record->kind == HPO_RECORD_REPORT) CHECK_OK(hpo_study_verify_stop(s->shadow, record, &err));
}

static void end_one(stepper *s, size_t pick) {
    s->running[pick] = s->running[--s->n_running];
}

/* One running trial reports or ends. */
static void advance_one(stepper *s) {
    const size_t pick = (size_t)base_rng_below(&s->rng, s->n_running);
    const uint64_t trial = s->running[pick];
    hpo_job job;
    hpo_record record;
    hpo_study_job(s->study, trial, &job);
    const double loss = toy_loss(s->spec->space, &job);
    hpo_metrics metrics = {0};
    hpo_metrics_set(&metrics, "loss", loss);
    const hpo_trial now = hpo_view_trial(hpo_study_view(s->study), trial);
    const double last = now.n_reports > 0 ? now.reports[now.n_reports - 1].step : 0;
    if (last < job.fidelity && base_rng_below(&s->rng, 2) == 0) {
        hpo_study_report(s->study, trial, fmax(last, job.from) + 1, &metrics, 0, 0, &record);
        if (record.stop) end_one(s, pick);
    } else {
        const hpo_result result = {.metrics = metrics, .cost = 2 * (job.fidelity - job.from)};
        hpo_study_tell(s->study, trial, &result, 0, 0, &record);
        end_one(s, pick);
    }
    follow(s, &record);
}

static bool same_place(const hpo_record *a, const hpo_record *b) {
    return a->bracket == b->bracket && a->rung == b->rung && a->fidelity == b->fidelity && a->parent == b->parent &&
           a->from == b->from;
}

static void keep(stepper *s, const hpo_record *start) {
    const size_t n = hpo_space_count(s->spec->space);
    memcpy(s->config, start->config, n * sizeof *s->config);
    s->prepared = *start;
    s->prepared.config = s->config;
    s->has_prepared = true;
}

static void accept(stepper *s, const hpo_record *record) {
    const uint64_t records = hpo_study_view(s->study).as_of;
    hpo_study_accept(s->study, record);
    follow(s, record);
    if (record->kind == HPO_RECORD_CLOSE) return;
    s->running[s->n_running++] = record->trial;
    s->promotions += record->kind == HPO_RECORD_PROMOTE;
    if (record->kind != HPO_RECORD_START) return;
    s->starts++;
    s->old += record->as_of < records;
    s->has_prepared = false;
}

/* Asks once; false when there is nothing to begin now. A configuration is proposed first and used later. */
static bool ask_once(stepper *s, bool *done) {
    base_err err;
    hpo_ask_kind kind;
    hpo_record record;
    CHECK_OK(hpo_study_next(s->study, &kind, &record, &err));
    *done = kind == HPO_ASK_DONE;
    if (kind == HPO_ASK_WAIT || kind == HPO_ASK_DONE) {
        s->has_prepared = false;
        return false;
    }
    if (record.kind != HPO_RECORD_START) {
        accept(s, &record);
        return true;
    }
    if (s->has_prepared && same_place(&s->prepared, &record)) {
        assert_int_equal(s->prepared.trial, record.trial);
        const hpo_record start = s->prepared;
        accept(s, &start);
        return true;
    }
    s->dropped += s->has_prepared;
    s->has_prepared = false;
    const base_status status = hpo_study_propose(s->study, &record, &err);
    if (status == BASE_END) return true;
    CHECK_OK(status);
    keep(s, &record);
    return true;
}

static stepper drive(const hpo_study_spec *spec, bool verify, uint64_t seed, uint64_t most_between) {
    stepper s = {.spec = spec,
                 .study = open_study(spec),
                 .shadow = verify ? open_study(spec) : NULL,
                 .rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0),
                 .config = base_calloc(hpo_space_count(spec->space), sizeof(double))};
    bool done = false;
    while (!done) {
        bool more = true;
        while (more && s.n_running < WORKERS) {
            more = ask_once(&s, &done);
            uint64_t between = most_between > 0 ? base_rng_below(&s.rng, most_between + 1) : 0;
            while (s.has_prepared && between-- > 0 && s.n_running > 0) advance_one(&s);
        }
        if (s.n_running > 0) advance_one(&s);
    }
    free(s.config);
    return s;
}

static void stepper_fini(stepper *s) {
    hpo_study_destroy(s->study);
    hpo_study_destroy(s->shadow);
}

/* ---- the tests ---- */

static void check_old_starts_verify(const char *sampler, const char *space, size_t starts, size_t *old,
                                    size_t *promotions) {
    size_t count;
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&count);
    for (size_t i = 0; i < count; i++) {
        hpo_study_spec *spec = make_spec(sampler, schedulers[i]->name, space);
        stepper s = drive(spec, true, i, 5);
        if (schedulers[i]->flags & HPO_SCHEDULER_INHERITS)
            assert_in_range(s.starts, 20, TRIALS); /* who inherits may have a configuration that was tried */
        else
            assert_int_equal(s.starts, starts);
        *old += s.old;
        *promotions += s.promotions;
        stepper_fini(&s);
        hpo_study_spec_destroy(spec);
    }
}

static void old_starts_are_what_was_asked_for(void **state) {
    (void)state;
    static const char *const samplers[] = {"random", "tpe", "kde", "rf", "gp", "priorband"};
    size_t old = 0, promotions = 0;
    for (size_t i = 0; i < CHECK_COUNT(samplers); i++)
        check_old_starts_verify(samplers[i], SPACE, TRIALS, &old, &promotions);
    assert_true(old > 1000 && promotions > 200);
}

/* Nothing is tried twice, and the end is found, although suggestions are old when they are used. */
static void a_finite_space_is_tried_once(void **state) {
    (void)state;
    size_t old = 0, promotions = 0;
    check_old_starts_verify("tpe", SMALL, 24, &old, &promotions);
    assert_true(old > 50);
    hpo_study_spec *spec = make_spec("tpe", "full", SMALL);
    stepper s = drive(spec, false, 1, 5);
    const hpo_view view = hpo_study_view(s.study);
    assert_int_equal(hpo_view_trials(view), 24);
    for (uint64_t a = 0; a < 24; a++) {
        for (uint64_t b = 0; b < a; b++) {
            assert_false(hpo_space_equal(spec->space, hpo_view_trial(view, a).config, hpo_view_trial(view, b).config));
        }
    }
    CHECK_CONTAINS(hpo_study_reason(s.study), "24");
    stepper_fini(&s);
    hpo_study_spec_destroy(spec);
}

/* Without anything in between the steps make the records that ask makes. */
static void steps_without_pause_are_ask(void **state) {
    (void)state;
    static const char *const spaces[] = {SPACE, SMALL};
    for (size_t i = 0; i < 2; i++) {
        hpo_study_spec *spec = make_spec("tpe", "hyperband", spaces[i]);
        hpo_study *whole = open_study(spec), *steps = open_study(spec);
        bool done = false;
        while (!done) {
            base_err err;
            hpo_ask_kind kind, step_kind;
            hpo_record record, step;
            CHECK_OK(hpo_study_ask(whole, &kind, &record, &err));
            base_status status;
            do {
                CHECK_OK(hpo_study_next(steps, &step_kind, &step, &err));
                status = BASE_OK;
                if (step_kind == HPO_ASK_JOB && step.kind == HPO_RECORD_START) {
                    assert_null(step.config);
                    status = hpo_study_propose(steps, &step, &err);
                }
            } while (status == BASE_END);
            CHECK_OK(status);
            assert_int_equal(step_kind, kind);
            done = kind == HPO_ASK_DONE;
            if (kind == HPO_ASK_JOB || kind == HPO_ASK_CLOSE) {
                hpo_study_accept(steps, &step);
                assert_true(toy_same_record(spec->space, &step, &record));
            }
            if (kind != HPO_ASK_JOB) continue;
            hpo_job job;
            hpo_study_job(whole, record.trial, &job);
            hpo_result result = {.cost = (double)NAN};
            hpo_metrics_set(&result.metrics, "loss", toy_loss(spec->space, &job));
            hpo_study_tell(whole, record.trial, &result, 0, 0, &record);
            hpo_study_tell(steps, record.trial, &result, 0, 0, &step);
        }
        assert_string_equal(hpo_study_reason(steps), hpo_study_reason(whole));
        hpo_study_destroy(whole);
        hpo_study_destroy(steps);
        hpo_study_spec_destroy(spec);
    }
}

/* Another configuration than the sampler's is found out, however old the START is. */
static void a_foreign_configuration_is_noticed(void **state) {
    (void)state;
    base_err err;
    hpo_study_spec *spec = make_spec("random", "full", SPACE);
    hpo_study *study = open_study(spec), *judge = open_study(spec);
    hpo_ask_kind kind;
    hpo_record first, start;
    CHECK_OK(hpo_study_ask(study, &kind, &first, &err));
    CHECK_OK(hpo_study_apply(judge, &first, &err));
    CHECK_OK(hpo_study_next(study, &kind, &start, &err));
    CHECK_OK(hpo_study_propose(study, &start, &err));
    hpo_result result = {.cost = (double)NAN};
    hpo_metrics_set(&result.metrics, "loss", 1);
    hpo_study_tell(study, 0, &result, 0, 0, &first);
    CHECK_OK(hpo_study_apply(judge, &first, &err));
    CHECK_OK(hpo_study_verify(judge, &start, &err));
    assert_int_equal(start.as_of, 1);
    double other[8];
    memcpy(other, start.config, hpo_space_count(spec->space) * sizeof *other);
    other[0] = nextafter(other[0], 1);
    start.config = other;
    assert_int_equal(hpo_study_verify(judge, &start, &err), BASE_CORRUPT);
    CHECK_CONTAINS(err.text, "starts trial 1");
    start.as_of = 99; /* and one that was asked from what had not happened */
    assert_int_equal(hpo_study_verify(judge, &start, &err), BASE_CORRUPT);
    CHECK_CONTAINS(err.text, "comes later");
    hpo_study_destroy(study);
    hpo_study_destroy(judge);
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_starts_are_what_was_asked_for),
        cmocka_unit_test(a_finite_space_is_tried_once),
        cmocka_unit_test(steps_without_pause_are_ask),
        cmocka_unit_test(a_foreign_configuration_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
