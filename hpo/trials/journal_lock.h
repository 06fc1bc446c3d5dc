/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock file beside a journal: one writer, on whatever host. */
#ifndef HPO_TRIALS_JOURNAL_LOCK_H
#define HPO_TRIALS_JOURNAL_LOCK_H

#include "base/status.h"

typedef struct hpo_lock {
    char *path; /* of the lock file; NULL when not held */
    int fd;
} hpo_lock;

/* Takes <journal>.hpo-lock; guard_fd is the open journal. A stale lock is broken: its process is gone from this
 * process namespace, or it belongs to another machine or container and was not renewed for stale_after seconds, or it
 * names no owner for 5. A beat dated in the future counts from now, so then the call takes that long. BASE_BUSY names
 * the holder. */
BASE_CHECK base_status hpo_lock_take(hpo_lock *lock, const char *journal, int guard_fd, double stale_after,
                                     base_err *err);
/* Renews the beat. False: the lock was broken by another run (this process had been asleep for too long). */
bool hpo_lock_beat(const hpo_lock *lock);
void hpo_lock_release(hpo_lock *lock);

#endif
