/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a program. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_PROGRAM_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_PROGRAM_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The file that execvp would run for `name` from within folder cwd, with this PATH: BASE_OK, BASE_NOTFOUND, or
 * BASE_INVALID when it is there but cannot be executed. */
base_status command_program_find(const char *name, const char *cwd, const char *path, base_buf *found);

#ifdef __cplusplus
}
#endif
#endif
