/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running a program whose standard output is read. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_PROGRAM_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_PROGRAM_H

#include <sys/types.h>

#include "base/buf.h"
#include "experiments/objectives/command_output.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The file that execvp would run for `name` from within folder cwd, with this PATH: BASE_OK, BASE_NOTFOUND, or
 * BASE_INVALID when it is there but cannot be executed. */
base_status command_program_find(const char *name, const char *cwd, const char *path, base_buf *found);

/* Runs argv in folder cwd with the environment of this process until it ends; its output goes through `output`
 * and to our standard output. *status is that of waitpid. Fails only when it cannot be started. */
BASE_CHECK base_status command_program_run(char *const argv[], const char *cwd, command_output *output, int *status,
                                           base_err *err);

#ifdef __cplusplus
}
#endif
#endif
