/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rehearsal is the study: as much is charged, and as many trials begin, as when it is run. */
#include "hpo/study/rehearse.h"

#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

static hpo_study_spec *read_study(const char *method, const char *fidelity, const char *budget) {
    base_buf text = {0};
    base_buf_printf(&text,
                    "study: toy\nseed: 3\nobjective: {toy_restart: {}}\nmetric: {name: accuracy, goal: maximize}\n"
                    "method: %s\n%sbudget: {%s}\nparameters: {x: {min: 0.0, max: 1.0}}\n",
                    method, fidelity, budget);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static void check_same_as_run(const char *method, const char *fidelity, const char *budget) {
    base_err err;
    hpo_study_spec *spec = read_study(method, fidelity, budget);
    hpo_rehearsal rehearsal;
    hpo_study *study;
    CHECK_OK(hpo_study_rehearse(spec, 1, &rehearsal, &err));
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 1, .seed = 1});
    const hpo_view view = hpo_study_view(study);
    const struct hpo_rehearsed last = rehearsal.moment[rehearsal.count - 1];
    assert_int_equal(last.trials, hpo_view_trials(view));
    CHECK_SAME_DOUBLE(last.cost, hpo_view_cost(view));
    CHECK_SAME_DOUBLE(hpo_rehearsal_end(&rehearsal), last.cost); /* one worker is never idle */
    CHECK_SAME_DOUBLE(hpo_rehearsal_time(&rehearsal, last.cost / 2), last.cost / 2);
    CHECK_SAME_DOUBLE(hpo_rehearsal_time(&rehearsal, 2 * last.cost), last.time);
    assert_true(hpo_rehearsal_time_of_trials(&rehearsal, last.trials / 2) < last.time);
    hpo_rehearsal_fini(&rehearsal);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

static void test_one_worker(void **state) {
    (void)state;
    check_same_as_run("random", "", "trials: 50");
    check_same_as_run("hyperband", "fidelity: {epochs: {min: 1, max: 27}}\n", "trials: 200");
    check_same_as_run("hyperband", "fidelity: {epochs: {min: 1, max: 27}}\n", "cost: 1000");
    check_same_as_run("bohb", "fidelity: {epochs: {min: 2, max: 9}}\n", "trials: 100, target: 0.1");
}

static double end_of(const char *method, const char *budget, size_t workers) {
    base_err err;
    hpo_rehearsal rehearsal;
    hpo_study_spec *spec = read_study(method, "fidelity: {epochs: {min: 1, max: 27}}\n", budget);
    CHECK_OK(hpo_study_rehearse(spec, workers, &rehearsal, &err));
    const double end = hpo_rehearsal_end(&rehearsal);
    hpo_rehearsal_fini(&rehearsal);
    hpo_study_spec_destroy(spec);
    return end;
}

static void test_workers(void **state) {
    (void)state;
    CHECK_SAME_DOUBLE(end_of("random", "trials: 8", 1), 8 * 27);
    CHECK_SAME_DOUBLE(end_of("random", "trials: 8", 4), 2 * 27);
    CHECK_SAME_DOUBLE(end_of("random", "trials: 9", 4), 3 * 27);
    CHECK_SAME_DOUBLE(end_of("random", "trials: 9", 1000), 27);
}

static void test_long_ones_go_on_at_the_same_pace(void **state) {
    (void)state;
    CHECK_SAME_DOUBLE(end_of("random", "trials: 2000000", 1), 2e6 * 27);
    CHECK_SAME_DOUBLE(end_of("random", "cost: 27000000", 10), 2.7e6);
}

static void test_what_nobody_can_tell(void **state) {
    (void)state;
    CHECK_SAME_DOUBLE(end_of("random", "time: 10s", 1), 0);
    CHECK_SAME_DOUBLE(end_of("median-stop", "trials: 10", 1), 0);
    CHECK_SAME_DOUBLE(end_of("random", "trials: 10", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_worker),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_long_ones_go_on_at_the_same_pace),
        cmocka_unit_test(test_what_nobody_can_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
