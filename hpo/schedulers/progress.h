/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the reports of each trial have been read, so that a rule that stops trials reads each of them once and not
 * a whole curve again at every report. */
#ifndef HPO_SCHEDULERS_PROGRESS_H
#define HPO_SCHEDULERS_PROGRESS_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of one trial. Its rule reads on from `read`, and keeps in the others what it needs. */
typedef struct hpo_progress {
    size_t read;         /* reports; at most as many as the view shows */
    double before, step; /* the highest step before the last report, and with it; -INFINITY: none */
    double best;         /* loss; INFINITY: none */
    int64_t waited;      /* reports in a row without an improvement */
} hpo_progress;

/* Of all; zero-initialize. */
typedef struct hpo_progresses {
    hpo_progress *trials;
    size_t count, capacity;
    hpo_view view; /* the last one */
} hpo_progresses;

/* Where the rule left off, or the beginning: when the trial has not been asked about, and when the view is an earlier
 * one or another history's. Valid until the next call. */
hpo_progress *hpo_progress_of(hpo_progresses *all, hpo_view view, const hpo_trial *trial);
/* The next report that is no repetition, or NULL at the end; keeps read, before and step. */
const hpo_report *hpo_progress_next(hpo_progress *progress, const hpo_trial *trial);
void hpo_progresses_fini(hpo_progresses *all);

#ifdef __cplusplus
}
#endif
#endif
