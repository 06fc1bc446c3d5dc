/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Group commit: fdatasync takes milliseconds, so it runs beside the search, at most every 100 ms and only when there
 * is something to save. A killed process loses nothing (what was written is the kernel's); a killed machine loses a
 * tenth of a second. For whoever waits for each sync there is no pause: what was written during one is saved by the
 * next, so that the groups are as large as the disk is slow.
 *
 * A file that was removed or replaced still takes what is written to it, and it is gone with the process. Only a look
 * at the path tells. */
#include "hpo/trials/journal_keeper.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

static const double PAUSE = 0.1; /* seconds between two groups */

/* ---- looking ---- */

/* The inode of the folder that holds path; 0 when there is none. */
static ino_t folder_of(const char *path) {
    char *copy = base_strdup(path);
    struct stat info;
    const ino_t inode = stat(dirname(copy), &info) == 0 ? info.st_ino : 0;
    free(copy);
    return inode;
}

/* What cannot be told (a file server that does not answer) is no news. */
static hpo_keeper_news look(const hpo_keeper *keeper) {
    struct stat held, there;
    if (fstat(keeper->fd, &held) != 0) return HPO_KEEPER_FINE;
    if (stat(keeper->path, &there) == 0) {
        const bool same = held.st_ino == there.st_ino && held.st_dev == there.st_dev;
        if (!same) return HPO_KEEPER_REPLACED;
    } else if (errno == ENOENT || errno == ENOTDIR) {
        const ino_t folder = folder_of(keeper->path);
        return folder == 0 || folder != keeper->folder ? HPO_KEEPER_FOLDER_GONE : HPO_KEEPER_REMOVED;
    }
    if (keeper->lock && !hpo_lock_beat(keeper->lock)) return HPO_KEEPER_TAKEN_OVER;
    return HPO_KEEPER_FINE;
}

/* ---- the thread ---- */

static void wait_until(hpo_keeper *keeper, double when) {
    struct timespec until = {.tv_sec = (time_t)when};
    until.tv_nsec = (long)((when - (double)until.tv_sec) * 1e9);
    pthread_cond_timedwait(&keeper->wake, &keeper->mutex, &until);
}

/* Holds the mutex, but not while it works. */
static void sync_group(hpo_keeper *keeper) {
    const uint64_t marked = keeper->marked;
    keeper->dirty = false;
    pthread_mutex_unlock(&keeper->mutex);
    const int error = fdatasync(keeper->fd) == 0 ? 0 : errno;
    pthread_mutex_lock(&keeper->mutex);
    if (error == 0) keeper->synced = marked;
    if (keeper->done >= 0) eventfd_write(keeper->done, 1);
    if (error == 0 || keeper->news != HPO_KEEPER_FINE) return;
    keeper->news = HPO_KEEPER_SYNC_FAILED;
    keeper->error = error;
}

static void beat(hpo_keeper *keeper) {
    pthread_mutex_unlock(&keeper->mutex);
    const hpo_keeper_news news = look(keeper);
    pthread_mutex_lock(&keeper->mutex);
    if (keeper->news == HPO_KEEPER_FINE) keeper->news = news;
}

static void *run(void *self) {
    hpo_keeper *keeper = self;
    double next_beat = base_monotonic() + keeper->period, next_sync = 0;
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->stop) {
        const double now = base_monotonic();
        if (now >= next_beat) {
            beat(keeper);
            next_beat = base_monotonic() + keeper->period;
        } else if (keeper->dirty && now >= next_sync) {
            sync_group(keeper);
            next_sync = keeper->each ? 0 : base_monotonic() + PAUSE;
        } else {
            wait_until(keeper, keeper->dirty && next_sync < next_beat ? next_sync : next_beat);
        }
    }
    pthread_mutex_unlock(&keeper->mutex);
    return NULL;
}

/* ---- from outside ---- */

base_status hpo_keeper_start(hpo_keeper *keeper, int fd, const char *path, const hpo_lock *lock, double period,
                             bool each, base_err *err) {
    *keeper = (hpo_keeper){.fd = fd,
                           .path = path,
                           .lock = lock,
                           .period = period,
                           .folder = folder_of(path),
                           .each = each,
                           .done = each ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1};
    if (each && keeper->done < 0) return BASE_FAIL(err, BASE_IO, "eventfd: %s", strerror(errno));
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &clock);
    pthread_condattr_destroy(&clock);
    sigset_t all, before; /* signals are for the thread that asked for them */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int error = pthread_create(&keeper->thread, NULL, run, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return BASE_OK;
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->mutex);
    if (keeper->done >= 0) close(keeper->done);
    return BASE_FAIL(err, BASE_IO, "cannot start the journal's thread: %s", strerror(error));
}

hpo_keeper_news hpo_keeper_mark(hpo_keeper *keeper, uint64_t position) {
    pthread_mutex_lock(&keeper->mutex);
    const bool wake = !keeper->dirty;
    keeper->dirty = true;
    keeper->marked = position;
    const hpo_keeper_news news = keeper->news;
    pthread_mutex_unlock(&keeper->mutex);
    if (wake) pthread_cond_signal(&keeper->wake);
    return news;
}

/* First the event, then the position: what is synced in between is another event. */
uint64_t hpo_keeper_synced(hpo_keeper *keeper) {
    eventfd_t count;
    if (keeper->done >= 0) (void)eventfd_read(keeper->done, &count);
    pthread_mutex_lock(&keeper->mutex);
    const uint64_t synced = keeper->synced;
    pthread_mutex_unlock(&keeper->mutex);
    return synced;
}

hpo_keeper_news hpo_keeper_ask(hpo_keeper *keeper) {
    pthread_mutex_lock(&keeper->mutex);
    const hpo_keeper_news news = keeper->news;
    pthread_mutex_unlock(&keeper->mutex);
    return news;
}

hpo_keeper_news hpo_keeper_stop(hpo_keeper *keeper) {
    pthread_mutex_lock(&keeper->mutex);
    keeper->stop = true;
    pthread_mutex_unlock(&keeper->mutex);
    pthread_cond_signal(&keeper->wake);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->mutex);
    if (keeper->done >= 0) close(keeper->done);
    return keeper->news == HPO_KEEPER_FINE ? look(keeper) : keeper->news;
}
