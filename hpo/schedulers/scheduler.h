/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scheduler says how much to spend: on new configurations at which fidelity, on which paused trial next, and when a
 * running one should stop.
 *
 * One file, one constant descriptor at its end, one line in registry.c. Pure function of the view (and its options):
 * state may cache what the view determines. Ladder and bracket arithmetic lie in ladder.h. */
#ifndef HPO_SCHEDULERS_SCHEDULER_H
#define HPO_SCHEDULERS_SCHEDULER_H

#include "base/options.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_scheduler_env {
    const hpo_space *space;
    uint64_t seed;
    bool has_fidelity;
    double min_fidelity, max_fidelity; /* 1, 1 without a fidelity */
    bool integer_fidelity;             /* rungs are rounded */
} hpo_scheduler_env;

typedef enum hpo_decision_kind {
    HPO_DECIDE_START,   /* a new configuration: bracket, rung, fidelity */
    HPO_DECIDE_PROMOTE, /* paused trial `trial` goes on: rung, fidelity */
    HPO_DECIDE_CLOSE,   /* paused trial `trial` is ended for good; ask again */
    HPO_DECIDE_WAIT,    /* nothing before a running trial ends */
    HPO_DECIDE_DONE,    /* nothing ever again */
} hpo_decision_kind;

typedef struct hpo_decision {
    hpo_decision_kind kind;
    uint64_t trial;
    uint32_t bracket, rung;
    double fidelity;
    bool inherits;   /* START: it goes on from what `parent` has left behind at the end of its last evaluation */
    uint64_t parent; /* an earlier trial with a successful result; if it inherits */
} hpo_decision;

enum {
    HPO_SCHEDULER_NEEDS_FIDELITY = 1,
    HPO_SCHEDULER_USES_REPORTS = 2, /* with some of its options at least */
    HPO_SCHEDULER_ASYNCHRONOUS = 4, /* never waits while new configurations are allowed; may promote what later turns
                                       out not to be among the best */
    HPO_SCHEDULER_MANY_GOALS = 8,   /* orders results of several metrics, or none at all */
    HPO_SCHEDULER_INHERITS = 16,    /* starts trials that inherit: the objective must be able to (objective.h) */
    HPO_SCHEDULER_REPLICATES = 32,  /* its fidelity is a number of seeds: it comes with the key `replicates` alone */
};

typedef struct hpo_scheduler_type {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    unsigned flags;
    size_t state_size;
    base_status (*init)(void *state, const hpo_scheduler_env *env, base_err *err); /* may be NULL */
    /* may_start false: no new configuration is allowed any more (budget, or the space is exhausted): a bracket that is
     * not full counts as full, so that open promotions finish; then DONE when nothing is left and nothing runs, WAIT
     * when something runs. Never promotes a pending or failed trial. WAIT only when some trial is running. */
    base_status (*next)(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err);
    /* Whether running trial `trial` may go on after the report that the view ends with. NULL = always. true = stop. A
     * function of the reports and of the other trials: when it is computed again the trial's state may be STOPPED. */
    bool (*should_stop)(void *state, hpo_view view, uint64_t trial);
    /* Whether should_stop can be true with these options. NULL = where there is one. */
    bool (*stops)(const void *state);
    /* Whether it answers DONE by itself, without a budget (with these options). NULL = never. */
    bool (*ends)(const void *state);
    /* INHERITS: how many trials begin from nothing; all others inherit. */
    uint64_t (*founders)(const void *state);
    /* One line for --check: rungs and sizes of the brackets. May be NULL. */
    void (*describe)(const void *state, base_buf *out);
    void (*fini)(void *state); /* may be NULL; also after a failed init */
} hpo_scheduler_type;

const hpo_scheduler_type *const *hpo_schedulers(size_t *count);
const hpo_scheduler_type *hpo_scheduler_find(const char *name);

typedef struct hpo_scheduler hpo_scheduler;
BASE_CHECK base_status hpo_scheduler_create(const hpo_scheduler_type *type, const base_yaml_node *options,
                                            const hpo_scheduler_env *env, hpo_scheduler **out, base_err *err);
void hpo_scheduler_destroy(hpo_scheduler *scheduler);
BASE_CHECK base_status hpo_scheduler_next(hpo_scheduler *scheduler, hpo_view view, bool may_start, hpo_decision *out,
                                          base_err *err);
bool hpo_scheduler_should_stop(hpo_scheduler *scheduler, hpo_view view, uint64_t trial);
bool hpo_scheduler_stops(const hpo_scheduler *scheduler); /* trials at reports */
bool hpo_scheduler_ends(const hpo_scheduler *scheduler);
uint64_t hpo_scheduler_founders(const hpo_scheduler *scheduler);            /* UINT64_MAX: all */
void hpo_scheduler_print(const hpo_scheduler *scheduler, base_buf *out);    /* options as a flow map */
void hpo_scheduler_describe(const hpo_scheduler *scheduler, base_buf *out); /* rungs and sizes, may print nothing */

#ifdef __cplusplus
}
#endif
#endif
