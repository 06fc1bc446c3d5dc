/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What training does from one result to the next: trials that go on, by themselves or from what another one has
 * learned, read as intervals that begin with a result and end with one. */
#ifndef HPO_MODELS_INTERVALS_H
#define HPO_MODELS_INTERVALS_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_interval {
    uint64_t trial;         /* whose configuration it is trained with */
    uint32_t step;          /* the rung that it ends on */
    const hpo_eval *before; /* a success */
    const hpo_eval *after;  /* at a higher fidelity; it may have failed. NULL: still running */
} hpo_interval;

/* Zero-initialize. */
typedef struct hpo_intervals {
    size_t n, n_running;
    hpo_interval *ended;   /* the newest, by the event of their end */
    hpo_interval *running; /* by trial */
    size_t capacity, running_capacity;
} hpo_intervals;

/* At most `newest` of the ended ones. Pointers are the history's. O(results). */
void hpo_intervals_collect(hpo_intervals *intervals, hpo_view view, size_t newest);
void hpo_intervals_fini(hpo_intervals *intervals);
/* What a child of the trial goes on from: its last success, or NULL. */
const hpo_eval *hpo_interval_state(hpo_view view, uint64_t trial);

#ifdef __cplusplus
}
#endif
#endif
