/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What there is to tell of a run, from its journal: when what was found, what it cost, who worked, what went wrong.
 *
 * Times are seconds that all runs over the journal had taken by then, so pauses between runs do not show. */
#ifndef HPO_REPORT_ACCOUNT_H
#define HPO_REPORT_ACCOUNT_H

#include "hpo/models/recommend.h"
#include "hpo/study/recorded.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A worker was busy with one evaluation, or with an attempt of it. */
typedef struct hpo_span {
    uint64_t trial;
    uint32_t rung, worker;
    double begin, end;
    hpo_failure failure;
    bool stopped; /* by the scheduler, at a report */
} hpo_span;

/* A new incumbent. */
typedef struct hpo_step {
    uint64_t trial, trials; /* trials: begun by then */
    double value, cost, elapsed;
} hpo_step;

/* Evaluations of one rung of one bracket. */
typedef struct hpo_rung {
    uint32_t bracket, rung;
    double fidelity; /* the highest that was reached on it */
    size_t evaluations, failed, promoted;
    double best, median; /* of those that worked; NaN: none did */
} hpo_rung;

/* Trials that failed alike. */
typedef struct hpo_mishap {
    hpo_failure failure;
    const char *reason; /* "" where there is none, or it may not be told */
    size_t count;       /* trials */
    uint64_t first;
    size_t attempts; /* that were repeated */
} hpo_mishap;

/* Spearman's correlation of what trials showed at two fidelities: whether the cheap one is to be trusted. */
typedef struct hpo_trust {
    double low, high, correlation; /* NaN: fewer than three trials, or all alike */
    size_t trials;
} hpo_trust;

typedef struct hpo_worker_share {
    size_t evaluations;
    double busy; /* seconds */
} hpo_worker_share;

typedef struct hpo_account {
    base_arena *arena;
    hpo_recorded run;
    hpo_view view;
    const char *dir;                /* as given */
    hpo_recommendation recommended; /* where the run recommends by posterior mean; mean NaN: by value, for a reason or,
                                     * without one, as nobody asked */
    bool is_anonymous;              /* no host, path, command or reason of a failure is told */
    unsigned reload; /* for who made it to set: a page of it looks for a newer one after so many seconds; 0: never */
    double seconds, cost;
    double *elapsed_at, *cost_at; /* by event */
    size_t n_events, elapsed_capacity, cost_capacity;
    hpo_span *spans;
    size_t n_spans, spans_capacity;
    hpo_worker_share *workers;
    size_t n_workers;
    hpo_step *steps;
    size_t n_steps;
    hpo_rung *rungs;
    size_t n_rungs;
    hpo_mishap *mishaps;
    size_t n_mishaps;
    hpo_trust *trusts;
    size_t n_trusts;
    size_t runs;                      /* how often it was begun or gone on with */
    const char *state, *host, *ended; /* from status.json; NULL: not known. ended: why */
    const char *objective, *settings; /* its name; its settings with the values of env masked, NULL: not told */
} hpo_account;

/* Reads the run in folder dir, also while it goes on. BASE_NOTFOUND, BASE_CORRUPT: as hpo_journal_read. */
BASE_CHECK base_status hpo_account_read(const char *dir, bool is_anonymous, hpo_account **account, base_err *err);
void hpo_account_destroy(hpo_account *account); /* accepts NULL */

/* What a trial showed at its highest fidelity: of its last evaluation that worked, else of its last report. NaN: none.
 */
double hpo_account_value(const hpo_trial *trial, double *fidelity);
/* The same of all the study's metrics; NULL: none. */
const double *hpo_account_values(const hpo_trial *trial, size_t n_goals, double *fidelity);
/* Seconds and cost of all its evaluations. */
double hpo_account_seconds(const hpo_trial *trial);
double hpo_account_cost(const hpo_trial *trial);
/* The best trial: what the run recommends by posterior mean, or the incumbent, or, as long as no trial has reached the
 * highest fidelity, the best at the highest that any has reached. False: none has worked. */
bool hpo_account_best(const hpo_account *account, uint64_t *trial, double *value, double *fidelity);
/* The command that evaluates that trial's configuration again, quoted for a shell. */
const char *hpo_account_command(const hpo_account *account, uint64_t trial, base_arena *arena);

/* Trials of equal configurations, which differ by their seeds. Configurations are numbered by their first trials. */
typedef struct hpo_tries {
    uint64_t *config, *number; /* by trial: its configuration, and which try of it this is, from 0 */
    uint64_t *first, *count;   /* by configuration: its first trial, and how often it was tried */
    uint64_t configs, most;    /* most: of the configuration that was tried most often; 0: no trial */
} hpo_tries;
hpo_tries hpo_account_tries(const hpo_account *account, base_arena *arena); /* in arena */

/* Whether values of both can be compared: the first metric has the same name and goal. */
bool hpo_account_is_alike(const hpo_account *a, const hpo_account *b);

/* Spearman's rank correlation with midranks for ties; NaN: n < 3, or all alike. */
double hpo_rank_correlation(const double *a, const double *b, size_t n);

#ifdef __cplusplus
}
#endif
#endif
