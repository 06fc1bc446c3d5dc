/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of a trial: files KIND-FIDELITY.ENDING that let it go on from a fidelity, and files for people. */
#ifndef EXPERIMENTS_OBJECTIVES_TRIAL_FOLDER_H
#define EXPERIMENTS_OBJECTIVES_TRIAL_FOLDER_H

#include "base/buf.h"

/* A fidelity as names of files have it: 3, or 0.25. */
void trial_put_fidelity(base_buf *out, double fidelity);
/* Deletes the files of these kinds (NULL-terminated) at this fidelity, finished or half written, whatever stands behind
 * the fidelity; INFINITY: at any. Returns how many there were. */
size_t trial_forget(const char *folder, const char *const *kinds, double fidelity);
/* A full disk is told, and costs the file only. */
void trial_write(const char *path, const base_buf *text);

#endif
