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
/* A log that cannot be written is not kept: it never harms the evaluation. */
void hpo_triallog_append(hpo_triallog *log, const void *bytes, size_t length);
/* The newest line that is not blank, cut to fit; "" when there is none. */
void hpo_triallog_last_line(const hpo_triallog *log, char *line, size_t size);
/* Writes the tail, with a line that says how much was left out before it. Accepts NULL. */
void hpo_triallog_destroy(hpo_triallog *log);

#ifdef __cplusplus
}
#endif
#endif
