/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a fork of a rank becomes a fork server: signals, descriptors, environment. */
#ifndef HPO_DISPATCH_FORKSERVER_SETUP_H
#define HPO_DISPATCH_FORKSERVER_SETUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "hpo/dispatch/devices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Leads a session of its own with nothing open but the socket. Returns a signalfd that tells of children and of
 * HPO_FORKSERVER_LEAVE; without the rank the process ends. */
int hpo_forkserver_become(int socket, pid_t rank);
/* fd becomes the file at path, if that can be opened. */
void hpo_forkserver_redirect(int fd, const char *path, int flags);
/* Whether HPO_FORKSERVER_LEAVE ends the process at once, or waits to be read. */
void hpo_forkserver_allow_leave(bool allowed);
/* "NAME" or "NAME=value": whether a launcher of parallel processes, or -j, set it for one process, so that a trial must
 * not inherit it. */
bool hpo_forkserver_is_of_launcher(const char *name);
/* What programs find in their environment: numbers of threads, HPO_WORKER, HPO_LOCAL_WORKER. */
void hpo_forkserver_set_threads(int threads);
void hpo_forkserver_set_place(const hpo_place *place);

#ifdef __cplusplus
}
#endif
#endif
