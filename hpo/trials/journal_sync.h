/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread that brings what was written to the disk itself, in groups. */
#ifndef HPO_TRIALS_JOURNAL_SYNC_H
#define HPO_TRIALS_JOURNAL_SYNC_H

#include <pthread.h>

#include "base/status.h"

typedef struct hpo_syncer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int fd;
    bool dirty; /* written to since the last fdatasync began */
    bool stop;
    int error; /* errno of the first that failed; sticks */
} hpo_syncer;

BASE_CHECK base_status hpo_syncer_start(hpo_syncer *sync, int fd, base_err *err);
/* Something was written. Returns the errno of a failed sync so far, or 0. */
int hpo_syncer_mark(hpo_syncer *sync);
/* Ends the thread without a last sync. */
void hpo_syncer_stop(hpo_syncer *sync);

#endif
