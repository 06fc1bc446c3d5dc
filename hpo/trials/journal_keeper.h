/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that looks after an open journal: brings what was written to the disk itself, renews the lock's beat, and
 * looks whether the file is still where it was. A disk that keeps somebody waiting then keeps nobody else. */
#ifndef HPO_TRIALS_JOURNAL_KEEPER_H
#define HPO_TRIALS_JOURNAL_KEEPER_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "hpo/trials/journal_lock.h"

typedef enum hpo_keeper_news {
    HPO_KEEPER_FINE,
    HPO_KEEPER_SYNC_FAILED, /* error says why */
    HPO_KEEPER_TAKEN_OVER,  /* another run has the lock */
    HPO_KEEPER_REMOVED,     /* no file is at the path any more */
    HPO_KEEPER_REPLACED,    /* another file is */
    HPO_KEEPER_FOLDER_GONE,
} hpo_keeper_news;

typedef struct hpo_keeper {
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t wake;
    bool dirty; /* written to since the last fdatasync began */
    bool stop;
    uint64_t marked, synced; /* positions: what shall be on the disk, what is */
    hpo_keeper_news news;    /* the first; sticks */
    int error;               /* errno of a failed sync */
    int done;                /* an eventfd, readable when a sync has ended; -1: each is not set */
    /* of the thread alone: */
    bool each; /* syncs at once, not by group */
    int fd;
    const char *path;
    const hpo_lock *lock;
    double period; /* seconds between two beats */
    ino_t folder;  /* when it began; 0 = unknown */
} hpo_keeper;

/* path and lock (NULL: none) must outlive the thread. each: somebody waits for every sync. */
BASE_CHECK base_status hpo_keeper_start(hpo_keeper *keeper, int fd, const char *path, const hpo_lock *lock,
                                        double period, bool each, base_err *err);
/* All up to this position was written and shall be on the disk soon. */
hpo_keeper_news hpo_keeper_mark(hpo_keeper *keeper, uint64_t position);
/* What is on the disk, at least. */
uint64_t hpo_keeper_synced(hpo_keeper *keeper);
hpo_keeper_news hpo_keeper_ask(hpo_keeper *keeper);
/* Ends the thread without a last sync. The answer is that of a last look. */
hpo_keeper_news hpo_keeper_stop(hpo_keeper *keeper);

#endif
