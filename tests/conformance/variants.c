/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is true of defaults is true of every other choice: a study for each value of each option that is a choice or a
 * switch, on a mixed conditional space, with failures, reports and several workers; then decisions again from the
 * records alone. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 45 };

static hpo_study_spec *make_spec(const char *sampler, const char *scheduler, const char *option, const char *value) {
    base_buf text = {0};
    suite_at("sampler", "%s", sampler);
    suite_at("scheduler", "%s", scheduler);
    suite_at("option", "%s: %s", option, value);
    base_buf_printf(&text,
                    "objective: toy\nseed: 2\nmethod: {sampler: %s, scheduler: %s, %s: %s}\n"
                    "%s\nbudget: {trials: %d}\n"
                    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, layers: {min: 1, max: 9}, opt: "
                    "{values: [sgd, adam], prior: adam}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}, nesterov: "
                    "{values: [false, true], when: {opt: sgd, momentum: {gt: 0.5}}}}\n"
                    "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
                    sampler, scheduler, option, value, toy_spending(scheduler, 9), TRIALS);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static void run(const hpo_study_spec *spec, toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(
        study, &(toy_drive){.workers = 4, .seed = 3, .fail_share = 0.1, .nan_share = 0.1, .reports = 3, .tape = tape});
    const hpo_view view = hpo_study_view(study);
    const bool thins = spec->sampler->flags & HPO_SAMPLER_FINITE;
    if (thins)
        assert_true(hpo_view_trials(view) > 0);
    else
        toy_check_trials(spec, hpo_view_trials(view));
    assert_true(hpo_view_count(view, HPO_TRIAL_COMPLETE) > 0);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_PAUSED), 0);
    hpo_study_destroy(study);
}

static void check_value(const char *sampler, const char *scheduler, const char *option, const char *value) {
    base_err err;
    hpo_study *study;
    toy_tape tape = {0};
    hpo_study_spec *spec = make_spec(sampler, scheduler, option, value);
    run(spec, &tape);
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (size_t i = 0; i < tape.count; i++) {
        const hpo_record *record = &tape.records[i];
        if (record->kind == HPO_RECORD_START) CHECK_OK(hpo_space_check(spec->space, record->config, &err));
        suite_at("record", "%zu, made again", i);
        if (i % 2 == 0) CHECK_OK(hpo_study_verify(study, record, &err));
        CHECK_OK(hpo_study_apply(study, record, &err));
        if (record->kind == HPO_RECORD_REPORT) CHECK_OK(hpo_study_verify_stop(study, record, &err));
    }
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    toy_tape_fini(&tape);
}

/* How many values were tried. */
static size_t check_options(const char *sampler, const char *scheduler, const base_option *table) {
    size_t tried = 0;
    for (const base_option *o = table; o && o->name; o++) {
        if (o->kind == BASE_OPTION_BOOL) {
            check_value(sampler, scheduler, o->name, "true");
            check_value(sampler, scheduler, o->name, "false");
            tried += 2;
        }
        for (size_t i = 0; o->kind == BASE_OPTION_CHOICE && o->choices[i]; i++, tried++) {
            check_value(sampler, scheduler, o->name, o->choices[i]);
        }
    }
    return tried;
}

/* On one rung and on three. */
static void of_samplers(void **state) {
    (void)state;
    size_t count, tried = 0;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        tried += check_options(types[t]->name, "full", types[t]->options);
        tried += check_options(types[t]->name, "asha", types[t]->options);
    }
    if (suite_wants_all()) assert_true(tried > 20);
}

static void of_schedulers(void **state) {
    (void)state;
    size_t count, tried = 0;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    for (size_t t = 0; t < count; t++) {
        if (suite_wants(types[t]->name)) tried += check_options("tpe", types[t]->name, types[t]->options);
    }
    if (suite_wants_all()) assert_true(tried > 4);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_samplers),
        cmocka_unit_test(of_schedulers),
    };
    return SUITE_MAIN(tests);
}
