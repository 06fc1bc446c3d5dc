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

#define SOME "objective: toy\nbudget: {trials: 9}\n"
#define X    "parameters: {x: {min: 0.0, max: 1.0, prior: "

static void priors_of_each_metric(void **state) {
    (void)state;
    static const char *const texts[] = {SOME TWO X "{loss: 0.2, size: 0.7}, confidence: {size: high}}}\nmethod: ",
                                        SOME TWO X "{size: 0.7, loss: 0.2}, confidence: {size: high}}}\nmethod: "};
    static const char *const methods[] = {"{sampler: priorband}\n", "{sampler: priorband-bo}\n", "random\n"};
    for (size_t m = 0; m < CHECK_COUNT(methods); m++) {
        char *identity = NULL;
        for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
            base_buf text = {0};
            base_buf_printf(&text, "%s%sseed: 1\n", texts[i], methods[m]);
            hpo_study_spec *spec = toy_spec(base_buf_text(&text));
            CHECK_CONTAINS(spec->identity, "prior: {loss: 0.2, size: 0.7}, confidence: {loss: medium, size: high}");
            assert_int_equal(hpo_space_n_beliefs(spec->space), 2);
            if (identity) assert_string_equal(spec->identity, identity); /* the order of a map says nothing */
            if (!identity) identity = base_strdup(spec->identity);
            base_buf_clear(&text);
            hpo_study_spec_print(spec, &text);
            hpo_study_spec *again = toy_spec(base_buf_text(&text));
            assert_string_equal(again->identity, spec->identity);
            hpo_study_spec_destroy(again);
            hpo_study_spec_destroy(spec);
            base_buf_fini(&text);
        }
        free(identity);
    }
}

static void priors_of_each_metric_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {SOME TWO X "{loss: 0.2, sise: 0.7}}}\nmethod: {sampler: priorband}\n",
         "toy.yaml:4:57: x: prior of \"sise\", which is no metric of the study: did you mean \"size\"?"},
        {SOME "metric: loss\n" X "{loss: 0.2}}}\nmethod: {sampler: priorband}\n",
         "toy.yaml:4:46: x: priors of each metric want several: write prior: value"},
        {SOME TWO X "{loss: 0.2}}}\nmethod: {name: gp, prior: true}\n",
         "toy.yaml:5:9: priors of each metric are used by priorband and priorband-bo alone"},
        {SOME TWO X "{loss: 0.2}}}\nmethod: {name: tpe, prior: true}\n",
         "toy.yaml:5:9: priors of each metric are used by priorband and priorband-bo alone"},
        {SOME TWO X "{loss: 0.2}}}\nmethod: {name: random, prior: true}\n",
         "toy.yaml:5:9: priors of each metric are used by priorband and priorband-bo alone"},
        {SOME TWO X "{loss: 0.2}}}\nmethod: {sampler: rf, prior: true}\n",
         "toy.yaml:5:9: priors of each metric are used by priorband and priorband-bo alone"},
        {SOME TWO X "{loss: 0.2}}}\nmethod: auto\n", "toy.yaml:5:9: priors of each metric are used by priorband and "
                                                     "priorband-bo alone, and auto chooses by priors for all: write "
                                                     "method: {sampler: priorband}"},
        {SOME TWO X "{loss: 0.2}}}\n", "auto chooses by priors for all"},
        {SOME TWO X "{loss: 0.2}}}\nfidelity: {epochs: {min: 1, max: 9}}\nmethod: auto\n",
         "auto chooses by priors for all: write method: priorband"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) toy_spec_fails(cases[i].text, cases[i].sentence);
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
        cmocka_unit_test(priors_of_each_metric),
        cmocka_unit_test(priors_of_each_metric_are_refused),
        cmocka_unit_test(one_trial_must_reach_all_targets),
        cmocka_unit_test(auto_takes_who_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
