/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that is known about a study's trials: an append-only fold of records, read through views.
 *
 * A view is the history as it was after `as_of` records: samplers and schedulers read views only, so that a decision
 * can be computed again later from the same knowledge. Losses are always minimized here: loss = value for goal
 * minimize, -value for maximize, +infinity for a failed evaluation. Losses are compared in one place, hpo_loss_less:
 * NaN and failures last, ties to the lower trial id; order.h says how those of several goals are.
 *
 * Several goals: decisions read losses by the million, so that of the first goal lies in the evaluation itself, and a
 * pointer that is NULL for one goal leads to those of all. */
#ifndef HPO_TRIALS_HISTORY_H
#define HPO_TRIALS_HISTORY_H

#include "base/buf.h"
#include "hpo/space/space.h"
#include "hpo/trials/constraint.h"
#include "hpo/trials/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_trial_state {
    HPO_TRIAL_RUNNING,  /* an evaluation is under way */
    HPO_TRIAL_PAUSED,   /* evaluated below the highest fidelity; may be promoted */
    HPO_TRIAL_COMPLETE, /* evaluated at the highest fidelity */
    HPO_TRIAL_STOPPED,  /* ended for good below it, by a stopping rule or a closed bracket; but see hpo_trial.open */
    HPO_TRIAL_FAILED,   /* its last evaluation failed */
} hpo_trial_state;
const char *hpo_trial_state_text(hpo_trial_state state);

/* One finished evaluation. */
typedef struct hpo_eval {
    uint64_t event;
    uint32_t rung;
    hpo_failure failure;
    double fidelity;
    double value; /* as the user sees it; this and the next: of the first goal */
    double loss;  /* minimized; +infinity when failed */
    double cost;  /* charged, in units of fidelity */
    uint32_t attempt;
    int code;
    double seconds;
    const hpo_metrics *metrics; /* NULL when there is only the study's metric */
    const char *reason;         /* NULL when it worked */
    const char *artefact;       /* as hpo_result.artefact; NULL: none */
    const double *goals;        /* several goals, or constraints: the losses of all goals, then their values, and before
                                   them what hpo_eval_excess reads; NULL: one goal, no constraints */
} hpo_eval;

typedef struct hpo_report {
    uint64_t event;
    uint32_t rung;
    uint32_t attempt;
    double step; /* in units of fidelity */
    double value, loss;
    const hpo_metrics *metrics; /* NULL when there is only the study's metric */
    const double *goals;        /* as in hpo_eval; all losses are +infinity when one value is not finite */
} hpo_report;

/* What no decision needs of an evaluation or a report, kept apart: schedulers read the others by the million. */
typedef struct hpo_told {
    double at; /* when it was told: seconds since 1970, 0 = unknown */
    uint32_t worker;
    uint32_t notices; /* as in hpo_result, as the next */
    double reached;
} hpo_told;

/* An attempt that failed and was repeated. Decisions must not depend on it: it comes when it comes. */
typedef struct hpo_attempt {
    uint64_t event; /* number of the next event */
    uint32_t rung;
    uint32_t attempt, worker;
    double at, seconds;
    hpo_failure failure;
    int code;
    const char *reason;
} hpo_attempt;

/* A trial as seen through a view. Pointers live as long as the history and are valid until the next apply. */
typedef struct hpo_trial {
    uint64_t id;
    const double *config;
    hpo_trial_state state;
    bool open; /* stopped, but its worker has not answered yet: it may have finished before it could be stopped */
    uint32_t bracket;
    uint32_t rung;           /* of the evaluation under way, else of the last one */
    double fidelity, from;   /* target and start of the evaluation under way, else of the last one */
    uint64_t seed, parent;   /* parent UINT64_MAX = none */
    double inherited;        /* the fidelity from which it goes on what its parent left behind; 0 without one */
    uint64_t created, as_of; /* event number of START, and what it was asked from */
    const char *origin;      /* may be NULL */
    const hpo_eval *evals;
    size_t n_evals;
    const hpo_report *reports;
    size_t n_reports;
} hpo_trial;

/* The evaluation that ended with this record, or NULL. */
static inline const hpo_eval *hpo_trial_eval(const hpo_trial *trial, uint64_t event) {
    for (size_t i = trial->n_evals; i-- > 0 && trial->evals[i].event >= event;)
        if (trial->evals[i].event == event) return &trial->evals[i];
    return NULL;
}

