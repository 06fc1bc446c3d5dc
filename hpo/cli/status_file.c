/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A full disk must not leave "running" behind for ever: a new file needs a block and an entry in its folder, the old
 * one has its blocks already.
 *
 * So when the file cannot be replaced, it is overwritten where it lies, as far as its blocks reach, in one call. A
 * reader may then meet a text that is half old and half new, for as long as a copy of some hundred bytes takes; before,
 * it would have been told a lie for ever. What remains of a longer old text is blanked before it is cut off, since the
 * cut may fail. */
#include "hpo/cli/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether so many bytes have a place on the disk, now. */
static bool has_room(int fd, size_t held, size_t length) {
    return length <= held || fallocate(fd, 0, 0, (off_t)length) == 0;
}

/* The text, then blanks up to the end of the old one. */
static bool overwrite(int fd, size_t held, const base_buf *text) {
    base_buf padded = {0};
    base_buf_append(&padded, text->data, text->length);
    while (padded.length < held) base_buf_putc(&padded, ' ');
    ssize_t done;
    do {
        done = pwrite(fd, padded.data, padded.length, 0);
    } while (done < 0 && errno == EINTR);
    const bool whole = done == (ssize_t)padded.length;
    base_buf_fini(&padded);
    if (!whole || fdatasync(fd) != 0) return false;
    if (text->length < held && ftruncate(fd, (off_t)text->length) != 0) { /* blanks are no harm */
    }
    return true;
}

static bool write_in_place(const char *path, const base_buf *full, const base_buf *brief) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0) return false;
    bool done = false;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        const size_t held = (size_t)info.st_size;
        const base_buf *text = has_room(fd, held, full->length) ? full : brief;
        done = has_room(fd, held, text->length) && overwrite(fd, held, text);
    }
    close(fd);
    return done;
}

base_status cli_status_file_write(const char *path, const base_buf *full, const base_buf *brief, base_err *err) {
    const base_status status = base_write_file(path, full->data, full->length, err);
    return status == BASE_OK || write_in_place(path, full, brief) ? BASE_OK : status;
}
