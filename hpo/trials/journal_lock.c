/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lock file with an owner that can be asked after: host, boot, process, the moment that process began, and the
 * namespace in which its number means something.
 *
 * flock alone would do on one machine, but journals lie on shared file systems where it is often missing or does not
 * reach other hosts. So ownership is a file created with O_EXCL. In the owner's process namespace the kernel says
 * whether it lives (a recycled process id is told apart by its start time). Elsewhere, in another container of the same
 * machine too, its beat does: the file's modification time, set and compared by the clock of the file server, because
 * the clocks of two hosts may differ. A beat that is dated in the future (that clock was set back) says nothing about
 * when it was: then the lock is watched, and broken when it gives no beat for as long as any other would have. Taking
 * and breaking is serialized by flock on the journal where that works; where it does not, a lock is moved aside before
 * it is removed and put back if it was not the stale one. */
#include "hpo/trials/journal_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"

static const double UNNAMED = 5; /* seconds within which a lock that was made names its owner */

typedef struct owner {
    char host[128];
    char boot[64]; /* of the kernel: another one means another machine, or the same after a restart */
    long pid;
    unsigned long long start; /* in clock ticks since boot; 0 = unknown */
    char space[64];           /* of process ids, as /proc/self/ns/pid names it; "-" = unknown */
} owner;

static bool read_text(const char *path, char *out, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, out, capacity - 1);
    close(fd);
    out[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* A zombie holds nothing any more; where nobody reaps orphans, as in many containers, it stays for ever. */
static bool is_gone(const owner *holder) {
    base_process now;
    if (kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH) return true;
    if (!base_process_look((pid_t)holder->pid, &now)) return false;
    const bool other = now.start != 0 && holder->start != 0 && now.start != holder->start;
    return now.state == 'Z' || now.state == 'X' || other;
}

static owner myself(void) {
    base_process self = {0};
    (void)base_process_look(getpid(), &self);
    owner me = {.pid = (long)getpid(), .start = self.start};
    if (gethostname(me.host, sizeof me.host - 1) != 0 || !*me.host) snprintf(me.host, sizeof me.host, "unknown");
    if (!read_text("/proc/sys/kernel/random/boot_id", me.boot, sizeof me.boot)) snprintf(me.boot, sizeof me.boot, "-");
    me.boot[strcspn(me.boot, " \n")] = '\0';
    const ssize_t length = readlink("/proc/self/ns/pid", me.space, sizeof me.space - 1);
    if (length <= 0) snprintf(me.space, sizeof me.space, "-");
    return me;
}

static bool read_owner(int fd, owner *out) {
    char text[512];
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    if (length <= 0) return false;
    text[length] = '\0';
    const int fields =
        sscanf(text, "%127s %63s %ld %llu %63s", out->host, out->boot, &out->pid, &out->start, out->space);
    if (fields == 4) snprintf(out->space, sizeof out->space, "-"); /* of an older version */
    return fields >= 4;
}

/* The time of the file server: that of a file made just now. */
static bool server_now(const char *lock_path, struct timespec *now) {
    size_t size = strlen(lock_path) + 64;
    char *path = base_malloc(size);
    snprintf(path, size, "%s.now-%ld", lock_path, (long)getpid());
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
    struct stat info;
    bool ok = fd >= 0 && fstat(fd, &info) == 0;
    if (ok) *now = info.st_mtim;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    free(path);
    return ok;
}

/* The owner's process id is one of ours. */
static bool is_among_us(const owner *holder) {
    const owner me = myself();
    return strcmp(holder->host, me.host) == 0 && strcmp(holder->boot, me.boot) == 0 && strcmp(me.space, "-") != 0 &&
           strcmp(holder->space, me.space) == 0;
}

/* Seconds since the last beat by the clock of the file server. */
static bool age_of(int fd, const char *path, struct timespec *beat, double *age) {
    struct timespec now;
    struct stat info;
    if (fstat(fd, &info) != 0 || !server_now(path, &now)) return false;
    *beat = info.st_mtim;
    *age = difftime(now.tv_sec, beat->tv_sec) + 1e-9 * (double)(now.tv_nsec - beat->tv_nsec);
    return true;
}

/* Nothing moves the beat for so long. */
static bool stays_silent(int fd, const char *path, const struct timespec *beat, double seconds) {
    const double until = base_monotonic() + seconds;
    base_log(BASE_LOG_WARN, "the last beat of the lock %s lies in the future; it is watched for %g seconds", path,
             seconds);
    do {
        struct stat info;
        base_sleep(fmin(0.1, seconds));
        if (fstat(fd, &info) != 0 || info.st_nlink == 0) return false; /* released: try again */
        if (info.st_mtim.tv_sec != beat->tv_sec || info.st_mtim.tv_nsec != beat->tv_nsec) return false;
    } while (base_monotonic() < until);
    return true;
}

static bool is_stale(int fd, const char *path, bool known, const owner *holder, double stale_after) {
    static const double SKEW = 2; /* seconds: a file server's clock against its own time stamps */
    struct timespec beat;
    double age;
    if (known && is_among_us(holder)) return is_gone(holder);
    if (!age_of(fd, path, &beat, &age)) return false;
    if (age < -SKEW) return stays_silent(fd, path, &beat, stale_after);
    return age > stale_after;
}

static bool is_file_at(int fd, const char *path) {
    struct stat held, there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

/* Removes the lock file that fd reads, and no other that has taken its place. */
static void break_lock(const char *path, int fd) {
    size_t size = strlen(path) + 64;
    char *aside = base_malloc(size);
    snprintf(aside, size, "%s.broken-%ld", path, (long)getpid());
    if (rename(path, aside) == 0) {
        if (!is_file_at(fd, aside) && link(aside, path) != 0) { /* a third one holds it already */
        }
        unlink(aside);
    }
    free(aside);
}

/* Somebody has the lock: breaks it when stale (the caller tries again), else BASE_BUSY. */
static base_status examine(const char *path, double stale_after, base_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT) return BASE_OK;
        return BASE_FAIL(err, BASE_IO, "cannot read the lock %s: %s", path, strerror(errno));
    }
    owner holder = {0};
    bool known = read_owner(fd, &holder);
    base_status status = BASE_OK;
    if (!known) stale_after = fmin(stale_after, UNNAMED);
    if (is_stale(fd, path, known, &holder, stale_after)) {
        break_lock(path, fd);
    } else if (known) {
        status = BASE_FAIL(err, BASE_BUSY,
                           "another run holds %s: process %ld on host %s; wait for it or stop it (if that machine is "
                           "gone, the lock is broken %g seconds after its last beat)",
                           path, holder.pid, holder.host, stale_after);
    } else {
        status = BASE_FAIL(err, BASE_BUSY,
                           "%s names no owner, as when a run is killed while it makes it; it is broken when it is %g "
                           "seconds old, so try again then",
                           path, stale_after);
    }
    close(fd);
    return status;
}