typedef struct hpo_history hpo_history;
typedef struct hpo_view {
    const hpo_history *history;
    uint64_t as_of; /* records with event < as_of are seen */
} hpo_view;

/* max_fidelity: an evaluation at it (or at the end of a study without fidelity: 1) can be an incumbent's best.
 * The space must outlive the history. */
hpo_history *hpo_history_create(const hpo_space *space, bool maximize, double max_fidelity);
/* The same with 1 to HPO_MAX_GOALS goals, which are copied but for their names. */
hpo_history *hpo_history_create_for(const hpo_space *space, const hpo_goal *goals, size_t n_goals, double max_fidelity);
/* What results must be beside good; copied but for the names. Before the first record. */
void hpo_history_constrain(hpo_history *history, hpo_constraints constraints);
/* A higher fidelity is the mean of more evaluations of the same quantity (`replicates`), so that results of different
 * fidelities compare: a model learns from the newest one of each trial. Before the first record. */
void hpo_history_average(hpo_history *history);
void hpo_history_destroy(hpo_history *history);
/* Appends a record. BASE_CORRUPT when it cannot follow what is there (an unknown trial, a result of a trial that does
 * not run, an id out of order, a cost that is negative or not finite): only a damaged journal can cause that, live use
 * is asserted by the study. */
BASE_CHECK base_status hpo_history_apply(hpo_history *history, const hpo_record *record, base_err *err);
/* The REPORT that was just applied turns out to stop its trial (a stopping rule sees the report before it decides): the
 * same as if it had been applied with record->stop set. Uses the record's trial, fidelity and cost. */
void hpo_history_stop(hpo_history *history, const hpo_record *report);
hpo_view hpo_history_view(const hpo_history *history); /* everything */
hpo_view hpo_history_at(const hpo_history *history, uint64_t as_of);
const hpo_space *hpo_history_space(const hpo_history *history);
double hpo_history_max_fidelity(const hpo_history *history);
/* The trial that record number `event` is about. Whoever follows a growing view reads only what is new: the trial's
 * eval or report with that event number, or neither (then it began, went on, or was closed). O(1). */
uint64_t hpo_view_event_trial(hpo_view view, uint64_t event);

/* ---- through a view; all O(1) or O(log) unless said otherwise when the view is the newest ---- */
uint64_t hpo_view_trials(hpo_view view); /* configurations created */
hpo_trial hpo_view_trial(hpo_view view, uint64_t id);
/* What no decision needs: when what was told, and the attempts that were repeated. */
const hpo_told *hpo_view_evals_told(hpo_view view, uint64_t id);   /* by the trial's evals */
const hpo_told *hpo_view_reports_told(hpo_view view, uint64_t id); /* by its reports */
const hpo_attempt *hpo_view_attempts(hpo_view view, uint64_t id, size_t *count);
/* Trials in each state. O(1) on the newest view, else O(n). */
uint64_t hpo_view_count(hpo_view view, hpo_trial_state state);
/* Ids of the trials of a bracket in order of creation (a prefix of the history's own list). */
const uint64_t *hpo_view_bracket(hpo_view view, uint32_t bracket, size_t *count);
uint32_t hpo_view_brackets(hpo_view view); /* highest bracket number + 1 */
/* Sum of costs charged by results (and by reports that stopped) so far, counting a continued evaluation by its
 * increment; and as if every evaluation had started from scratch: an increment from fidelity f then also costs what
 * reaching f from scratch had cost the trial, or the parent whose state it took over. */
double hpo_view_cost(hpo_view view);
double hpo_view_cost_from_scratch(hpo_view view);
/* True when an activated config has been started already (hash index; newest views only). */
bool hpo_view_has_config(hpo_view view, const double *config);
/* What is optimized; it does not depend on as_of. Of a history that was made for one goal the name is NULL. */
const hpo_goal *hpo_view_goals(hpo_view view, size_t *count);
static inline size_t hpo_view_n_goals(hpo_view view) {
    size_t count;
    (void)hpo_view_goals(view, &count);
    return count;
}
static inline const double *hpo_eval_losses(const hpo_eval *eval) {
    return eval->goals ? eval->goals : &eval->loss;
}
static inline const double *hpo_eval_values(const hpo_eval *eval, size_t n_goals) {
    return eval->goals ? eval->goals + n_goals : &eval->value;
}
static inline const double *hpo_report_losses(const hpo_report *report) {
    return report->goals ? report->goals : &report->loss;
}
static inline const double *hpo_report_values(const hpo_report *report, size_t n_goals) {
    return report->goals ? report->goals + n_goals : &report->value;
}
hpo_constraints hpo_view_constraints(hpo_view view);
bool hpo_view_averages(hpo_view view);
/* The evaluation that has come to count with record `event`, and its trial: the one that ended with it, or, in a
 * history that averages, the last one of a trial that will get no further ones from then on (complete, failed or
 * closed). NULL: none has. */
