/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study that a test asks and tells by hand. */
#ifndef TESTS_HPO_STUDY_STUDY_DRIVEN_H
#define TESTS_HPO_STUDY_STUDY_DRIVEN_H

#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define SPACE "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b]}}\n"
#define TOY   "objective: toy\nseed: 5\n"

static inline hpo_study *open_study(const hpo_study_spec *spec) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    return study;
}

static inline hpo_ask_kind ask(hpo_study *study, hpo_record *record) {
    base_err err;
    hpo_ask_kind kind;
    CHECK_OK(hpo_study_ask(study, &kind, record, &err));
    return kind;
}

static inline hpo_result result_of(double loss) {
    hpo_result result = {.cost = (double)NAN};
    hpo_metrics_set(&result.metrics, "loss", loss);
    return result;
}

static inline hpo_record tell(hpo_study *study, uint64_t trial, double loss) {
    const hpo_result result = result_of(loss);
    hpo_record record;
    hpo_study_tell(study, trial, &result, 0, 0, &record);
    return record;
}

static inline void close_study(hpo_study *study, hpo_study_spec *spec) {
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

#endif
