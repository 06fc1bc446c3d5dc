/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several metrics: every sampler that says it can with every scheduler that says it can, on a mixed conditional space,
 * with failures, reports and results out of order; every decision again from the records alone; and a sentence of all
 * others. */
#include "hpo/models/hypervolume.h"
#include "tests/conformance/replays.h"

enum { TRIALS = 150, TRIALS_SLOW = 50 /* of a sampler that fits models */ };

/* The last with one scheduler alone, for its time. */
enum { MANY = 2 };
static const char *const metrics[] = {"metrics: [{name: loss}, {name: size, goal: maximize}]",
                                      "metrics: [loss, size, time]",
                                      "metrics: [loss, size, time, {name: accuracy, goal: maximize}, sum]"};

static void check_end(hpo_view view) {
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_PAUSED), 0);
    /* of a few full evaluations, which is what successive halving leaves, one may dominate the others */
    assert_true(hpo_view_front(view, NULL, 0) > (hpo_view_count(view, HPO_TRIAL_COMPLETE) > 6 ? 1 : 0));
    assert_true(hpo_view_hypervolume(view) >= 0);
}

static void pairs_work_or_say_why_not(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers, worked = 0;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t a = 0; a < n_samplers; a++) {
        const bool all = suite_wants(samplers[a]->name);
        for (size_t b = 0; b < n_schedulers; b++) {
            if (!suite_wants(schedulers[b]->name) && !all) continue;
            const bool can_sample = samplers[a]->flags & HPO_SAMPLER_MANY_GOALS;
            const bool can_schedule = schedulers[b]->flags & HPO_SCHEDULER_MANY_GOALS;
            const int trials = samplers[a]->flags & HPO_SAMPLER_SLOW ? TRIALS_SLOW : TRIALS;
            for (size_t which = 0; which < CHECK_COUNT(metrics); which++) {
                if (which == MANY && strcmp(schedulers[b]->name, "full") != 0) continue;
                base_err err;
                hpo_study_spec *spec;
                const base_status status =
                    read_mixed(samplers[a]->name, schedulers[b]->name, trials, metrics[which], &spec, &err);
                if (!can_sample || !can_schedule) {
                    assert_int_equal(status, BASE_INVALID);
                    CHECK_CONTAINS(err.text,
                                   can_sample ? "schedulers for several are full, " : "samplers for several are");
                    CHECK_CONTAINS(err.text, can_sample ? schedulers[b]->name : samplers[a]->name);
                    continue;
                }
                CHECK_OK(status);
                check_replays(spec, 1 + 4 * ((a + b + which) % 3), check_end);
                hpo_study_spec_destroy(spec);
                worked++;
            }
        }
    }
    if (suite_wants_all()) assert_true(worked >= 40);
}

/* Some of one metric, of another, of all, of none; and a metric that nothing is believed of. */
static void priors_of_each_metric(void **state) {
    (void)state;
    static const char *const samplers[] = {"priorband", "priorband-bo"};
    static const char *const schedulers[] = {"hyperband", "asha", "full"};
    for (size_t a = 0; a < CHECK_COUNT(samplers); a++) {
        for (size_t b = 0; b < CHECK_COUNT(schedulers); b++) {
            base_buf text = {0};
            base_buf_printf(
                &text,
                "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\n%s\nbudget: {trials: %d}\n"
                "metrics: [loss, time, size]\nparameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: {loss: "
                "1e-2, size: 0.6}, confidence: {size: high}}, batch: {values: [32, 64, 128], ordered: true, "
                "prior: {size: 32}}, layers: {min: 1, max: 4, prior: 2}, opt: {values: [sgd, adam], prior: "
                "{loss: adam}}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}, prior: {loss: 0.9}}}\n"
                "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
                samplers[a], schedulers[b], toy_spending(schedulers[b], 27), a == 0 ? TRIALS : TRIALS_SLOW);
            hpo_study_spec *spec = toy_spec(base_buf_text(&text));
            check_replays(spec, 1 + 4 * b, check_end);
            hpo_study_spec_destroy(spec);
            base_buf_fini(&text);
        }
    }
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

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_work_or_say_why_not),
        cmocka_unit_test(priors_of_each_metric),
        cmocka_unit_test(one_metric_in_a_list_is_one_metric),
    };
    return SUITE_MAIN(tests);
}
