/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Advice about programs that work, but not as their users believe: each kind is said once in a run, where it happens
 * first, and counted for the summary. The kinds are in hpo/trials/result.h, because objectives raise them, too. */
#ifndef HPO_DISPATCH_NOTICES_H
#define HPO_DISPATCH_NOTICES_H

#include "base/buf.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_NOTICE_NAMED = 8 }; /* trials that are named for each kind */

typedef struct hpo_notices {
    struct {
        uint64_t count;
        uint64_t trial[HPO_NOTICE_NAMED]; /* the first ones, each once */
        size_t named;
        bool more; /* there are others */
        bool said;
    } kind[HPO_NOTICE_COUNT];
    double late_cost; /* that was spent after trials had been stopped, and stands in no book */
    uint64_t deleted; /* files of trials that can never go on */
} hpo_notices;

/* Counts one for a trial; the sentence is said if it is the first of its kind in this run. */
void hpo_notices_raise(hpo_notices *notices, hpo_notice kind, uint64_t trial, const char *fmt, ...) BASE_PRINTF(4, 5);
/* Counts what an earlier run has said. */
void hpo_notices_count(hpo_notices *notices, hpo_notice kind, uint64_t trial);
/* A line for each kind that was raised, and for what was deleted, behind an indent of two. */
void hpo_notices_print(const hpo_notices *notices, const char *unit, base_buf *out);
/* {"early_end": {"count": 3, "trials": [0, 4, 7]}, ...} */
void hpo_notices_print_json(const hpo_notices *notices, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
