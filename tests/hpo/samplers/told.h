/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sampler that is told what it asked for: trials that start and end in a toy history. */
#ifndef TESTS_HPO_SAMPLERS_TOLD_H
#define TESTS_HPO_SAMPLERS_TOLD_H

#include "tests/support/toy_space.h"

static inline void told_start(toy_sampling *s, const double *config, const char *origin) {
    base_err err;
    const hpo_view view = hpo_history_view(s->history);
    const hpo_record record = {.kind = HPO_RECORD_START,
                               .trial = hpo_view_trials(view),
                               .fidelity = 1,
                               .as_of = view.as_of,
                               .parent = UINT64_MAX,
                               .origin = origin,
                               .config = config};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* A loss that is not finite fails. */
static inline void told_result(toy_sampling *s, uint64_t trial, double loss) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = trial,
                         .fidelity = 1,
                         .parent = UINT64_MAX,
                         .value = loss,
                         .final = true,
                         .result = {.cost = 1}};
    if (!isfinite(loss)) record.result.failure = HPO_FAILURE_NAN;
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* A proposal, in s->config; its origin. */
static inline const char *told_try(toy_sampling *s, uint64_t trial, uint32_t attempt) {
    base_err err;
    const char *origin;
    const hpo_request request = {.trial = trial, .attempt = attempt, .fidelity = 1};
    CHECK_OK(hpo_sampler_ask(s->sampler, hpo_history_view(s->history), &request, s->config, &origin, &err));
    return origin;
}

/* The next proposal that is new, as a study asks for it. */
static inline const char *told_ask(toy_sampling *s) {
    const hpo_view view = hpo_history_view(s->history);
    for (uint32_t attempt = 0; attempt < 1000; attempt++) {
        const char *origin = told_try(s, hpo_view_trials(view), attempt);
        if (!hpo_view_has_config(view, s->config)) return origin;
    }
    fail();
    return NULL;
}

/* Ask, start, tell; the loss. */
static inline double told_step(toy_sampling *s, double (*loss)(const double *config)) {
    const uint64_t trial = hpo_view_trials(hpo_history_view(s->history));
    const char *origin = told_ask(s);
    told_start(s, s->config, origin);
    const double value = loss(s->config);
    told_result(s, trial, value);
    return value;
}

#endif
