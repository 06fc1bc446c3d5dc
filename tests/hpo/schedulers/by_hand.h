/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scheduler and a history by hand: every decision is asked for, checked and carried out one at a time. */
#ifndef TESTS_HPO_SCHEDULERS_BY_HAND_H
#define TESTS_HPO_SCHEDULERS_BY_HAND_H

#include "hpo/schedulers/scheduler.h"

#include "tests/support/check.h"

typedef struct bench {
    hpo_space *space;
    hpo_history *history;
    hpo_scheduler *scheduler;
} bench;

static inline bench bench_open_goals(const char *scheduler, const char *options, double min, double max,
                                     size_t n_goals) {
    const hpo_goal goals[HPO_MAX_GOALS] = {{.maximize = false}};
    base_err err;
    bench b = {.space = hpo_space_create()};
    const hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    CHECK_OK(hpo_space_add(b.space, &x, &err));
    CHECK_OK(hpo_space_seal(b.space, &err));
    b.history = hpo_history_create_for(b.space, goals, n_goals, max);
    base_yaml_node *node = NULL;
    if (options) {
        CHECK_OK(base_yaml_parse(hpo_space_arena(b.space), "options", options, strlen(options), &node, &err));
    }
    const hpo_scheduler_env env = {
        .space = b.space, .has_fidelity = true, .min_fidelity = min, .max_fidelity = max, .integer_fidelity = true};
    CHECK_OK(hpo_scheduler_create(hpo_scheduler_find(scheduler), node, &env, &b.scheduler, &err));
    return b;
}

static inline bench bench_open_from(const char *scheduler, const char *options, double min, double max) {
    return bench_open_goals(scheduler, options, min, max, 1);
}

static inline bench bench_open(const char *scheduler, const char *options, double max) {
    return bench_open_from(scheduler, options, 1, max);
}

static inline void bench_close(bench *b) {
    hpo_scheduler_destroy(b->scheduler);
    hpo_history_destroy(b->history);
    hpo_space_destroy(b->space);
}

static inline hpo_decision next(bench *b, bool may_start) {
    base_err err;
    hpo_decision d;
    CHECK_OK(hpo_scheduler_next(b->scheduler, hpo_history_view(b->history), may_start, &d, &err));
    return d;
}

static inline void apply(bench *b, const hpo_record *record) {
    base_err err;
    CHECK_OK(hpo_history_apply(b->history, record, &err));
}

/* Carries out a decision that must be of that kind (and, but for START, concern that trial). */
static inline hpo_decision expect(bench *b, bool may_start, hpo_decision_kind kind, uint64_t trial) {
    const hpo_decision d = next(b, may_start);
    assert_int_equal(d.kind, kind);
    const double config = 0.5;
    const hpo_view view = hpo_history_view(b->history);
    hpo_record record = {.trial = d.trial,
                         .bracket = d.bracket,
                         .rung = d.rung,
                         .fidelity = d.fidelity,
                         .as_of = view.as_of,
                         .parent = d.inherits ? d.parent : UINT64_MAX,
                         .config = &config};
    switch (kind) {
    case HPO_DECIDE_START:
        record.kind = HPO_RECORD_START;
        record.trial = hpo_view_trials(view);
        break;
    case HPO_DECIDE_PROMOTE: record.kind = HPO_RECORD_PROMOTE; break;
    case HPO_DECIDE_CLOSE: record.kind = HPO_RECORD_CLOSE; break;
    default: return d;
    }
    assert_int_equal(record.trial, trial);
    apply(b, &record);
    return d;
}

static inline void finish(bench *b, uint64_t id, double value, double max) {
    const hpo_trial trial = hpo_view_trial(hpo_history_view(b->history), id);
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .rung = trial.rung,
                         .fidelity = trial.fidelity,
                         .parent = UINT64_MAX,
                         .value = value,
                         .final = trial.fidelity >= max,
                         .result = {.cost = 1}};
    if (isnan(value)) record.result.failure = HPO_FAILURE_CRASH;
    apply(b, &record);
}

/* A report of a running trial; carries out what the scheduler says to it, and returns whether that was to stop. */
static inline bool report(bench *b, uint64_t id, double step, double value) {
    const hpo_trial trial = hpo_view_trial(hpo_history_view(b->history), id);
    const hpo_record record = {.kind = HPO_RECORD_REPORT,
                               .trial = id,
                               .rung = trial.rung,
                               .fidelity = step,
                               .parent = UINT64_MAX,
                               .value = value,
                               .result = {.cost = step}};
    apply(b, &record);
    const bool stop = hpo_scheduler_should_stop(b->scheduler, hpo_history_view(b->history), id);
    if (stop) hpo_history_stop(b->history, &record);
    return stop;
}

#endif
