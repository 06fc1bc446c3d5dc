/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running trial as its fork server sees it: the child, its pipes, its limits, and what becomes of it. */
#ifndef HPO_DISPATCH_TRIAL_PROCESS_H
#define HPO_DISPATCH_TRIAL_PROCESS_H

#include <sys/resource.h>
#include <sys/types.h>

#include "hpo/dispatch/channel.h"
#include "hpo/dispatch/instance.h"
#include "hpo/dispatch/triallog.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why the server ended a trial: the first cause counts. */
typedef enum hpo_trial_cause { HPO_CAUSE_NONE, HPO_CAUSE_STOP, HPO_CAUSE_TIME, HPO_CAUSE_MEMORY } hpo_trial_cause;

typedef struct hpo_trial_process {
    uint64_t trial;
    uint32_t attempt, rung;
    hpo_limits limits;
    pid_t pid;
    hpo_channel messages; /* in: REPORT, RESULT */
    int output;           /* in: what it prints; -1 at its end */
    hpo_triallog *log;
    uint64_t inherited; /* bytes resident in the server when it was forked */
    double started;
    double kill_at; /* INFINITY: nobody wants it dead */
    hpo_trial_cause cause;
    hpo_stop_reason stop;
    uint64_t memory; /* cause MEMORY: what was found */
    bool answered;   /* result holds what the child says */
    bool killed;     /* by us */
    bool reaped;     /* status and usage are final */
    double ended;    /* when it answered, or was reaped */
    int status;      /* of waitpid */
    struct rusage usage;
    hpo_result result;
} hpo_trial_process;

/* Makes the trial's folder and forks. hidden: descriptors of the server that the child closes. BASE_IO: a folder, pipe
 * or process could not be had. */
BASE_CHECK base_status hpo_trial_process_start(hpo_instance *instance, const hpo_message *job, const char *run_dir,
                                               const int *hidden, size_t n_hidden, hpo_trial_process **out,
                                               base_err *err);
void hpo_trial_process_destroy(hpo_trial_process *process); /* accepts NULL; the child must have been reaped */

/* Read a piece of what is there; false: nothing came. Reports are queued to `rank`, the result is kept. */
bool hpo_trial_process_read(hpo_trial_process *process, hpo_channel *rank);
bool hpo_trial_process_read_output(hpo_trial_process *process);
/* SIGTERM and the grace, or at once. */
void hpo_trial_process_stop(hpo_trial_process *process, hpo_stop_reason reason, double now);
/* Acts on the limits. look: measure the memory, too. */
void hpo_trial_process_watch(hpo_trial_process *process, double now, bool look);
/* When hpo_trial_process_watch has something to do next; INFINITY = never. */
double hpo_trial_process_next(const hpo_trial_process *process);
/* waitpid gave its end. */
void hpo_trial_process_reaped(hpo_trial_process *process, int status, const struct rusage *usage, double now);
/* After its whole tree is gone: reads the rest and says what the evaluation came to. */
void hpo_trial_process_result(hpo_trial_process *process, hpo_channel *rank, hpo_message *message);

#ifdef __cplusplus
}
#endif
#endif
