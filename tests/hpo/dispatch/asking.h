/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs whose sampler stands at a gate, and what their histories say about when it was asked. */
#ifndef TESTS_HPO_DISPATCH_ASKING_H
#define TESTS_HPO_DISPATCH_ASKING_H

#include <inttypes.h>

#include "tests/hpo/dispatch/rig.h"
#include "tests/support/gate_sampler.h"

#define NINE  RIG_HEAD "fidelity: {epochs: {min: 9, max: 9}}\n"
#define BANDS RIG_HEAD "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\n"

/* Every decision of the journal, computed again without a thread. */
static inline void check_replay(const rig_run *before) {
    rig_run run = {.yaml = before->yaml,
                   .journal = before->journal,
                   .scheduler = before->scheduler,
                   .sampler = before->sampler,
                   .verify = true};
    rig_end end;
    gate_reset(SIZE_MAX, SIZE_MAX);
    rig_go(&run, &end);
    base_err err = end.err;
    CHECK_OK(end.status);
    assert_true(end.trials > 0);
    rig_end_fini(&end);
}

/* The number that follows `key` in the line of a trial in a history's text. */
static inline uint64_t number_of(const rig_end *end, uint64_t trial, const char *key) {
    char line[32];
    snprintf(line, sizeof line, "trial %" PRIu64 " ", trial);
    const char *at = strstr(base_buf_text(&end->history), line);
    assert_non_null(at);
    at = strstr(at, key);
    assert_non_null(at);
    return strtoull(at + strlen(key), NULL, 10);
}
static inline uint64_t as_of(const rig_end *end, uint64_t trial) {
    return number_of(end, trial, "as_of ");
}
static inline uint64_t created(const rig_end *end, uint64_t trial) {
    return number_of(end, trial, "created ");
}

static inline base_status start_all(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)self, (void)err;
    const bool runs = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
    const hpo_decision_kind rest = runs ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE;
    *out = (hpo_decision){.kind = may_start ? HPO_DECIDE_START : rest, .fidelity = 9};
    return BASE_OK;
}

#endif
