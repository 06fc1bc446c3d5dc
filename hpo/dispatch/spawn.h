/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a program without a copy of the process that starts it. */
#ifndef HPO_DISPATCH_SPAWN_H
#define HPO_DISPATCH_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_spawn_plan {
    char *const *argv; /* argv[0] is looked up in the PATH of env */
    char **env;        /* the whole environment */
    const char *cwd;
    int output, errors;   /* what its standard output and standard error become */
    uint64_t data_memory; /* RLIMIT_DATA in bytes; 0 = none */
} hpo_spawn_plan;

typedef struct hpo_spawned {
    pid_t pid, group;
} hpo_spawned;

/* Starts the program in a process group of its own, in which it is not the leader: setsid(2) works as in a script. It
 * dies with the calling thread. errno of a failure: *error, and BASE_NOTFOUND: the folder could not be entered or the
 * file not executed; BASE_IO: there was no process. */
BASE_CHECK base_status hpo_spawn(const hpo_spawn_plan *plan, hpo_spawned *out, int *error, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
