/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread that brings what was written to the disk itself, in groups. */
#ifndef HPO_TRIALS_JOURNAL_SYNC_H
#define HPO_TRIALS_JOURNAL_SYNC_H

#include <pthread.h>

#include "base/status.h"

typedef struct journal_sync {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int fd;
    bool dirty; /* written to since the last fdatasync began */
    bool stop;
    int error; /* errno of the first that failed; sticks */
} journal_sync;

BASE_CHECK base_status journal_sync_start(journal_sync *sync, int fd, base_err *err);
/* Something was written. Returns the errno of a failed sync so far, or 0. */
int journal_sync_mark(journal_sync *sync);
/* Ends the thread without a last sync. */
void journal_sync_stop(journal_sync *sync);

#endif