/* Waits up to a second for whoever is taking or breaking the lock right now. */
static bool guard(int fd) {
    for (int i = 0; i < 100; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK && errno != EINTR) return false;
        base_sleep(0.01);
    }
    return false;
}

/* The file that we hold is still the one at the path. */
static bool is_ours(const hpo_lock *lock) {
    return is_file_at(lock->fd, lock->path);
}

static base_status create_lock(hpo_lock *lock, char *path, double stale_after, base_err *err) {
    for (int i = 0; i < 100; i++) {
        int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (fd >= 0) {
            owner me = myself();
            int length = dprintf(fd, "%s %s %ld %llu %s\n", me.host, me.boot, me.pid, me.start, me.space);
            const int reason = errno;
            *lock = (hpo_lock){.path = path, .fd = fd};
            if (length > 0 && is_ours(lock)) return BASE_OK;
            *lock = (hpo_lock){.fd = -1};
            close(fd);
            if (length > 0) continue; /* it was broken while it named nobody */
            unlink(path);
            return BASE_FAIL(err, BASE_IO, "cannot write the lock %s: %s", path, strerror(reason));
        }
        if (errno != EEXIST) return BASE_FAIL(err, BASE_IO, "cannot create the lock %s: %s", path, strerror(errno));
        BASE_TRY(examine(path, stale_after, err));
    }
    return BASE_FAIL(err, BASE_BUSY, "other runs keep taking the lock %s", path);
}

base_status hpo_lock_take(hpo_lock *lock, const char *journal, int guard_fd, double stale_after, base_err *err) {
    *lock = (hpo_lock){.fd = -1};
    size_t size = strlen(journal) + sizeof ".hpo-lock";
    char *path = base_malloc(size);
    snprintf(path, size, "%s.hpo-lock", journal);
    bool guarded = guard(guard_fd);
    base_status status = create_lock(lock, path, stale_after, err);
    if (guarded) flock(guard_fd, LOCK_UN);
    if (status != BASE_OK) free(path);
    return status;
}

bool hpo_lock_beat(const hpo_lock *lock) {
    return futimens(lock->fd, NULL) == 0 && is_ours(lock);
}

void hpo_lock_release(hpo_lock *lock) {
    if (!lock->path) return;
    if (is_ours(lock)) unlink(lock->path);
    close(lock->fd);
    free(lock->path);
    *lock = (hpo_lock){.fd = -1};
}
