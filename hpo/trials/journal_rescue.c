/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal that was taken away while a run wrote to it: what is known goes into a new file.
 *
 * The removed file lives as long as it is open, so the copy is exact: every line, those of others included. */
#include "hpo/trials/journal_data.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, MAX_NAMES = 1000 };

/* Beside the journal; beside its folder when that is gone. */
static void put_place(const hpo_journal *journal, bool folder_gone, base_buf *out) {
    if (!folder_gone) {
        base_buf_printf(out, "%s.rescued", journal->path);
        return;
    }
    char *copy = base_strdup(journal->path);
    base_buf_printf(out, "%s.journal.rescued", dirname(copy));
    free(copy);
}

static int create(base_buf *path) {
    const size_t length = path->length;
    for (int i = 2; i < MAX_NAMES; i++) {
        const int fd = open(path->data, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
        path->length = length;
        base_buf_printf(path, "-%d", i);
    }
    return -1;
}

static bool copy_file(int from, int to) {
    char *block = base_malloc(BLOCK);
    off_t offset = 0;
    bool ok = true;
    while (ok) {
        const ssize_t got = pread(from, block, BLOCK, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            ok = got == 0;
            break;
        }
        ok = base_write_all(to, block, (size_t)got);
        offset += got;
    }
    free(block);
    return ok;
}

base_status hpo_journal_rescue(const hpo_journal *journal, bool folder_gone, base_buf *path, base_err *err) {
    put_place(journal, folder_gone, path);
    const int fd = create(path);
    if (fd < 0) return BASE_FAIL(err, BASE_IO, "cannot create %s: %s", path->data, strerror(errno));
    const bool ok = copy_file(journal->fd, fd) && base_write_all(fd, journal->out.data, journal->out.length);
    const int error = ok && fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return error == 0 ? BASE_OK : BASE_FAIL(err, BASE_IO, "cannot write %s: %s", path->data, strerror(error));
}
