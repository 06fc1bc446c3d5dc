/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Levelled lines to one sink: "level: text", with the rank in front when there is one. The only global state. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdio.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum base_log_level { BASE_LOG_ERROR, BASE_LOG_WARN, BASE_LOG_INFO, BASE_LOG_DEBUG } base_log_level;

/* Sink NULL = stderr. rank < 0 prints none. Default: stderr, BASE_LOG_INFO, no rank. */
void base_log_setup(FILE *sink, base_log_level level, int rank);
/* A callback that runs before each line (a progress display wipes its line); NULL = none. */
void base_log_before(void (*hook)(void *self), void *self);
void base_log(base_log_level level, const char *fmt, ...) BASE_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
