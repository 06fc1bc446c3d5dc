/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replicates: what a study asks of its objective and what it makes of the answers. */
#include "tests/hpo/study/study_driven.h"

#include <stdio.h>

#define BUDGET "budget: {trials: 10}\n"

static void each_rung_has_its_seed(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE BUDGET "method: random\nreplicates: {seeds: 3}\n");
    hpo_study *study = open_study(spec);
    uint64_t seeds[3] = {0};
    assert_string_equal(spec->fidelity.name, "seeds");
    assert_string_equal(spec->scheduler->name, "replicates");
    const hpo_objective_env env = hpo_study_objective_env(spec);
    assert_true(!env.fidelity.name && env.fidelity.min == 1 && env.fidelity.max == 1);
    for (uint64_t id = 0; id < 4; id++) {
        for (uint32_t r = 0; r < 3; r++) {
            hpo_record record;
            hpo_job job;
            assert_int_equal(ask(study, &record), HPO_ASK_JOB);
            assert_true(record.trial == id && record.rung == r && record.fidelity == r + 1.0 && record.from == r);
            hpo_study_job(study, id, &job);
            assert_true(job.fidelity == 1 && job.from == 0 && job.rung == r);
            if (id == 0) seeds[r] = job.seed;
            assert_true(job.seed == seeds[r]); /* of the study, not of the trial */
            assert_true(r == 0 || job.seed != seeds[r - 1]);
            record = tell(study, id, 0.5);
            assert_int_equal(record.final, r == 2);
            assert_true(record.result.cost == 1); /* the toy costs what it says, or as much as its fidelity */
        }
    }
    assert_true(hpo_view_cost(hpo_study_view(study)) == 12);
    close_study(study, spec);
}

static double metric(const hpo_record *record, const char *name) {
    const double *value = hpo_metrics_get(&record->result.metrics, name);
    return value ? *value : (double)NAN;
}

/* Every metric becomes its mean; a constraint is on means, too; one that a seed leaves out has none. */
static void what_is_told_are_means(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE BUDGET "method: random\nreplicates: {seeds: 3}\nmetric: loss\n"
                                                     "constraints: [{metric: size, max: 10}]\n");
    static const double loss[] = {1, 2, 6}, size[] = {8, 13, 15}, time[] = {5, 7, -1}, loss_mean[] = {1, 1.5, 3},
                        size_mean[] = {8, 10.5, 12};
    hpo_study *study = open_study(spec);
    for (size_t i = 0; i < 3; i++) {
        hpo_record record;
        hpo_result result = result_of(loss[i]);
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        hpo_metrics_set(&result.metrics, "size", size[i]);
        if (time[i] > 0) hpo_metrics_set(&result.metrics, "time", time[i]);
        hpo_study_tell(study, 0, &result, 0, 0, &record);
        CHECK_NEAR(record.value, loss_mean[i], 0);
        CHECK_NEAR(metric(&record, "loss"), loss_mean[i], 0);
        CHECK_NEAR(metric(&record, "loss.seed"), loss[i], 0);
        CHECK_NEAR(metric(&record, "size"), size_mean[i], 1e-15);
        if (i < 2)
            CHECK_NEAR(metric(&record, "time"), i == 0 ? 5 : 6, 0);
        else
            assert_true(isnan(metric(&record, "time")));
        const hpo_trial trial = hpo_view_trial(hpo_study_view(study), 0);
        assert_int_equal(hpo_eval_is_feasible(&trial.evals[i]), i == 0);
    }
    close_study(study, spec);
}

/* What the study is about has room, whatever else there is. */
static void goals_come_before_other_metrics(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE BUDGET "method: random\nreplicates: {seeds: 2}\nmetrics: [loss, size]\n");
    hpo_study *study = open_study(spec);
    for (size_t i = 0; i < 2; i++) {
        hpo_record record;
        hpo_result result = {.cost = (double)NAN};
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        for (int m = 0; m < HPO_MAX_METRICS - 2; m++) {
            char name[16];
            snprintf(name, sizeof name, "m%d", m);
            hpo_metrics_set(&result.metrics, name, m + (double)i);
        }
        hpo_metrics_set(&result.metrics, "loss", 2 + (double)i);
        hpo_metrics_set(&result.metrics, "size", 4 - (double)i);
        hpo_study_tell(study, 0, &result, 0, 0, &record);
        assert_int_equal(record.result.failure, HPO_FAILURE_NONE);
        assert_int_equal(record.result.metrics.count, HPO_MAX_METRICS);
        assert_true(record.values[0] == (i ? 2.5 : 2) && record.values[1] == (i ? 3.5 : 4));
        assert_true(metric(&record, "loss.seed") == 2 + (double)i && metric(&record, "size.seed") == 4 - (double)i);
        assert_true(metric(&record, "m11") == 11 + (double)i / 2 && isnan(metric(&record, "m12")));
    }
    assert_int_equal(hpo_view_front(hpo_study_view(study), NULL, 0), 1);
    close_study(study, spec);
}