const hpo_eval *hpo_view_settled(hpo_view view, uint64_t event, hpo_trial *trial);
/* The fidelity by which it is compared with others: in a history that averages, one for all. */
double hpo_view_level(hpo_view view, const hpo_eval *eval);
/* The violation (constraint.h), +infinity when it failed, then the excess over each constraint, NaN when it failed;
 * NULL: there are none, or a report does not carry all that is constrained. Of hpo_eval.goals or hpo_report.goals:
 * goals[-1] says how many numbers stand before it. */
static inline const double *hpo_goals_excess(const double *goals) {
    return goals && goals[-1] > 0 ? goals - 1 - (size_t)goals[-1] : NULL;
}
static inline const double *hpo_eval_excess(const hpo_eval *eval) {
    return hpo_goals_excess(eval->goals);
}
static inline const double *hpo_report_excess(const hpo_report *report) {
    return hpo_goals_excess(report->goals);
}
/* 0: it is feasible, or nothing is constrained. */
static inline double hpo_eval_violation(const hpo_eval *eval) {
    const double *excess = hpo_eval_excess(eval);
    return excess ? excess[0] : 0;
}
static inline double hpo_report_violation(const hpo_report *report) {
    const double *excess = hpo_report_excess(report);
    return excess ? excess[0] : 0;
}
static inline bool hpo_eval_is_feasible(const hpo_eval *eval) {
    return eval->failure == HPO_FAILURE_NONE && hpo_eval_violation(eval) == 0;
}
/* What a constrained metric is in a successful evaluation. */
double hpo_eval_metric(const hpo_eval *eval, const char *metric);
/* "latency 0.012 (max 0.01), f1 0.7 (min 0.8)": the constraints that an evaluation does not meet. */
void hpo_view_put_violations(hpo_view view, const hpo_eval *eval, base_buf *out);
/* Trials whose last successful evaluation is feasible. O(n). */
uint64_t hpo_view_count_feasible(hpo_view view);
/* Incumbent: the best successful evaluation at the highest fidelity seen so far; ties to the lower trial. Several
 * goals: the first decides, ties by the next ones; it is on the front. Constraints: feasible evaluations come before
 * all others, whatever their fidelity; while there is none, it is the least violating one at the highest fidelity.
 * False: none. */
typedef struct hpo_incumbent {
    uint64_t trial;
    const hpo_eval *eval;
} hpo_incumbent;
bool hpo_view_incumbent(hpo_view view, hpo_incumbent *out);
/* Front: the successful evaluations at the highest fidelity seen so far that no other one there dominates (is as good
 * in all goals and better in one). Equal ones are all in it. With one goal it is the incumbent alone. Constraints: only
 * feasible ones count, so that it may be empty where there is an incumbent. Returns how many
 * there are, and gives the first `room` of them, in the order in which they entered it (eval->event). */
size_t hpo_view_front(hpo_view view, hpo_incumbent *out, size_t room);
/* Several goals: every evaluation that ever entered the front, in order; `left` is when it did not belong to it any
 * more (UINT64_MAX: it does; a past view may show an event of its future). */
typedef struct hpo_front_entry {
    uint64_t event, left, trial;
    uint32_t eval;
} hpo_front_entry;
const hpo_front_entry *hpo_view_front_log(hpo_view view, size_t *count);

/* The one order of losses: finite before NaN/inf, smaller first, then lower id. A strict weak order. */
static inline bool hpo_loss_less(double loss_a, uint64_t trial_a, double loss_b, uint64_t trial_b) {
    const double lowest = -1.7976931348623157e308; /* -DBL_MAX; only -infinity and NaN are no greater */
    if (loss_a < loss_b && loss_a >= lowest) return true;
    if (loss_b < loss_a && loss_b >= lowest) return false;
    const bool finite_a = loss_a - loss_a == 0, finite_b = loss_b - loss_b == 0; /* inf - inf is NaN */
    return finite_a != finite_b ? finite_a : trial_a < trial_b;
}

#ifdef __cplusplus
}
#endif
#endif
