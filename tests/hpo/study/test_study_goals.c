/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `metrics:` of a study file: what it means, how it is printed and kept, and what is refused. */
#include "tests/support/toy_objective.h"

#include "tests/support/check.h"

#define REST "objective: toy\nparameters: {x: {min: 0.0, max: 1.0}}\nmethod: random\n"
#define TWO  "metrics: [loss, {name: size, goal: maximize, reference: 0}]\n"

static void a_list_of_metrics(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(REST TWO "budget: {trials: 9, target: {size: 0.5}}\n");
    assert_int_equal(spec->n_goals, 2);
    assert_string_equal(spec->goals[0].name, "loss");
    assert_string_equal(spec->goals[1].name, "size");
    assert_true(!spec->goals[0].maximize && spec->goals[1].maximize);
    assert_true(isnan(spec->goals[0].reference));
    CHECK_NEAR(spec->goals[1].reference, 0, 0);
    assert_true(isnan(spec->budget.target[0]));
    CHECK_NEAR(spec->budget.target[1], 0.5, 0);
    CHECK_CONTAINS(spec->identity, "\nmetrics: [{name: loss, goal: minimize}, {name: size, goal: maximize, "
                                   "reference: 0.0}]\n");
    base_buf text = {0};
    hpo_study_spec_print(spec, &text);
    CHECK_CONTAINS(base_buf_text(&text), "budget: {trials: 9, target: {size: 0.5}}\n");
    hpo_study_spec *again = toy_spec(base_buf_text(&text)); /* what is printed means the same */
    hpo_study_spec_set_seed(spec, 7);
    hpo_study_spec_set_seed(again, 7);
    assert_string_equal(again->identity, spec->identity);
    base_buf_fini(&text);
    hpo_study_spec_destroy(again);
    hpo_study_spec_destroy(spec);
}

static void what_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"metrics: [loss, size]\nmetric: loss\n", "toy.yaml:4:1: a study has either `metric` or `metrics`"},
        {"metrics: []\n", "toy.yaml:4:10: metrics must be a list such as"},
        {"metrics: loss\n", "toy.yaml:4:10: metrics must be a list such as"},
        {"metrics: [loss, 5]\n", "toy.yaml:4:17: an item of metrics must be a name or a map"},
        {"metrics: [loss, loss]\n", "toy.yaml:4:17: the metric 'loss' is there twice"},
        {"metrics: [loss, sise]\n",
         "toy.yaml:4:17: the objective toy does not report a metric 'sise'; did you mean 'size'?"},
        {"metrics: [loss, {nam: size}]\n", "toy.yaml:4:18: "},
        {"metrics: [loss, {name: size, reference: far}]\n", "reference must be a number, but is \"far\""},
        {"metrics: [a, b, c, d, e, f, g, h, i]\n", "a study has at most 8 metrics"},
        {"metric: [loss, size]\n", "the key for several is `metrics`"},
        {TWO "budget: {target: 0.5}\n", "of several metrics a target is a map: target: {loss: 0.5}"},
        {TWO "budget: {target: {time: 1}}\n", "the study has no metric 'time'"},
        {TWO "budget: {target: {loss: low}}\n", "target must be a number"},
        {TWO "budget: {target: {}}\n", "target names no metric"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_buf_printf(&text, REST "%s", cases[i].text);
        toy_spec_fails(base_buf_text(&text), cases[i].sentence);
        base_buf_fini(&text);
    }
}

static void tell(hpo_study *study, double loss, double size) {
    base_err err;
    hpo_ask_kind kind;
    hpo_record record;
    CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
    assert_int_equal(kind, HPO_ASK_JOB);
    hpo_result result = {.cost = 1};
    hpo_metrics_set(&result.metrics, "loss", loss);
    hpo_metrics_set(&result.metrics, "size", size);
    hpo_study_tell(study, record.trial, &result, 0, 0, &record);
}

static void one_trial_must_reach_all_targets(void **state) {
    (void)state;
    base_err err;
    hpo_study *study;
    hpo_study_spec *spec = toy_spec(REST TWO "budget: {trials: 9, target: {loss: 1, size: 5}}\n");
    CHECK_OK(hpo_study_create(spec, &study, &err));
    tell(study, 0.5, 1);
    tell(study, 3, 7);
    assert_false(hpo_study_must_end(study));
    tell(study, 1, 4.9);
    assert_false(hpo_study_must_end(study));
    tell(study, 1, 5);
    assert_true(hpo_study_must_end(study));
    CHECK_CONTAINS(hpo_study_reason(study), "trial 3 reaches the target: loss 1 (1 was asked for), size 5");
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

static void auto_takes_who_can(void **state) {
    (void)state;
    static const char *const rest[] = {"", "fidelity: {e: {min: 1, max: 27}}\n"};
    for (size_t i = 0; i < 2; i++) {
        base_buf text = {0};
        base_buf_printf(&text, "objective: toy\nparameters: {x: {min: 0.0, max: 1.0}}\nbudget: {trials: 50}\n" TWO "%s",
                        rest[i]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        assert_true(spec->sampler->flags & HPO_SAMPLER_MANY_GOALS);
        assert_true(spec->scheduler->flags & HPO_SCHEDULER_MANY_GOALS);
        CHECK_CONTAINS(spec->chosen, "2 metrics");
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_metrics),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(one_trial_must_reach_all_targets),
        cmocka_unit_test(auto_takes_who_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
