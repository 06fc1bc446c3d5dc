/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine that is short of processes or of room on its disk is made worse by somebody who asks without pause, and a
 * run of days must not end for a shortage of seconds: so attempts come at doubling distances, for a minute. */
#include "hpo/dispatch/waiting_jobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const double FIRST_PAUSE = 0.05, LONGEST_PAUSE = 5; /* seconds */

void hpo_waiting_jobs_fini(hpo_waiting_jobs *jobs) {
    while (jobs->count) hpo_waiting_jobs_remove(jobs, jobs->count - 1);
    free(jobs->item);
    *jobs = (hpo_waiting_jobs){0};
}

void hpo_waiting_jobs_add(hpo_waiting_jobs *jobs, const hpo_message *job, const char *reason, double now) {
    double *config = base_calloc(job->n_config + 1, sizeof *config);
    if (job->n_config) memcpy(config, job->config, job->n_config * sizeof *config);
    BASE_GROW(jobs->item, jobs->capacity, jobs->count + 1);
    hpo_waiting_job *added = &jobs->item[jobs->count++];
    *added = (hpo_waiting_job){.message = *job, .since = now, .next = now + FIRST_PAUSE, .pause = FIRST_PAUSE};
    snprintf(added->reason, sizeof added->reason, "%s", reason);
    added->message.config = config;
    added->message.host = added->message.text = "";
}

bool hpo_waiting_jobs_put_off(hpo_waiting_jobs *jobs, size_t index, double now) {
    hpo_waiting_job *job = &jobs->item[index];
    if (now >= job->since + HPO_START_PATIENCE) return false;
    job->pause = fmin(2 * job->pause, LONGEST_PAUSE);
    job->next = fmin(now + job->pause, job->since + HPO_START_PATIENCE);
    return true;
}

void hpo_waiting_jobs_remove(hpo_waiting_jobs *jobs, size_t index) {
    free((void *)jobs->item[index].message.config);
    memmove(&jobs->item[index], &jobs->item[index + 1], (--jobs->count - index) * sizeof *jobs->item);
}

double hpo_waiting_jobs_next(const hpo_waiting_jobs *jobs) {
    double next = INFINITY;
    for (size_t i = 0; i < jobs->count; i++) next = fmin(next, jobs->item[i].next);
    return next;
}
