/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deterministic studies of every kind, what becomes of their attempts, and the undisturbed run of one worker that every
 * other one is compared with. */
#ifndef TESTS_HPO_DISPATCH_ORDER_RIG_H
#define TESTS_HPO_DISPATCH_ORDER_RIG_H

#include "tests/hpo/dispatch/rig.h"

#include "base/rng.h"

#define HEAD                                                                                                           \
    "study: rig\nseed: 5\nmetric: loss\ndeterministic: true\nworkers: 4\n"                                             \
    "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b, c]}}\nfailure: {heartbeat: 0.01s, lost_after: 0.1s}\n"
#define FAKE         "objective: {fake: {}}\n"
#define RANK         "objective: {fake_rank: {}}\n"
#define HYPERBAND    "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\n"
#define PRICED_BY    "objective: {fake_priced: {}}\n"
#define PRICED       HEAD PRICED_BY HYPERBAND "budget: {trials: 20}\n"
#define PRICED_STOPS HEAD PRICED_BY "fidelity: {epochs: {min: 9, max: 9}}\nbudget: {trials: 14}\n"
#define RANDOM       HEAD FAKE "budget: {trials: 20}\n"
#define BANDS        HEAD FAKE HYPERBAND "budget: {trials: 20}\n"
#define RANKS        HEAD RANK HYPERBAND "budget: {trials: 20}\n"
#define STOPS        HEAD FAKE "fidelity: {epochs: {min: 9, max: 9}}\nbudget: {trials: 14}\n"

/* ---- a scheduler that stops trials at reports, as a function of trial and step ---- */

static inline base_status start_all(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)self, (void)err;
    bool runs = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
    hpo_decision_kind rest = runs ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE;
    *out = (hpo_decision){.kind = may_start ? HPO_DECIDE_START : rest, .fidelity = 9};
    return BASE_OK;
}

static inline bool stop_some(void *self, hpo_view view, uint64_t id) {
    (void)self;
    hpo_trial trial = hpo_view_trial(view, id);
    uint64_t step = (uint64_t)trial.reports[trial.n_reports - 1].step;
    return id % 5 > 0 && step >= 2 && (id * 7 + step * 3) % 5 == 0;
}

static const hpo_scheduler_type stopper = {.name = "stopper",
                                           .summary = "for tests",
                                           .flags = HPO_SCHEDULER_USES_REPORTS,
                                           .state_size = 8,
                                           .next = start_all,
                                           .should_stop = stop_some};

typedef struct kind {
    const char *yaml;
    const hpo_scheduler_type *scheduler;
} kind;
static const kind kinds[] = {{RANDOM, NULL},    {BANDS, NULL},  {RANKS, NULL},
                             {STOPS, &stopper}, {PRICED, NULL}, {PRICED_STOPS, &stopper}};

/* ---- what becomes of attempts ---- */

/* As a function of trial and rung: some always fail, at a certain report; the others answer. */
static inline fake_fate fail_some(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    if ((job->trial + job->rung) % 6 != 5) return (fake_fate){.deed = FAKE_ANSWERS};
    static const hpo_failure failures[] = {HPO_FAILURE_TIMEOUT, HPO_FAILURE_OUTPUT, HPO_FAILURE_CRASH};
    return (fake_fate){.deed = FAKE_FAILS, .reports = job->trial % 3, .failure = failures[job->trial / 6 % 3]};
}

/* The same, but first attempts of others crash or lose their worker after some reports: another attempt repeats them.
 */
typedef struct disturbance {
    base_rng rng;
    sig_atomic_t signal;
    uint64_t left; /* jobs until the signal */
} disturbance;

static inline fake_fate crash_some(void *self, size_t worker, const hpo_message *job) {
    disturbance *d = self;
    fake_fate fate = fail_some(NULL, worker, job);
    if (fate.deed != FAKE_ANSWERS || job->attempt > 0 || base_rng_below(&d->rng, 3) > 0) return fate;
    size_t reports = (size_t)base_rng_below(&d->rng, 6);
    return (fake_fate){.deed = FAKE_FAILS, .reports = reports, .failure = HPO_FAILURE_CRASH};
}

/* ---- comparing ---- */

typedef struct reference {
    base_buf records, history;
    size_t lines;
} reference;

static inline reference undisturbed(const kind *k, const char *journal) {
    reference ref = {0};
    rig_run run = {.yaml = k->yaml, .scheduler = k->scheduler, .journal = journal, .workers = 1, .fate = fail_some};
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.status, BASE_OK);
    assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
    assert_true(end.trials > 0 && end.running == 0);
    rig_records(k->yaml, journal, &ref.records);
    ref.history = end.history;
    ref.lines = rig_cut(journal, rig_new_journal(), SIZE_MAX);
    return ref;
}

static inline void reference_fini(reference *ref) {
    base_buf_fini(&ref->records);
    base_buf_fini(&ref->history);
}

static inline void check_reference(const reference *ref, const rig_run *run, rig_end *end) {
    base_buf records = {0};
    base_err err = end->err;
    CHECK_OK(end->status);
    assert_int_equal(end->outcome, HPO_OUTCOME_DONE);
    rig_check_same_text(&end->history, &ref->history);
    if (run->journal) {
        rig_records(run->yaml, run->journal, &records);
        rig_check_same_text(&records, &ref->records);
    }
    base_buf_fini(&records);
    rig_end_fini(end);
}

#endif
