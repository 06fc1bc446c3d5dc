/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sampler on a cube whose trials are told several values. */
#ifndef TESTS_HPO_SAMPLERS_MANY_GOALS_H
#define TESTS_HPO_SAMPLERS_MANY_GOALS_H

#include "tests/hpo/samplers/results.h"

static inline void open_goals(toy_sampling *s, const char *sampler, uint64_t seed, size_t dims, const char *options,
                              const hpo_goal *goals, size_t n_goals) {
    char *yaml = toy_cube(dims, options);
    toy_sampling_open(s, sampler, seed, yaml);
    free(yaml);
    hpo_history_destroy(s->history);
    s->history = hpo_history_create_for(s->space, goals, n_goals, 1);
}

static inline void finish(toy_sampling *s, uint64_t id, const double *values, size_t n_goals, bool fails) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .fidelity = 1,
                         .n_values = (uint32_t)n_goals,
                         .final = true,
                         .result = {.cost = 1, .failure = fails ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE}};
    memcpy(record.values, values, n_goals * sizeof *values);
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

#endif
