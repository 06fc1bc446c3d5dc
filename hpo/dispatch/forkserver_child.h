/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork server's own process, and the payload of INIT that both sides agree on. */
#ifndef HPO_DISPATCH_FORKSERVER_CHILD_H
#define HPO_DISPATCH_FORKSERVER_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "hpo/dispatch/forkserver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tells a server to leave, at once even while init runs; what it is sent when its parent dies. */
#define HPO_FORKSERVER_LEAVE SIGHUP

/* Serves the rank at the other end of socket until it closes, and ends the process. */
__attribute__((noreturn)) void hpo_forkserver_run(const hpo_catalog *catalog, int socket, pid_t rank);

#ifdef __cplusplus
}
#endif
#endif
