/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials put into a toy sampling's history by hand. */
#ifndef TESTS_HPO_SAMPLERS_RESULTS_H
#define TESTS_HPO_SAMPLERS_RESULTS_H

#include "tests/support/toy_space.h"

static inline void add_running(toy_sampling *s, const double *config, double fidelity) {
    base_err err;
    const hpo_view view = hpo_history_view(s->history);
    const hpo_record record = {.kind = HPO_RECORD_START,
                               .trial = hpo_view_trials(view),
                               .fidelity = fidelity,
                               .as_of = view.as_of,
                               .parent = UINT64_MAX,
                               .config = config};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* loss NaN: a failure. Complete when the fidelity is 1 or more. */
static inline void add_finished(toy_sampling *s, const double *config, double fidelity, double loss) {
    base_err err;
    add_running(s, config, fidelity);
    const hpo_record record = {.kind = HPO_RECORD_RESULT,
                               .trial = hpo_view_trials(hpo_history_view(s->history)) - 1,
                               .fidelity = fidelity,
                               .parent = UINT64_MAX,
                               .value = loss,
                               .final = fidelity >= 1,
                               .result = {.cost = 1, .failure = isnan(loss) ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE}};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* A trial that is paused goes on to a fidelity. loss NaN: a failure. Complete when the fidelity is 1 or more. */
static inline void add_promoted(toy_sampling *s, uint64_t trial, double fidelity, double loss) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_PROMOTE, .trial = trial, .fidelity = fidelity, .parent = UINT64_MAX};
    record.rung = hpo_view_trial(hpo_history_view(s->history), trial).rung + 1;
    record.as_of = hpo_history_view(s->history).as_of;
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
    record.kind = HPO_RECORD_RESULT;
    record.value = loss;
    record.final = fidelity >= 1;
    record.result = (hpo_result){.cost = 1, .failure = isnan(loss) ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* The next trial's point in s->config; returns its origin. */
static inline const char *propose(toy_sampling *s, uint32_t attempt) {
    base_err err;
    const char *origin = NULL;
    const hpo_view view = hpo_history_view(s->history);
    const hpo_request request = {.trial = hpo_view_trials(view), .attempt = attempt, .fidelity = 1};
    CHECK_OK(hpo_sampler_ask(s->sampler, view, &request, s->config, &origin, &err));
    return origin;
}

/* Smallest squared distance to (0.7, ..., 0.7) after `trials` trials of the sampler on the unit cube. */
static inline double best_distance(const char *sampler, uint64_t seed, size_t dims, size_t trials) {
    static toy_sampling s;
    char *yaml = toy_cube(dims, "{}");
    toy_sampling_open(&s, sampler, seed, yaml);
    free(yaml);
    double best = 1e9;
    for (size_t i = 0; i < trials; i++) {
        propose(&s, 0);
        double loss = 0;
        for (size_t d = 0; d < dims; d++) loss += (s.config[d] - 0.7) * (s.config[d] - 0.7);
        add_finished(&s, s.config, 1, loss);
        if (loss < best) best = loss;
    }
    toy_sampling_close(&s);
    return best;
}

#endif
