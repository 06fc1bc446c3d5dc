/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study of a sampler and a scheduler on a mixed conditional space, with failures, reports and results out of order:
 * the same twice, and every decision again from the records alone. */
#ifndef TESTS_CONFORMANCE_REPLAYS_H
#define TESTS_CONFORMANCE_REPLAYS_H

#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

/* what: keys of the study file that say what is optimized. */
static inline base_status read_mixed(const char *sampler, const char *scheduler, int trials, const char *what,
                                     hpo_study_spec **spec, base_err *err) {
    suite_at("sampler", "%s", sampler);
    suite_at("scheduler", "%s", scheduler);
    suite_at("optimized", "%s", what);
    base_buf text = {0};
    base_buf_printf(&text,
                    "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\n%s\n"
                    "budget: {trials: %d}\n%s\nparameters: {lr: {min: 1e-5, max: 1.0, log: true, "
                    "prior: 1e-2}, batch: {values: [32, 64, 128], ordered: true}, layers: {min: 1, max: 4}, dropout: "
                    "{min: 0.0, max: 0.5, step: 0.1}, opt: {values: [sgd, adam]}, momentum: {min: 0.0, max: 0.99, "
                    "when: {opt: sgd}}, width: {value: 64}}\nforbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
                    sampler, scheduler, toy_spending(scheduler, 27), trials, what);
    const base_status status =
        hpo_study_read(toy_catalog(), "toy.yaml", base_buf_text(&text), text.length, NULL, 0, NULL, spec, err);
    base_buf_fini(&text);
    return status;
}

/* check: of the view at the end. */
static inline void run_study(const hpo_study_spec *spec, size_t workers, void (*check)(hpo_view), toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = workers,
                                        .seed = workers,
                                        .fail_share = 0.1,
                                        .nan_share = 0.1,
                                        .reports = workers > 5 ? 3 : 0,
                                        .tape = tape});
    toy_check_trials(spec, hpo_view_trials(hpo_study_view(study)));
    check(hpo_study_view(study));
    hpo_study_destroy(study);
}

/* By a study that knows nothing but the records: every decision, or every seventh of a sampler that fits models. */
static inline void verify_study(const hpo_study_spec *spec, const toy_tape *tape) {
    const size_t stride = spec->sampler->flags & HPO_SAMPLER_SLOW ? 7 : 1;
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (size_t i = 0; i < tape->count; i++) {
        suite_at("record", "%zu, made again", i);
        if (tape->records[i].kind == HPO_RECORD_START)
            CHECK_OK(hpo_space_check(spec->space, tape->records[i].config, &err));
        if (i % stride == 0) CHECK_OK(hpo_study_verify(study, &tape->records[i], &err));
        CHECK_OK(hpo_study_apply(study, &tape->records[i], &err));
        if (tape->records[i].kind == HPO_RECORD_REPORT) CHECK_OK(hpo_study_verify_stop(study, &tape->records[i], &err));
    }
    hpo_study_destroy(study);
}

static inline void check_replays(const hpo_study_spec *spec, size_t workers, void (*check)(hpo_view)) {
    toy_tape tape = {0}, again = {0};
    run_study(spec, workers, check, &tape);
    run_study(spec, workers, check, &again);
    assert_int_equal(tape.count, again.count);
    for (size_t i = 0; i < tape.count; i++)
        assert_true(toy_same_record(spec->space, &tape.records[i], &again.records[i]));
    verify_study(spec, &tape);
    toy_tape_fini(&tape);
    toy_tape_fini(&again);
}

#endif
