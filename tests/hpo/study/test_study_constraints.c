/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `constraints:` of a study file: what it means, how it is printed and kept, what is refused, and what ends a study. */
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define REST "objective: toy\nparameters: {x: {min: 0.0, max: 1.0}}\nmethod: random\n"

static void a_list_of_bounds(void **state) {
    (void)state;
    hpo_study_spec *plain = toy_spec(REST "metric: loss\nbudget: {trials: 9}\n");
    assert_null(strstr(plain->identity, "constraints"));
    hpo_study_spec_destroy(plain);
    hpo_study_spec *spec =
        toy_spec(REST "metric: loss\nbudget: {trials: 9}\nconstraints: [{metric: size, max: 0}, {metric: time, min: "
                      "1, max: 2.5}]\n");
    assert_int_equal(spec->constraints.count, 3);
    CHECK_CONTAINS(spec->identity, "\nconstraints: [{metric: size, max: 0.0}, {metric: time, min: 1.0}, {metric: time, "
                                   "max: 2.5}]\n");
    base_buf text = {0};
    hpo_study_spec_print(spec, &text);
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
        {"constraints: []\n", "toy.yaml:4:14: constraints must be a list such as [{metric: latency, max: 0.01}]"},
        {"constraints: {metric: size, max: 1}\n", "toy.yaml:4:14: constraints must be a list"},
        {"constraints: [size]\n", "toy.yaml:4:15: a constraint must be a map such as"},
        {"constraints: [{metric: size}]\n", "toy.yaml:4:15: a constraint has a min, a max, or both"},
        {"constraints: [{max: 3}]\n", "metric"},
        {"constraints: [{metric: sise, max: 3}]\n",
         "toy.yaml:4:24: the objective toy does not report a metric 'sise'; did you mean 'size'?"},
        {"constraints: [{metric: size, max: low}]\n", "toy.yaml:4:35: bound must be a number, but is \"low\""},
        {"constraints: [{metric: size, maxx: 3}]\n", "toy.yaml:4:30: "},
        {"constraints: [{metric: x, max: 3}]\n",
         "toy.yaml:4:24: 'x' is a parameter, and constraints are on metrics, known after a trial; what a configuration "
         "may not be is said by forbid: [{x: {gt: 3}}]"},
        {"constraints: [{metric: x, min: 0.5}]\n", "forbid: [{x: {lt: 0.5}}]"},
        {"constraints: [{x: {gt: 3}}]\n", "toy.yaml:4:16: 'x' is a parameter"},
        {"constraints: [{metric: size, min: 3, max: 2}]\n", "toy.yaml:4:43: no value of 'size' is at least 3 and at "
                                                            "most 2"},
        {"constraints: [{metric: size, max: 3}, {metric: size, max: 2}]\n",
         "toy.yaml:4:59: the metric 'size' has a max already"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_buf_printf(&text, REST "%smetric: loss\nbudget: {trials: 3}\n", cases[i].text);
        toy_spec_fails(base_buf_text(&text), cases[i].sentence);
        base_buf_fini(&text);
    }
}

static uint64_t tell(hpo_study *study, double loss, double size) {
    base_err err;
    hpo_ask_kind kind;
    hpo_record record;
    CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
    assert_int_equal(kind, HPO_ASK_JOB);
    hpo_result result = {.cost = 1};
    hpo_metrics_set(&result.metrics, "loss", loss);
    if (!isnan(size)) hpo_metrics_set(&result.metrics, "size", size);
    const bool usable = hpo_study_is_usable(study, &result);
    hpo_study_tell(study, record.trial, &result, 0, 0, &record);
    assert_int_equal(usable, record.result.failure == HPO_FAILURE_NONE);
    return record.trial;
}

static void the_best_is_the_best_feasible(void **state) {
    (void)state;
    base_err err;
    hpo_study *study;
    hpo_incumbent best;
    hpo_study_spec *spec =
        toy_spec(REST "metric: loss\nbudget: {trials: 20, target: 1}\nconstraints: [{metric: size, max: 10}]\n");
    CHECK_OK(hpo_study_create(spec, &study, &err));
    tell(study, 0.5, (double)NAN); /* no size: failed */
    assert_false(hpo_view_incumbent(hpo_study_view(study), &best));
    tell(study, 0.5, 30);
    const uint64_t nearer = tell(study, 9, 20);
    assert_true(hpo_view_incumbent(hpo_study_view(study), &best));
    assert_true(best.trial == nearer && !hpo_eval_is_feasible(best.eval));
    CHECK_NEAR(hpo_eval_violation(best.eval), 1, 1e-15);
    assert_int_equal(hpo_view_front(hpo_study_view(study), NULL, 0), 0);
    assert_false(hpo_study_must_end(study)); /* 0.5 is better than the target, and infeasible */
    base_buf text = {0};
    hpo_view_put_violations(hpo_study_view(study), best.eval, &text);
    assert_string_equal(base_buf_text(&text), "size 20 (max 10)");
    base_buf_fini(&text);
    const uint64_t feasible = tell(study, 100, 10);
    tell(study, 0.1, 10.5);
    assert_true(hpo_view_incumbent(hpo_study_view(study), &best));
    assert_true(best.trial == feasible && hpo_eval_is_feasible(best.eval));
    assert_int_equal(hpo_view_count_feasible(hpo_study_view(study)), 1);
    const uint64_t enough = tell(study, 1, 3);
    assert_true(hpo_view_incumbent(hpo_study_view(study), &best) && best.trial == enough);
    assert_true(hpo_study_must_end(study));
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_bounds),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_best_is_the_best_feasible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
