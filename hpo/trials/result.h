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
    X(INTERRUPTED, "interrupted") /* told to stop because the run stops: run again, not failed */

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

/* Adds or replaces. False when full or the name is too long (the metric is then left out). */
bool hpo_metrics_set(hpo_metrics *metrics, const char *name, double value);
/* NULL when absent. */
const double *hpo_metrics_get(const hpo_metrics *metrics, const char *name);

typedef struct hpo_result {
    hpo_failure failure;
    int code;            /* signal number or exit status */
    hpo_metrics metrics; /* raw, as the objective named them */
    double cost;         /* in units of fidelity; NaN = the declared cost. Only in-rank objectives may set it */
    double seconds;      /* wall time of the evaluation, filled by whoever ran it */
    char reason[240];    /* a sentence when failure != NONE */
} hpo_result;

#ifdef __cplusplus
}
#endif
#endif
