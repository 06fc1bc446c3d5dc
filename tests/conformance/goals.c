/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several metrics: every sampler that says it can with every scheduler that says it can, on a mixed conditional space,
 * with failures, reports and results out of order; every decision again from the records alone; and a sentence of all
 * others. */
#include "hpo/models/hypervolume.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 150 };

static const char *const metrics[] = {"[{name: loss}, {name: size, goal: maximize}]", "[loss, size, time]"};

static base_status read_spec(const char *sampler, const char *scheduler, size_t which, hpo_study_spec **spec,
                             base_err *err) {
    base_buf text = {0};
    base_buf_printf(&text,
                    "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\nfidelity: {e: {min: 1, max: "
                    "27}}\nbudget: {trials: %d}\nmetrics: %s\nparameters: {lr: {min: 1e-5, max: 1.0, log: true, "
                    "prior: 1e-2}, batch: {values: [32, 64, 128], ordered: true}, layers: {min: 1, max: 4}, dropout: "
                    "{min: 0.0, max: 0.5, step: 0.1}, opt: {values: [sgd, adam]}, momentum: {min: 0.0, max: 0.99, "
                    "when: {opt: sgd}}, width: {value: 64}}\nforbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
                    sampler, scheduler, TRIALS, metrics[which]);
    const base_status status =
        hpo_study_read(toy_catalog(), "toy.yaml", base_buf_text(&text), text.length, NULL, 0, NULL, spec, err);
    base_buf_fini(&text);
    return status;
}

static void run(const hpo_study_spec *spec, size_t workers, toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = workers,
                                        .seed = workers,
                                        .fail_share = 0.1,
                                        .nan_share = 0.1,
                                        .reports = workers > 5 ? 3 : 0,
                                        .tape = tape});
    const hpo_view view = hpo_study_view(study);
    assert_int_equal(hpo_view_trials(view), TRIALS);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_PAUSED), 0);
    /* of a few full evaluations, which is what successive halving leaves, one may dominate the others */
    assert_true(hpo_view_front(view, NULL, 0) > (hpo_view_count(view, HPO_TRIAL_COMPLETE) > 5 ? 1 : 0));
    assert_true(hpo_view_hypervolume(view) >= 0);
    hpo_study_destroy(study);
}

/* By a study that knows nothing but the records: every decision, or every seventh of a sampler that fits models. */
static void verify(const hpo_study_spec *spec, const toy_tape *tape) {
    const size_t stride = spec->sampler->flags & HPO_SAMPLER_SLOW ? 7 : 1;
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (size_t i = 0; i < tape->count; i++) {
        if (tape->records[i].kind == HPO_RECORD_START)
            CHECK_OK(hpo_space_check(spec->space, tape->records[i].config, &err));
        if (i % stride == 0) CHECK_OK(hpo_study_verify(study, &tape->records[i], &err));
        CHECK_OK(hpo_study_apply(study, &tape->records[i], &err));
        if (tape->records[i].kind == HPO_RECORD_REPORT) CHECK_OK(hpo_study_verify_stop(study, &tape->records[i], &err));
    }
    hpo_study_destroy(study);
}

static void check_pair(const hpo_study_spec *spec, size_t workers) {
    toy_tape tape = {0}, again = {0};
    run(spec, workers, &tape);
    run(spec, workers, &again);
    assert_int_equal(tape.count, again.count);
    for (size_t i = 0; i < tape.count; i++)
        assert_true(toy_same_record(spec->space, &tape.records[i], &again.records[i]));
    verify(spec, &tape);
    toy_tape_fini(&tape);
    toy_tape_fini(&again);
}

static void pairs_work_or_say_why_not(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers, worked = 0;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t a = 0; a < n_samplers; a++) {
        for (size_t b = 0; b < n_schedulers; b++) {
            const bool can_sample = samplers[a]->flags & HPO_SAMPLER_MANY_GOALS;
            const bool can_schedule = schedulers[b]->flags & HPO_SCHEDULER_MANY_GOALS;
            for (size_t which = 0; which < CHECK_COUNT(metrics); which++) {
                base_err err;
                hpo_study_spec *spec;
                const base_status status = read_spec(samplers[a]->name, schedulers[b]->name, which, &spec, &err);
                if (!can_sample || !can_schedule) {
                    assert_int_equal(status, BASE_INVALID);
                    CHECK_CONTAINS(err.text,
                                   can_sample ? "schedulers for several are full, " : "samplers for several are");
                    CHECK_CONTAINS(err.text, can_sample ? schedulers[b]->name : samplers[a]->name);
                    continue;
                }
                CHECK_OK(status);
                check_pair(spec, 1 + 4 * ((a + b + which) % 3));
                hpo_study_spec_destroy(spec);
                worked++;
            }
        }
    }
    assert_true(worked >= 40);
}

static void one_metric_in_a_list_is_one_metric(void **state) {
    (void)state;
    static const char *const texts[] = {"metric: {name: size, goal: maximize}\n",
                                        "metrics: [{name: size, goal: maximize}]\n"};
    char *identity = NULL;
    for (size_t i = 0; i < 2; i++) {
        base_buf text = {0};
        base_buf_printf(&text,
                        "objective: toy\nseed: 1\nparameters: {x: {min: 0.0, max: 1.0}}\nmethod: "
                        "gp\nbudget: {trials: 5}\n%s",
                        texts[i]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        assert_int_equal(spec->n_goals, 1);
        assert_true(spec->goals[0].maximize);
        if (identity) assert_string_equal(identity, spec->identity);
        if (!identity) identity = base_strdup(spec->identity);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
    free(identity);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_work_or_say_why_not),
        cmocka_unit_test(one_metric_in_a_list_is_one_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
