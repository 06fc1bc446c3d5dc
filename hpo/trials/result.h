/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes back from one evaluation of one trial: metrics, cost, or a failure with its reason. */
#ifndef HPO_TRIALS_RESULT_H
#define HPO_TRIALS_RESULT_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, the word in the journal, what happened */
#define HPO_FAILURE_LIST(X)                                                                                            \
    X(NONE, "none")               /* it worked */                                                                      \
    X(NAN, "nan")                 /* the metric is not finite, or training diverged */                                 \
    X(CRASH, "crash")             /* a signal; code = its number */                                                    \
    X(EXIT, "exit")               /* exit status other than 0; code = the status */                                    \
    X(TIMEOUT, "timeout")         /* longer than trial.time */                                                         \
    X(OOM, "oom")                 /* more than trial.memory */                                                         \
    X(OUTPUT, "output")           /* no result, or one without the study's metric */                                   \
    X(ERROR, "error")             /* the objective returned an error of its own */                                     \
    X(LOST, "lost")               /* its worker died: run again, not failed */                                         \
    X(STORAGE, "storage")         /* it could not be started for want of storage: the run ends, it has not failed */   \
    X(INTERRUPTED, "interrupted") /* stopped by a signal: run again where the run stops, too, else a crash */

typedef enum hpo_failure {
#define HPO_FAILURE_ENUM(name, text) HPO_FAILURE_##name,
    HPO_FAILURE_LIST(HPO_FAILURE_ENUM)
#undef HPO_FAILURE_ENUM
        HPO_FAILURE_COUNT
} hpo_failure;

const char *hpo_failure_text(hpo_failure failure); /* "crash" */
bool hpo_failure_find(const char *text, hpo_failure *out);

enum { HPO_METRIC_NAME = 32, HPO_MAX_METRICS = 16 };
typedef struct hpo_metric {
    char name[HPO_METRIC_NAME];
    double value;
} hpo_metric;
typedef struct hpo_metrics {
    size_t count;
    hpo_metric item[HPO_MAX_METRICS];
} hpo_metrics;

/* A metric that a study optimizes. */
typedef struct hpo_goal {
    const char *name;
    bool maximize;
    double reference; /* of the hypervolume, as the user sees the metric; NaN: found in the results */
} hpo_goal;
enum { HPO_MAX_GOALS = 8 };

/* Adds or replaces. False when full or the name is too long (the metric is then left out). */
bool hpo_metrics_set(hpo_metrics *metrics, const char *name, double value);
/* NULL when absent. */
const double *hpo_metrics_get(const hpo_metrics *metrics, const char *name);

/* Advice about a program that works, but not as its user believes. Each kind is said once in a run and counted in the
 * summary (hpo/dispatch/notices.h): name, its word in status.json, what the summary counts, and where to look. A result
 * carries those of its evaluation as bits. */
#define HPO_NOTICE_LIST(X)                                                                                             \
    X(OTHER_STEP, "other_step", "reported a step beyond the one asked for", "")                                        \
    X(STARTED_AGAIN, "started_again", "found no checkpoint to go on from", "charged in full")                          \
    X(STEP_NAME, "step_name", "reported no step that is understood", "")                                               \
    X(METRICS_DROPPED, "metrics_dropped", "had more metrics than are kept", "")                                        \
    X(EARLY_END, "early_end", "ended before the step asked for", "charged up to where they ended")                     \
    X(LATE, "late", "had finished before they could be stopped", "does the program flush its reports?")                \
    X(SLOW_START, "slow_start", "had to wait for room before they could start", "")                                    \
    X(WARNED, "warned", "ended with a warning", "see their logs")                                                      \
    X(COUNTS_FROM_0, "counts_from_0", "counted their steps from 0", "their reports say one less than was done")        \
    X(UNCOUNTED, "uncounted", "did not report the metric that the budget counts", "they add nothing to it")

typedef enum hpo_notice {
#define HPO_NOTICE_ENUM(name, word, text, hint) HPO_NOTICE_##name,
    HPO_NOTICE_LIST(HPO_NOTICE_ENUM)
#undef HPO_NOTICE_ENUM
        HPO_NOTICE_COUNT
} hpo_notice;
#define HPO_NOTICE_BIT(name) (UINT32_C(1) << HPO_NOTICE_##name)

enum { HPO_ARTEFACT = 512 }; /* bytes of an artefact with its NUL */

typedef struct hpo_result {
    hpo_failure failure;
    int code;            /* signal number or exit status */
    hpo_metrics metrics; /* raw, as the objective named them */
    double cost;         /* in units of fidelity; NaN = the declared cost. Who may set it: hpo_objective_type.flags */
    double seconds;      /* wall time of the evaluation, filled by whoever ran it */
    double reached;      /* the fidelity at which it ended by itself, below the one asked for; 0 or NaN = as asked */
    uint32_t notices;    /* HPO_NOTICE_BIT of what the objective or the worker has noticed */
    char note[160];      /* what the trial did of the last of them, such as "reported ...", or "" */
    char reason[240];    /* a sentence when failure != NONE */
    char artefact[HPO_ARTEFACT]; /* what the evaluation made, such as a genotype: a text, or a file's name; or "" */
} hpo_result;

/* False when it is no UTF-8, or longer than there is room for: then the result has none. */
bool hpo_result_set_artefact(hpo_result *result, const char *text);

/* As if all of it were zero; what lies in the room of metrics and texts that are not there stays. */
void hpo_result_clear(hpo_result *result);
/* values: what the study optimizes, one for each goal; NaN of a failed result. One that cannot be used, for want of a
 * metric or because it is not finite, becomes a failure that names the first of them. The one place where that is
 * judged, by whoever has the result first. True: it did not fail. */
bool hpo_result_judge(hpo_result *result, const hpo_goal *goals, size_t n_goals, double *values);
/* The same of one metric of a result that works so far: its value, NaN when it is missing. */
double hpo_result_judge_metric(hpo_result *result, const char *metric);
/* Whether the evaluation ended by itself below the fidelity that was asked for. */
bool hpo_result_ended_early(const hpo_result *result, double asked);

#ifdef __cplusplus
}
#endif
#endif
