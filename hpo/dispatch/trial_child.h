/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens in the child process of a trial, between fork and exit. */
#ifndef HPO_DISPATCH_TRIAL_CHILD_H
#define HPO_DISPATCH_TRIAL_CHILD_H

#include <sys/types.h>

#include "hpo/dispatch/instance.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_trial_child {
    hpo_instance *instance;
    const hpo_job *job;
    pid_t server;
    int messages, output; /* pipes to the server: for frames, and for what the evaluation prints */
    const int *close;     /* descriptors of the server that a trial has no business with */
    size_t n_close;
} hpo_trial_child;

/* What RLIMIT_DATA allows a trial besides what the calling process holds now; 0: no limit. */
uint64_t hpo_trial_data_limit(const hpo_limits *limits);
/* Evaluates and ends the process. */
__attribute__((noreturn)) void hpo_trial_child_run(const hpo_trial_child *child);

#ifdef __cplusplus
}
#endif
#endif
