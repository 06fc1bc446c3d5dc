/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs whose processes could not be started yet, because something was short that may be there again soon. */
#ifndef HPO_DISPATCH_WAITING_JOBS_H
#define HPO_DISPATCH_WAITING_JOBS_H

#include "hpo/dispatch/message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HPO_START_PATIENCE 60.0 /* seconds; then what is short counts as gone */

typedef struct hpo_waiting_job {
    hpo_message message; /* its config is ours */
    double since, next, pause;
    char reason[160]; /* of the first failure */
} hpo_waiting_job;

/* Caller-placed; {0} is empty. */
typedef struct hpo_waiting_jobs {
    hpo_waiting_job *item;
    size_t count, capacity;
} hpo_waiting_jobs;
void hpo_waiting_jobs_fini(hpo_waiting_jobs *jobs);

/* Copies a JOB that failed to start now for the first time. */
void hpo_waiting_jobs_add(hpo_waiting_jobs *jobs, const hpo_message *job, const char *reason, double now);
/* It failed again: false when its patience is over. The next attempt comes after twice the pause. */
bool hpo_waiting_jobs_put_off(hpo_waiting_jobs *jobs, size_t index, double now);
/* The others keep their order. */
void hpo_waiting_jobs_remove(hpo_waiting_jobs *jobs, size_t index);
/* When the next attempt is due; INFINITY = none. */
double hpo_waiting_jobs_next(const hpo_waiting_jobs *jobs);

#ifdef __cplusplus
}
#endif
#endif
