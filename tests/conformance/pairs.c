/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any sampler goes with any scheduler: 200 trials on a mixed conditional space, with failures, reports and results out
 * of order; then decisions again from the records alone. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 200 };

static const char *const spaces[] = {
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, batch: {values: [32, 64, 128], ordered: true}, "
    "layers: {min: 1, max: 4}, dropout: {min: 0.0, max: 0.5, step: 0.1}, opt: {values: [sgd, adam], probabilities: "
    "[0.4, "
    "0.6]}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}, nesterov: {values: [false, true], when: {opt: sgd, "
    "momentum: {gt: 0.5}}}, width: {value: 64}}\n"
    "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
    /* 12 + 36 configurations, one of them forbidden */
    "parameters: {a: {min: 1, max: 12}, b: {values: [p, q], prior: p}, c: {min: 0.0, max: 0.2, step: 0.1, when: {b: "
    "q}}}\n"
    "forbid: [{a: 7, b: p}]\n",
};

static hpo_study_spec *make_spec(const char *sampler, const char *scheduler, const char *space) {
    base_buf text = {0};
    suite_at("sampler", "%s", sampler);
    suite_at("scheduler", "%s", scheduler);
    suite_at("space", "%s", space);
    base_buf_printf(&text,
                    "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\n%s\n"
                    "budget: {trials: %d}\n%s",
                    sampler, scheduler, toy_spending(scheduler, 27), TRIALS, space);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
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
    hpo_study_destroy(study);
}

static void check_same(const hpo_space *space, const toy_tape *a, const toy_tape *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) assert_true(toy_same_record(space, &a->records[i], &b->records[i]));
}

/* Every configuration legal; in the finite space each once, but for those of trials that inherit. */
static uint64_t check_configs(const hpo_space *space, const toy_tape *tape) {
    base_err err;
    uint64_t starts = 0;
    const bool finite = isfinite(hpo_space_cardinality(space));
    for (size_t i = 0; i < tape->count; i++) {
        if (tape->records[i].kind != HPO_RECORD_START) continue;
        starts++;
        CHECK_OK(hpo_space_check(space, tape->records[i].config, &err));
        for (size_t j = 0; finite && tape->records[i].parent == UINT64_MAX && j < i; j++) {
            if (tape->records[j].kind != HPO_RECORD_START) continue;
            assert_false(hpo_space_equal(space, tape->records[i].config, tape->records[j].config));
        }
    }
    return starts;
}

/* Every third decision, beginning at `first`: fitting a model takes time. */
static void verify(const hpo_study_spec *spec, const toy_tape *tape, size_t first) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (size_t i = 0; i < tape->count; i++) {
        suite_at("record", "%zu, made again", i);
        if ((i + first) % 3 == 0) CHECK_OK(hpo_study_verify(study, &tape->records[i], &err));
        CHECK_OK(hpo_study_apply(study, &tape->records[i], &err));
        if (tape->records[i].kind != HPO_RECORD_REPORT) continue;
        CHECK_OK(hpo_study_verify_stop(study, &tape->records[i], &err));
        hpo_record other = tape->records[i];
        other.stop = !other.stop;
        CHECK_FAILS(hpo_study_verify_stop(study, &other, &err), BASE_CORRUPT, "computed again");
    }
    hpo_study_destroy(study);
}

static void check_pair(const hpo_sampler_type *sampler, const char *scheduler, size_t pair) {
    for (size_t s = 0; s < CHECK_COUNT(spaces); s++) {
        const size_t workers = 1 + 4 * ((pair + s) % 3);
        hpo_study_spec *spec = make_spec(sampler->name, scheduler, spaces[s]);
        toy_tape tape = {0};
        run(spec, workers, &tape);
        const uint64_t starts = check_configs(spec->space, &tape);
        const bool thins = sampler->flags & HPO_SAMPLER_FINITE; /* a grid of its own */
        if (s == 0)
            toy_check_trials(spec, starts);
        else if (spec->scheduler->flags & HPO_SCHEDULER_INHERITS)
            assert_in_range(starts, thins ? 1 : 20, TRIALS); /* the population at least */
        else
            assert_true(thins ? starts > 0 && starts < 12 + 36 : starts == 12 + 36 - 1);
        verify(spec, &tape, pair);
        toy_tape_fini(&tape);
        hpo_study_spec_destroy(spec);
    }
}

static void any_sampler_goes_with_any_scheduler(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t a = 0; a < n_samplers; a++) {
        const bool all = suite_wants(samplers[a]->name);
        for (size_t b = 0; b < n_schedulers; b++) {
            if (suite_wants(schedulers[b]->name) || all) check_pair(samplers[a], schedulers[b]->name, a + b);
        }
    }
}

static void the_same_study_again_is_the_same(void **state) {
    (void)state;
    size_t n_schedulers;
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t t = 0; t < n_schedulers; t++) {
        if (!suite_wants(schedulers[t]->name)) continue;
        hpo_study_spec *spec = make_spec("random", schedulers[t]->name, spaces[0]);
        toy_tape first = {0}, second = {0};
        run(spec, 9, &first);
        run(spec, 9, &second);
        check_same(spec->space, &first, &second);
        toy_tape_fini(&first);
        toy_tape_fini(&second);
        hpo_study_spec_destroy(spec);
    }
}

/* A journal that ends anywhere: what is left is applied, what was running is told, and the study ends. */
static void a_study_goes_on_from_any_record(void **state) {
    (void)state;
    size_t n_schedulers;
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t t = 0; t < n_schedulers; t++) {
        if (!suite_wants(schedulers[t]->name)) continue;
        hpo_study_spec *spec = make_spec("random", schedulers[t]->name, spaces[0]);
        toy_tape tape = {0};
        run(spec, 5, &tape);
        for (size_t cut = 0; cut < tape.count; cut += 23) {
            base_err err;
            hpo_study *study;
            suite_at("goes on", "after record %zu", cut);
            CHECK_OK(hpo_study_create(spec, &study, &err));
            for (size_t i = 0; i < cut; i++) CHECK_OK(hpo_study_apply(study, &tape.records[i], &err));
            for (uint64_t id = 0; id < hpo_view_trials(hpo_study_view(study)); id++) {
                if (hpo_view_trial(hpo_study_view(study), id).state != HPO_TRIAL_RUNNING) continue;
                hpo_result result = {.cost = 1};
                hpo_metrics_set(&result.metrics, "loss", (double)id);
                hpo_record record;
                hpo_study_tell(study, id, &result, 1, 0, &record);
            }
            toy_drive_study(study, &(toy_drive){.workers = 3, .seed = cut});
            const hpo_view view = hpo_study_view(study);
            toy_check_trials(spec, hpo_view_trials(view));
            assert_int_equal(hpo_view_count(view, HPO_TRIAL_PAUSED), 0);
            hpo_study_destroy(study);
        }
        toy_tape_fini(&tape);
        hpo_study_spec_destroy(spec);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_sampler_goes_with_any_scheduler),
        cmocka_unit_test(the_same_study_again_is_the_same),
        cmocka_unit_test(a_study_goes_on_from_any_record),
    };
    return SUITE_MAIN(tests);
}
