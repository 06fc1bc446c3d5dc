/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading by large pieces at stated offsets: the file's own position is not touched, and another process may append
 * meanwhile. */
#include "hpo/trials/journal_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

enum { CHUNK = 1 << 20 };

base_status hpo_lines_begin(journal_lines *lines, int fd, const char *path, base_err *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) return BASE_FAIL(err, BASE_IO, "cannot look at %s: %s", path, strerror(errno));
    *lines = (journal_lines){.fd = fd, .path = path, .size = (uint64_t)info.st_size};
    return BASE_OK;
}

/* What was given out makes room for the next piece. *got: 0 at the end. */
static base_status fill(journal_lines *lines, size_t *got, base_err *err) {
    if (lines->at > 0) memmove(lines->text, lines->text + lines->at, lines->filled - lines->at);
    lines->filled -= lines->at;
    lines->at = 0;
    BASE_GROW(lines->text, lines->capacity, lines->filled + CHUNK);
    const uint64_t left = lines->size - lines->read;
    *got = 0;
    while (left > 0) {
        const size_t want = left < CHUNK ? (size_t)left : CHUNK;
        const ssize_t n = pread(lines->fd, lines->text + lines->filled, want, (off_t)lines->read);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return BASE_FAIL(err, BASE_IO, "cannot read %s: %s", lines->path, strerror(errno));
        *got = (size_t)n;
        lines->filled += *got;
        lines->read += *got;
        break;
    }
    return BASE_OK;
}

base_status hpo_lines_next(journal_lines *lines, base_err *err) {
    size_t looked = lines->at;
    lines->byte = lines->read - (lines->filled - lines->at);
    lines->number++;
    for (;;) {
        const char *newline =
            looked < lines->filled ? memchr(lines->text + looked, '\n', lines->filled - looked) : NULL;
        if (newline) {
            lines->line = lines->text + lines->at;
            lines->length = (size_t)(newline - lines->line);
            lines->at += lines->length + 1;
            return BASE_OK;
        }
        size_t got;
        looked = lines->filled - lines->at; /* where it will be after the move */
        BASE_TRY(fill(lines, &got, err));
        if (got > 0) continue;
        lines->line = lines->text;
        lines->length = lines->filled;
        return BASE_END;
    }
}

void hpo_lines_end(journal_lines *lines) {
    free(lines->text);
    lines->text = NULL;
}
