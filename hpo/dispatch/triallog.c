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
#include "base/buf.h"

/* The newest line of a stream that is neither blank nor indented, found as the bytes come. */
typedef struct last_line {
    char found[128], open[128]; /* of a line that has ended; of one that has not */
    size_t length;              /* of open */
} last_line;

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
    last_line last[2];
};

hpo_triallog *hpo_triallog_create(const char *path, uint32_t attempt, uint32_t rung) {
    hpo_triallog *log = base_calloc(1, sizeof *log);
    *log = (hpo_triallog){.path = base_strdup(path), .attempt = attempt, .rung = rung, .fd = -1};
    return log;
}

static void put(hpo_triallog *log, const char *bytes, size_t length) {
    if (!log->failed && !base_write_all(log->fd, bytes, length)) log->failed = true;
}

/* Opens the file, and puts the first bytes into it together with the line that names them. */
static void begin(hpo_triallog *log, const char *bytes, size_t length) {
    char line[64];
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    log->failed = log->fd < 0;
    int named = snprintf(line, sizeof line, "--- attempt %" PRIu32 ", rung %" PRIu32 " ---\n", log->attempt, log->rung);
    base_buf text = {0};
    base_buf_append(&text, line, (size_t)named);
    base_buf_append(&text, bytes, length);
    put(log, text.data, text.length);
    base_buf_fini(&text);
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

/* ---- last lines ---- */

static void end_line(last_line *last) {
    while (last->length && (unsigned char)last->open[last->length - 1] <= ' ') last->length--;
    last->open[last->length] = '\0';
    if (last->length && *last->open != ' ') memcpy(last->found, last->open, last->length + 1);
    last->length = 0;
}

static void add_to_line(last_line *last, const char *bytes, size_t length) {
    size_t room = sizeof last->open - 1 - last->length;
    size_t part = length < room ? length : room;
    for (size_t i = 0; i < part; i++) {
        char c = bytes[i];
        last->open[last->length++] = (unsigned char)c < ' ' ? ' ' : c;
    }
}

/* A carriage return ends a line, too: a progress bar begins it anew. */
static void follow_lines(last_line *last, const char *bytes, size_t length) {
    for (size_t at = 0; at < length; at++) {
        size_t from = at;
        while (at < length && bytes[at] != '\n' && bytes[at] != '\r') at++;
        add_to_line(last, bytes + from, at - from);
        if (at < length) end_line(last);
    }
}

const char *hpo_triallog_last_line(hpo_triallog *log) {
    last_line *errors = &log->last[HPO_TRIALLOG_ERRORS], *output = &log->last[HPO_TRIALLOG_OUTPUT];
    end_line(errors);
    end_line(output);
    return *errors->found ? errors->found : output->found;
}

/* ---- the file ---- */

void hpo_triallog_append(hpo_triallog *log, hpo_triallog_source source, const void *bytes, size_t length) {
    if (!length) return;
    uint64_t head = HPO_TRIALLOG_HEAD - log->headed;
    if (head > length) head = length;
    if (!log->total)
        begin(log, bytes, (size_t)head);
    else
        put(log, bytes, (size_t)head);
    log->headed += head;
    log->total += length;
    keep(log, bytes, length);
    follow_lines(&log->last[source], bytes, length);
}

bool hpo_triallog_is_empty(const hpo_triallog *log) {
    return log->total == 0;
}

static char newest(const hpo_triallog *log) {
    return log->ring[(log->oldest + log->kept - 1) % log->kept];
}

static void write_tail(hpo_triallog *log) {
    uint64_t missing = log->total - log->headed;
    size_t length = missing < log->kept ? (size_t)missing : log->kept;
    if (missing > length) {
        char line[64];
        int size = snprintf(line, sizeof line, "\n... %" PRIu64 " bytes left out ...\n", missing - length);
        put(log, line, (size_t)size);
    }
    size_t from = length ? (log->oldest + log->kept - length) % log->kept : 0;
    size_t first = length < log->kept - from ? length : log->kept - from;
    put(log, log->ring + from, first);
    put(log, log->ring, length - first);
    if (newest(log) != '\n') put(log, "\n", 1);
}

void hpo_triallog_destroy(hpo_triallog *log) {
    if (!log) return;
    if (log->total) write_tail(log);
    if (log->fd >= 0) close(log->fd);
    free(log->ring);
    free(log->path);
    free(log);
}
