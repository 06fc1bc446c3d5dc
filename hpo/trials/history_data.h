/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a history stores: shared by history.c, which appends, and view.c, which reads.
 *
 * Everything that a record adds carries its event number, and nothing is ever changed but the end of the span under
 * way: a view of an earlier moment is therefore a search for the last entry before it, not a second structure. */
#ifndef HPO_TRIALS_HISTORY_DATA_H
#define HPO_TRIALS_HISTORY_DATA_H

#include "base/arena.h"
#include "hpo/trials/history.h"

#define HIST_NEVER UINT64_MAX /* event number of what has not happened yet */

/* One evaluation from being asked for to its end, by a RESULT or by a REPORT that stopped it. */
typedef struct hist_span {
    uint64_t event;        /* START or PROMOTE */
    uint64_t end;          /* RESULT or stopping REPORT; HIST_NEVER while it runs */
    double fidelity, from; /* asked for */
    double reached;        /* at the end */
    double full_cost;      /* what reaching it from scratch has cost, see hist_full_cost */
    uint32_t rung;
    uint16_t end_state; /* hpo_trial_state after the end */
    bool open;          /* ended by a REPORT that was open */
} hist_span;

typedef struct hist_trial {
    const double *config;
    const char *origin;
    uint64_t as_of, seed, parent;
    uint64_t closed; /* event of CLOSE */
    hist_span *spans;
    hpo_eval *evals;
    hpo_report *reports;
    uint32_t n_spans, n_evals, n_reports; /* capacity: the next power of two */
    uint32_t bracket;
    hpo_trial_state state; /* newest */
} hist_trial;

/* What no decision needs, kept apart so that what they need is read faster. */
typedef struct hist_aside {
    double at;                 /* began */
    hpo_told *evals, *reports; /* as many as the trial has */
    hpo_attempt *attempts;
    uint32_t n_attempts;
} hist_aside;

typedef struct hist_bracket {
    uint64_t *ids;
    size_t count, capacity;
} hist_bracket;

/* Sums after an event that charged a cost. */
typedef struct hist_charge {
    uint64_t event;
    double cost, from_scratch;
} hist_charge;

/* The incumbent from an event on. */
typedef struct hist_best {
    uint64_t event, trial;
    uint32_t eval;
} hist_best;

/* A slot of the index of configurations: the first trial that has it. */
typedef struct hist_slot {
    uint32_t hash;
    uint32_t trial_plus_1; /* 0 = empty */
} hist_slot;

struct hpo_history {
    const hpo_space *space;
    size_t n_params;
    hpo_goal goals[HPO_MAX_GOALS];
    size_t n_goals;
    hpo_constraint constraints[HPO_MAX_CONSTRAINTS];
    size_t n_constraints;
    double max_fidelity;
    bool averages;
    base_arena *arena; /* configs, spans, evals, reports, reasons, origins: old copies stay readable */
    uint64_t events;
    uint32_t *event_trials; /* by event */
    size_t event_trials_capacity;

    hist_trial *trials;
    size_t n_trials, trials_capacity;
    hist_aside *asides; /* by trial */
    base_arena *aside;  /* what they hold: between the arrays of the others it would take them out of the caches */
    size_t asides_capacity;
    hist_bracket *brackets;
    size_t n_brackets, brackets_capacity;
    uint64_t state_count[HPO_TRIAL_FAILED + 1];

    hist_charge *charges;
    size_t n_charges, charges_capacity;
    hist_best *bests;
    size_t n_bests, bests_capacity;
    hpo_front_entry *fronts; /* several goals: all that ever entered */
    size_t n_fronts, fronts_capacity;
    size_t *front; /* those that are in it now, as indices of fronts in order */
    size_t n_front, front_capacity;

    hist_slot *slots;
    size_t n_used, slots_capacity; /* capacity: a power of two */

    const char **origins; /* interned */
    size_t n_origins, origins_capacity;
    char *metrics_block; /* current block for metrics, see keep_metrics */
    size_t metrics_left;
};

/* First trial with this config, or UINT64_MAX. */
uint64_t hpo_history_find_config(const hpo_history *history, const double *config);

#endif
