/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log of a trial: the first 64 KiB and the last 1 MiB of what an evaluation writes, however much it is. */
#ifndef HPO_DISPATCH_TRIALLOG_H
#define HPO_DISPATCH_TRIALLOG_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_TRIALLOG_HEAD = 64 * 1024, HPO_TRIALLOG_TAIL = 1024 * 1024 };

typedef struct hpo_triallog hpo_triallog;

/* Appends to the file at path, which is made with the first byte of output; a line that names attempt and rung comes
 * before it. */
hpo_triallog *hpo_triallog_create(const char *path, uint32_t attempt, uint32_t rung);
typedef enum hpo_triallog_source { HPO_TRIALLOG_OUTPUT, HPO_TRIALLOG_ERRORS } hpo_triallog_source;
/* A log that cannot be written is not kept: it never harms the evaluation. */
void hpo_triallog_append(hpo_triallog *log, hpo_triallog_source source, const void *bytes, size_t length);
bool hpo_triallog_is_empty(const hpo_triallog *log);
/* What says best why a program ended: the newest line of its errors that is neither blank nor indented (the last line
 * of a traceback), else of its output; "" when there is none. Cut to fit a sentence. Valid until the next append. */
const char *hpo_triallog_last_line(hpo_triallog *log);
/* Writes the tail, with a line that says how much was left out before it. Accepts NULL. */
void hpo_triallog_destroy(hpo_triallog *log);

#ifdef __cplusplus
}
#endif
#endif
