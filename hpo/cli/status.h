/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.json: how a run stands, for whoever looks at its folder from outside.
 *
 * Its head says who writes it and when, so that a dead run can be told from a living one: a run whose state is
 * "running" or "stopping" renews `updated` every `period` seconds. */
#ifndef HPO_CLI_STATUS_H
#define HPO_CLI_STATUS_H

#include <sys/types.h>

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cli_state {
    const char *name;   /* "running", "stopping", "done", "failed", "interrupted", ... */
    int exit_code;      /* -1 while running */
    const char *reason; /* or NULL */
} cli_state;

typedef struct cli_status cli_status;

/* Starts the thread that writes dir/status.json. NULL: no thread can be started. */
cli_status *cli_status_create(const char *dir);
/* What there is to say now. body: members of a JSON object, each with ", " before it. It is written within a period, at
 * once when the state is another one; a failure to write is said once. Never waits for the disk. */
void cli_status_put(cli_status *status, const cli_state *state, const base_buf *body);
/* The last word: waits until it is written and ends the thread. Frees. Accepts NULL. */
BASE_CHECK base_status cli_status_end(cli_status *status, const cli_state *state, const base_buf *body, base_err *err);
/* Ends without a word: somebody else writes there by now. Accepts NULL. */
void cli_status_drop(cli_status *status);
/* For a signal handler: a number written here (cli_status_leave_now) makes the thread write that the run was ended at
 * once, and end the process with that exit code. -1 when status is NULL. */
int cli_status_fd(const cli_status *status);
void cli_status_leave_now(int fd); /* async-signal-safe */

/* The members of the head without braces, for status.json and --json alike. */
void cli_status_put_head(const cli_state *state, base_buf *out);
/* From outside: the process `pid` on this host is dead. When it is the one whose words stand in dir/status.json and
 * they are not its last ones, the state there becomes this one. */
void cli_status_mark_dead(const char *dir, pid_t pid, const cli_state *state);

#ifdef __cplusplus
}
#endif
#endif
