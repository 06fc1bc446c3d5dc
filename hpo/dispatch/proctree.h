/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Process trees as /proc shows them: who descends from a process, how much memory they hold, and their end. */
#ifndef HPO_DISPATCH_PROCTREE_H
#define HPO_DISPATCH_PROCTREE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Caller-placed; {0} is empty. */
typedef struct hpo_pids {
    pid_t *item;
    size_t count, capacity;
} hpo_pids;
void hpo_pids_fini(hpo_pids *pids);

/* The parent in the text of /proc/<pid>/stat, or -1 when it is not one. A process may call itself ") R 1 (". */
pid_t hpo_proctree_stat_parent(const char *stat);

/* Replaces *out by the children of pid (zombies too); none when pid does not exist. */
void hpo_proctree_children(pid_t pid, hpo_pids *out);
/* The same by a walk over all of /proc: for kernels without /proc/<pid>/task/<tid>/children. */
void hpo_proctree_children_by_scan(pid_t pid, hpo_pids *out);
/* Replaces *out by root and all its descendants, parents first. */
void hpo_proctree_list(pid_t root, hpo_pids *out);
/* Adds root and its descendants to *out, those that are not in it yet. */
void hpo_proctree_add(pid_t root, hpo_pids *out);
/* Whether the process was started with this variable in its environment: "NAME=value". */
bool hpo_proctree_has_variable(pid_t pid, const char *variable);

/* Bytes that the processes hold together. Memory that several processes share is divided among them all, so a child
 * that was forked from a process with a large data set is charged its part of it. Exact only above `limit`: below,
 * the resident sets are added up, which costs less and can only be more. */
uint64_t hpo_proctree_memory(const hpo_pids *pids, uint64_t limit);

/* Stops root and all its descendants, then kills them: what is stopped cannot fork while the others are being found. */
void hpo_proctree_kill(pid_t root);

#ifdef __cplusplus
}
#endif
#endif