/* A seed that fails fails its trial; patience and costs count evaluations. */
static void budgets_count_evaluations(void **state) {
    (void)state;
    hpo_study_spec *spec =
        toy_spec(TOY SPACE "method: random\nreplicates: {seeds: 2}\nbudget: {cost: 5, no_improve: 100}\n");
    hpo_study *study = open_study(spec);
    const hpo_result crash = {.failure = HPO_FAILURE_CRASH, .code = 9, .cost = (double)NAN};
    hpo_record record;
    ask(study, &record);
    tell(study, 0, 0.5);
    ask(study, &record);
    assert_true(record.kind == HPO_RECORD_PROMOTE && record.trial == 0);
    hpo_study_tell(study, 0, &crash, 0, 0, &record);
    assert_true(record.result.cost == 1 && record.fidelity == 2);
    assert_int_equal(hpo_view_trial(hpo_study_view(study), 0).state, HPO_TRIAL_FAILED);
    for (uint64_t n = 0; n < 3; n++) {
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        assert_int_equal(record.trial, 1 + n / 2);
        tell(study, record.trial, 0.5);
    }
    assert_int_equal(ask(study, &record), HPO_ASK_DONE);
    close_study(study, spec);
}

/* The sum over evaluations, not over means. */
static void a_metric_that_is_spent_is_added_up(void **state) {
    (void)state;
    hpo_study_spec *spec =
        toy_spec(TOY SPACE "method: random\nreplicates: {seeds: 3}\nbudget: {metric: {name: time, max: 100}}\n");
    static const double time[] = {4, 1, 7, 2, 8, 5, 5};
    hpo_study *study = open_study(spec);
    double sum = 0;
    for (size_t i = 0; i < CHECK_COUNT(time); i++) {
        hpo_record record;
        hpo_result result = result_of(0.5);
        assert_int_equal(ask(study, &record), HPO_ASK_JOB);
        hpo_metrics_set(&result.metrics, "time", time[i]);
        hpo_study_tell(study, record.trial, &result, 0, 0, &record);
        sum += time[i];
        CHECK_NEAR(hpo_study_spent(study, NULL), sum, 1e-12);
    }
    close_study(study, spec);
}

static void patience_counts_whole_configurations(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE "method: random\nreplicates: {seeds: 3}\nbudget: {no_improve: 2}\n");
    hpo_study *study = open_study(spec);
    hpo_record record;
    size_t evaluations = 0;
    while (ask(study, &record) != HPO_ASK_DONE) {
        tell(study, record.trial, (double)record.trial);
        evaluations++;
    }
    assert_int_equal(evaluations, 9); /* the first one is the best, then 2 more */
    close_study(study, spec);
}

/* What --check prints means the same study; with auto, too. */
static void it_is_printed_and_read_again(void **state) {
    (void)state;
    static const char *const texts[] = {
        "method: tpe\nreplicates: {seeds: 4, race: true}\n", "method: tpe\nreplicates: {seeds: 4}\n",
        "method: auto\nreplicates: {seeds: 4}\n",
        "method: {sampler: gp, scheduler: replicates, race: true, significance: 0.1}\nreplicates: {seeds: 4}\n",
        "method: {sampler: gp, scheduler: replicates}\nreplicates: {seeds: 4, race: true}\n"};
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        char text[512];
        base_buf printed = {0};
        snprintf(text, sizeof text, TOY SPACE BUDGET "%s", texts[i]);
        hpo_study_spec *spec = toy_spec(text);
        hpo_study_spec_print(spec, &printed);
        CHECK_CONTAINS(base_buf_text(&printed), "\nfidelity: null\nreplicates: {seeds: 4");
        CHECK_CONTAINS(base_buf_text(&printed), i == 0 || i > 2 ? "race: true" : "race: false");
        hpo_study_spec *again = toy_spec(base_buf_text(&printed));
        assert_string_equal(again->identity, spec->identity);
        assert_int_equal(again->replicates.seeds, 4);
        hpo_study_spec_destroy(again);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&printed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rung_has_its_seed),
        cmocka_unit_test(what_is_told_are_means),
        cmocka_unit_test(goals_come_before_other_metrics),
        cmocka_unit_test(budgets_count_evaluations),
        cmocka_unit_test(a_metric_that_is_spent_is_added_up),
        cmocka_unit_test(patience_counts_whole_configurations),
        cmocka_unit_test(it_is_printed_and_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
