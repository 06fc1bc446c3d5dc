/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of a process, from /proc/PID/stat (proc(5)). */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <sys/types.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct base_process {
    pid_t pid, parent;
    char state;               /* R, S, Z: a zombie, ... */
    unsigned long long start; /* clock ticks since boot, which tell a number that was given again; 0: unknown */
    char name[32];
} base_process;

/* The text of such a file; its name may hold anything, also brackets. False: it is none. */
bool base_process_parse(const char *stat, base_process *out);
/* False: there is none of that number, as far as we are told. A zombie is one. */
bool base_process_look(pid_t pid, base_process *out);

#ifdef __cplusplus
}
#endif
#endif
