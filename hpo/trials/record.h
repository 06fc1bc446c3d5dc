/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event of a study. The history is the fold of its records; the journal is their list; a study is driven by making
 * new ones (ask, tell) or by applying old ones (resume). Event numbers count records from 0 in the order of
 * application, attempts left out. */
#ifndef HPO_TRIALS_RECORD_H
#define HPO_TRIALS_RECORD_H

#include "hpo/trials/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_record_kind {
    HPO_RECORD_START,   /* a new configuration begins its first evaluation */
    HPO_RECORD_PROMOTE, /* a paused trial goes on to a higher rung */
    HPO_RECORD_REPORT,  /* an intermediate value of a running trial */
    HPO_RECORD_RESULT,  /* an evaluation ended (also: failed) */
    HPO_RECORD_CLOSE,   /* a paused trial, or a stopped one that was open, is ended for good */
    HPO_RECORD_ATTEMPT, /* an attempt failed and another one follows: no event, because no decision may depend on it */
} hpo_record_kind;

typedef struct hpo_record {
    hpo_record_kind kind;
    uint64_t trial;   /* START: must be the next id (ids are dense from 0) */
    uint32_t bracket; /* START */
    uint32_t rung;    /* all but CLOSE: the rung that is being evaluated */
    double fidelity;  /* START, PROMOTE: to; REPORT: the step; RESULT: reached */
    double from;      /* START, PROMOTE: what it continues from; 0 = from scratch */
    uint64_t as_of;   /* START, PROMOTE: number of records applied when it was asked */
    uint64_t parent;  /* START: the trial it inherits from, or UINT64_MAX */
    uint64_t seed;    /* START */
    const char
        *origin; /* START: how the sampler made it ("random", "prior", ...); a static or interned text, or NULL */
    const double *config; /* START: borrowed; copied by whoever keeps it */
    /* REPORT, RESULT: what the study optimizes, as the user sees it; NaN when failed. A record is a flat struct with
     * much more room for texts, so that the values of several goals cost nothing here. */
    union {
        double value; /* of the first goal */
        double values[HPO_MAX_GOALS];
    };
    uint32_t n_values; /* 0 is 1 */
    bool stop;         /* REPORT: the scheduler said stop at this report: the trial's last event is this one */
    bool open;         /* REPORT with stop: its worker will still answer: a RESULT or a CLOSE of the trial follows */
    bool final;        /* RESULT: no promotion can follow: COMPLETE when it did not fail */
    hpo_result result; /* REPORT: metrics, and cost when stop; RESULT: everything, cost is the charged one; ATTEMPT:
                          why it failed */
    uint32_t attempt;  /* REPORT, RESULT, ATTEMPT */
    uint32_t worker;   /* REPORT, RESULT, ATTEMPT: who ran it (informative only) */
    double at;         /* when: seconds since 1970 (informative only); 0 = unknown */
} hpo_record;

static inline size_t hpo_record_values(const hpo_record *record) {
    return record->n_values > 1 ? record->n_values : 1;
}

static inline bool hpo_record_is_finite(const hpo_record *record) {
    for (size_t g = 0; g < hpo_record_values(record); g++)
        if (!(record->values[g] - record->values[g] == 0)) return false; /* infinities: NaN */
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
