/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running trial as its fork server sees it: the process, its pipes, its limits, and what becomes of it.
 *
 * It is a child forked from the server that evaluates and answers with messages, or, for an objective that runs
 * programs, the program itself, whose output the server reads. */
#ifndef HPO_DISPATCH_TRIAL_PROCESS_H
#define HPO_DISPATCH_TRIAL_PROCESS_H

#include <sys/resource.h>
#include <sys/types.h>

#include "hpo/dispatch/channel.h"
#include "hpo/dispatch/instance.h"
#include "hpo/dispatch/proctree.h"
#include "hpo/dispatch/triallog.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every program finds its trial's number in this variable. */
#define HPO_TRIAL_VARIABLE "HPO_TRIAL"

/* Why the server ended a trial: the first cause counts. */
typedef enum hpo_trial_cause {
    HPO_CAUSE_NONE,
    HPO_CAUSE_STOP,
    HPO_CAUSE_TIME,
    HPO_CAUSE_MEMORY,
    HPO_CAUSE_COMPLETE, /* it went on for trial.exit_grace after its result */
} hpo_trial_cause;

typedef struct hpo_trial_process {
    uint64_t trial;
    uint32_t attempt, rung;
    hpo_limits limits;
    pid_t pid, group;
    hpo_channel messages; /* in: REPORT, RESULT of a child */
    int output, errors;   /* in: what it prints; -1 at their ends. A child prints everything to output */
    hpo_triallog *log;
    const hpo_goal *goals; /* the study's */
    size_t n_goals;
    hpo_constraints constraints;
    uint64_t inherited; /* bytes resident in the server when it was started: its peak may count them */
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
    /* A program: */
    const hpo_program_ops *ops; /* NULL: a child */
    base_arena *arena;
    hpo_program program;
    bool complete; /* its result is; the time: */
    double completed;
    bool late;     /* it was not when the time was over */
    bool finished; /* nothing more is read */
} hpo_trial_process;

/* Makes the trial's folder and starts its process. hidden: descriptors of the server that a forked child closes.
 * BASE_BUSY: something is short that may be there again soon; BASE_IO: the run's folder cannot be used; anything else
 * is this trial's own failure. */
BASE_CHECK base_status hpo_trial_process_start(hpo_instance *instance, const hpo_message *job, const char *run_dir,
                                               const int *hidden, size_t n_hidden, hpo_trial_process **out,
                                               base_err *err);
void hpo_trial_process_destroy(hpo_trial_process *process); /* accepts NULL; the process must have been reaped */

/* Read a piece of what is there; false: nothing came. Reports are queued to `rank`, the result is kept. */
bool hpo_trial_process_read(hpo_trial_process *process, hpo_channel *rank);
bool hpo_trial_process_read_output(hpo_trial_process *process, hpo_channel *rank);
bool hpo_trial_process_read_errors(hpo_trial_process *process);
/* SIGTERM and the grace, or at once. */
void hpo_trial_process_stop(hpo_trial_process *process, hpo_stop_reason reason, double now);
/* Acts on the limits. strays: processes of this trial that do not descend from it any more; NULL: the memory is not
 * measured now. */
void hpo_trial_process_watch(hpo_trial_process *process, double now, const hpo_pids *strays);
/* When hpo_trial_process_watch has something to do next; INFINITY = never. */
double hpo_trial_process_next(const hpo_trial_process *process);
/* waitpid gave its end. */
void hpo_trial_process_reaped(hpo_trial_process *process, int status, const struct rusage *usage, double now);
/* Nothing more will be read of a program. */
void hpo_trial_process_finish(hpo_trial_process *process, hpo_channel *rank);
/* After its whole tree is gone: reads the rest and says what the evaluation came to. */
void hpo_trial_process_result(hpo_trial_process *process, hpo_channel *rank, hpo_message *message);

#ifdef __cplusplus
}
#endif
#endif
