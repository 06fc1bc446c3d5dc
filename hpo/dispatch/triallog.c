/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log of a trial, bounded.
 *
 * The head says how a program began, the tail how it ended; a program that prints a gigabyte in between must fill
 * neither the disk nor a pipe. The head goes to the file as it comes, so that a running trial can be watched; the tail
 * is a ring in memory that is written when the evaluation ends. */
#include "hpo/dispatch/triallog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

struct hpo_triallog {
    char *path;
    uint32_t attempt, rung;
    int fd;
    bool failed;
    uint64_t total;  /* bytes that came */
    uint64_t headed; /* of them in the file already */
    char *ring;      /* the newest bytes */
    size_t capacity; /* grows to HPO_TRIALLOG_TAIL */
    size_t kept;     /* bytes in ring */
    size_t oldest;   /* where the oldest of them lies; 0 until the ring is full */
};

hpo_triallog *hpo_triallog_create(const char *path, uint32_t attempt, uint32_t rung) {
    hpo_triallog *log = base_calloc(1, sizeof *log);
    *log = (hpo_triallog){.path = base_strdup(path), .attempt = attempt, .rung = rung, .fd = -1};
    return log;
}

static void write_all(hpo_triallog *log, const char *bytes, size_t length) {
    while (length && !log->failed) {
        ssize_t done = write(log->fd, bytes, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            log->failed = true;
            return;
        }
        bytes += done;
        length -= (size_t)done;
    }
}

static void begin(hpo_triallog *log) {
    char line[64];
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    log->failed = log->fd < 0;
    int length =
        snprintf(line, sizeof line, "--- attempt %" PRIu32 ", rung %" PRIu32 " ---\n", log->attempt, log->rung);
    write_all(log, line, (size_t)length);
}

/* The ring grows by doubling until it has its full size, so a quiet trial costs little memory. */
static void keep(hpo_triallog *log, const char *bytes, size_t length) {
    if (length > HPO_TRIALLOG_TAIL) {
        bytes += length - HPO_TRIALLOG_TAIL;
        length = HPO_TRIALLOG_TAIL;
    }
    size_t need = log->kept + length < HPO_TRIALLOG_TAIL ? log->kept + length : HPO_TRIALLOG_TAIL;
    if (need > log->capacity) BASE_GROW(log->ring, log->capacity, need);
    if (log->capacity > HPO_TRIALLOG_TAIL) log->capacity = HPO_TRIALLOG_TAIL;
    while (length) {
        size_t at = log->kept < HPO_TRIALLOG_TAIL ? log->kept : log->oldest;
        size_t room = log->capacity - at;
        size_t part = length < room ? length : room;
        memcpy(log->ring + at, bytes, part);
        if (log->kept < HPO_TRIALLOG_TAIL)
            log->kept += part;
        else
            log->oldest = (at + part) % HPO_TRIALLOG_TAIL;
        bytes += part;
        length -= part;
    }
}

void hpo_triallog_append(hpo_triallog *log, const void *bytes, size_t length) {
    if (!length) return;
    if (!log->total) begin(log);
    uint64_t head = HPO_TRIALLOG_HEAD - log->headed;
    if (head > length) head = length;
    write_all(log, bytes, (size_t)head);
    log->headed += head;
    log->total += length;
    keep(log, bytes, length);
}

static char newest(const hpo_triallog *log, size_t back) {
    return log->ring[(log->oldest + log->kept - 1 - back) % log->kept];
}

void hpo_triallog_last_line(const hpo_triallog *log, char *line, size_t size) {
    size_t back = 0, length = 0;
    while (back < log->kept && (unsigned char)newest(log, back) <= ' ') back++;
    while (back + length < log->kept && !strchr("\r\n", newest(log, back + length))) length++;
    size_t shown = length < size ? length : size - 1;
    for (size_t i = 0; i < shown; i++) {
        char c = newest(log, back + length - 1 - i);
        line[i] = (unsigned char)c < ' ' ? ' ' : c;
    }
    line[shown] = '\0';
}

static void write_tail(hpo_triallog *log) {
    uint64_t missing = log->total - log->headed;
    size_t length = missing < log->kept ? (size_t)missing : log->kept;
    if (missing > length) {
        char line[64];
        int size = snprintf(line, sizeof line, "\n... %" PRIu64 " bytes left out ...\n", missing - length);
        write_all(log, line, (size_t)size);
    }
    size_t from = length ? (log->oldest + log->kept - length) % log->kept : 0;
    size_t first = length < log->kept - from ? length : log->kept - from;
    write_all(log, log->ring + from, first);
    write_all(log, log->ring, length - first);
    if (newest(log, 0) != '\n') write_all(log, "\n", 1);
}

void hpo_triallog_destroy(hpo_triallog *log) {
    if (!log) return;
    if (log->total) write_tail(log);
    if (log->fd >= 0) close(log->fd);
    free(log->ring);
    free(log->path);
    free(log);
}
