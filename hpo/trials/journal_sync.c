/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Group commit: fdatasync takes milliseconds, so it runs beside the search, at most every 100 ms and only when there
 * is something to save. A killed process loses nothing (what was written is the kernel's); a killed machine loses a
 * tenth of a second. */
#include "hpo/trials/journal_sync.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_NS = 100 * 1000 * 1000 };

/* Sleeps out the pause between two groups, unless told to stop. Holds the mutex. */
static void rest(hpo_syncer *sync) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PAUSE_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!sync->stop && pthread_cond_timedwait(&sync->wake, &sync->mutex, &until) != ETIMEDOUT) {
    }
}

static void *run(void *self) {
    hpo_syncer *sync = self;
    pthread_mutex_lock(&sync->mutex);
    while (!sync->stop) {
        if (!sync->dirty) {
            pthread_cond_wait(&sync->wake, &sync->mutex);
            continue;
        }
        sync->dirty = false;
        pthread_mutex_unlock(&sync->mutex);
        int error = fdatasync(sync->fd) == 0 ? 0 : errno;
        pthread_mutex_lock(&sync->mutex);
        if (error != 0 && sync->error == 0) sync->error = error;
        rest(sync);
    }
    pthread_mutex_unlock(&sync->mutex);
    return NULL;
}

base_status hpo_syncer_start(hpo_syncer *sync, int fd, base_err *err) {
    *sync = (hpo_syncer){.fd = fd};
    pthread_mutex_init(&sync->mutex, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&sync->wake, &clock);
    pthread_condattr_destroy(&clock);
    sigset_t all, before; /* signals are for the thread that asked for them */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&sync->thread, NULL, run, sync);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return BASE_OK;
    pthread_cond_destroy(&sync->wake);
    pthread_mutex_destroy(&sync->mutex);
    return BASE_FAIL(err, BASE_IO, "cannot start the journal's thread: %s", strerror(error));
}

int hpo_syncer_mark(hpo_syncer *sync) {
    pthread_mutex_lock(&sync->mutex);
    bool wake = !sync->dirty;
    sync->dirty = true;
    int error = sync->error;
    pthread_mutex_unlock(&sync->mutex);
    if (wake) pthread_cond_signal(&sync->wake);
    return error;
}

void hpo_syncer_stop(hpo_syncer *sync) {
    pthread_mutex_lock(&sync->mutex);
    sync->stop = true;
    pthread_mutex_unlock(&sync->mutex);
    pthread_cond_signal(&sync->wake);
    pthread_join(sync->thread, NULL);
    pthread_cond_destroy(&sync->wake);
    pthread_mutex_destroy(&sync->mutex);
}
