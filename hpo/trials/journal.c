/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal as a file: opened, locked, mended, appended to and brought to the disk.
 *
 * The file is opened for appending and written to by whole lines, so readers (and others that append attributes) meet
 * no half line while the run is going. What a crash may leave is a last line without its end: it is cut off, never
 * repaired. After a failed write nothing more is written: the file then ends where the next run can go on. */
#include "hpo/trials/journal_data.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

/* ---- the head ---- */

/* Reads from the beginning until two lines are whole or the file ends; a first line that is longer than a block is not
 * ours. */
static base_status load_head(int fd, const char *path, base_buf *text, const char *line_end[2], base_err *err) {
    char *block = base_malloc(BLOCK);
    base_status status = BASE_OK;
    line_end[0] = line_end[1] = NULL;
    while (!line_end[1]) {
        ssize_t got = pread(fd, block, BLOCK, (off_t)text->length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) status = BASE_FAIL(err, BASE_IO, "cannot read %s: %s", path, strerror(errno));
        if (got <= 0) break;
        base_buf_append(text, block, (size_t)got);
        line_end[0] = memchr(text->data, '\n', text->length);
        if (!line_end[0]) break;
        const char *second = line_end[0] + 1;
        line_end[1] = memchr(second, '\n', text->length - (size_t)(second - text->data));
    }
    free(block);
    return status;
}

/* *found: a whole head is there. A torn one is as good as none; anything else in the file is not ours to touch. */
static base_status read_head(int fd, const char *path, base_arena *arena, journal_identity *out, bool *found,
                             base_err *err) {
    static const char beginning[] = "{\"op_code\":0,\"worker_id\":\"" JOURNAL_WORKER "\"";
    base_buf text = {0};
    const char *line_end[2];
    *found = false;
    struct stat info;
    if (fstat(fd, &info) == 0 && info.st_size == 0) return BASE_OK;
    base_status status = load_head(fd, path, &text, line_end, err);
    if (status != BASE_OK) goto out;
    if (!line_end[1]) {
        size_t length = text.length < sizeof beginning - 1 ? text.length : sizeof beginning - 1;
        if (memcmp(text.data, beginning, length) == 0) goto out;
    } else {
        const char *second = line_end[0] + 1;
        *found = hpo_journal_read_identity(second, (size_t)(line_end[1] - second), arena, out);
    }
    if (!*found) {
        status = BASE_FAIL(err, BASE_CORRUPT,
                           "%s was not written by this program; move it away or choose another folder", path);
    } else if (out->format != JOURNAL_FORMAT) {
        status = BASE_FAIL(err, BASE_CORRUPT, "%s has format %llu (written by %s), this program reads format %d", path,
                           (unsigned long long)out->format, out->program, JOURNAL_FORMAT);
    }
out:
    base_buf_fini(&text);
    return status;
}

base_status hpo_journal_peek(const char *path, base_arena *arena, uint64_t *seed, const char **identity,
                             base_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    journal_identity head;
    bool found = false;
    base_status status = read_head(fd, path, arena, &head, &found, err);
    close(fd);
    if (status != BASE_OK) return status;
    if (!found) return BASE_FAIL(err, BASE_NOTFOUND, "%s holds no study yet", path);
    *seed = head.seed;
    *identity = head.identity;
    return BASE_OK;
}

/* The part of a text around the first difference: its line, cut to what a sentence bears. */
static void excerpt(const char *text, size_t at, char out[128]) {
    enum { BEFORE = 40, MOST = 100 };
    size_t first = at, last = at;
    while (first > 0 && text[first - 1] != '\n' && at - first < BEFORE) first--;
    while (((unsigned char)text[first] & 0xc0) == 0x80) first++;
    while (text[last] && text[last] != '\n' && last - first < MOST) last++;
    while (last > first && ((unsigned char)text[last] & 0xc0) == 0x80) last--;
    snprintf(out, 128, "%s%.*s%s", first > 0 && text[first - 1] != '\n' ? "..." : "", (int)(last - first), text + first,
             text[last] && text[last] != '\n' ? "..." : "");
}

static base_status check_identity(const char *path, const char *had, const char *has, base_err *err) {
    size_t at = 0;
    while (had[at] && had[at] == has[at]) at++;
    if (!had[at] && !has[at]) return BASE_OK;
    char old[128], new[128];
    excerpt(had, at, old);
    excerpt(has, at, new);
    return BASE_FAIL(err, BASE_INVALID,
                     "%s belongs to another study: it has \"%s\" where the study has \"%s\" now; undo the change to go "
                     "on with that run, or choose another folder",
                     path, old, new);
}

/* ---- the tail ---- */

/* Where the line begins that ends before offset `end`: behind the newline before it, or 0. */
static base_status line_start(const hpo_journal *journal, off_t end, off_t *start, base_err *err) {
    char block[4096];
    while (end > 0) {
        off_t first = end > (off_t)sizeof block ? end - (off_t)sizeof block : 0;
        ssize_t got = pread(journal->fd, block, (size_t)(end - first), first);
        if (got != (ssize_t)(end - first)) {
            return BASE_FAIL(err, BASE_IO, "cannot read %s: %s", journal->path, strerror(errno));
        }
        const char *newline = memrchr(block, '\n', (size_t)got);
        if (newline) {
            *start = first + (newline - block) + 1;
            return BASE_OK;
        }
        end = first;
    }
    *start = 0;
    return BASE_OK;
}

static base_status truncate_to(const hpo_journal *journal, off_t size, base_err *err) {
    if (ftruncate(journal->fd, size) == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_IO, "cannot cut the torn end of %s: %s", journal->path, strerror(errno));
}

/* Cuts what follows the last newline, and then the last line if it is broken in spite of having one. */
static base_status cut_tail(const hpo_journal *journal, base_err *err) {
    struct stat info;
    off_t end, start;
    if (fstat(journal->fd, &info) != 0) return BASE_FAIL(err, BASE_IO, "%s: %s", journal->path, strerror(errno));
    BASE_TRY(line_start(journal, info.st_size, &end, err));
    if (end < info.st_size) BASE_TRY(truncate_to(journal, end, err));
    if (end == 0) return BASE_OK;
    BASE_TRY(line_start(journal, end - 1, &start, err));
    size_t length = (size_t)(end - 1 - start);
    char *line = base_malloc(length + 1);
    bool whole = pread(journal->fd, line, length, start) == (ssize_t)length && hpo_journal_line_is_whole(line, length);
    free(line);
    return whole ? BASE_OK : truncate_to(journal, start, err);
}

/* ---- opening ---- */

static base_status sync_folder(const char *path, base_err *err) {
    char *copy = base_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    base_status status = BASE_OK;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) {
        status = BASE_FAIL(err, BASE_IO, "cannot sync the folder of %s: %s", path, strerror(errno));
    }
    if (fd >= 0) close(fd);
    free(copy);
    return status;
}

static base_status begin(hpo_journal *journal, const hpo_journal_head *head, base_err *err) {
    journal_identity old;
    bool found = false;
    BASE_TRY(read_head(journal->fd, journal->path, journal->arena, &old, &found, err));
    if (found) {
        BASE_TRY(check_identity(journal->path, old.identity, head->identity, err));
        BASE_TRY(cut_tail(journal, err));
    } else {
        struct stat info;
        if (fstat(journal->fd, &info) == 0 && info.st_size > 0) BASE_TRY(truncate_to(journal, 0, err));
        journal->is_new = true;
        hpo_journal_write_head(journal, head);
        BASE_TRY(hpo_journal_sync(journal, err));
        BASE_TRY(sync_folder(journal->path, err));
    }
    if (head->fsync_each) return BASE_OK;
    BASE_TRY(hpo_syncer_start(&journal->sync, journal->fd, err));
    journal->syncs = true;
    return BASE_OK;
}

static void destroy(hpo_journal *journal) {
    if (journal->syncs) hpo_syncer_stop(&journal->sync);
    hpo_lock_release(&journal->lock);
    if (journal->fd >= 0) close(journal->fd);
    base_buf_fini(&journal->out);
    base_arena_destroy(journal->arena);
    free(journal->path);
    free(journal);
}

base_status hpo_journal_open(const char *path, const hpo_journal_head *head, const hpo_space *space,
                             hpo_journal **journal, base_err *err) {
    hpo_journal *self = base_calloc(1, sizeof *self);
    *journal = NULL;
    *self = (hpo_journal){
        .path = base_strdup(path),
        .fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666),
        .lock = {.fd = -1},
        .integer_steps = head->integer_steps,
        .fsync_each = head->fsync_each,
        .space = space,
        .arena = base_arena_create(),
    };
    base_status status = BASE_OK;
    if (self->fd < 0) {
        status = BASE_FAIL(err, BASE_IO, "cannot open the journal %s: %s", path, strerror(errno));
        goto out;
    }
    status = hpo_lock_take(&self->lock, path, self->fd, head->stale_after, err);
    if (status != BASE_OK) goto out;
    hpo_journal_write_prepare(self);
    status = begin(self, head, err);
out:
    if (status == BASE_OK) {
        *journal = self;
    } else {
        destroy(self);
    }
    return status;
}

bool hpo_journal_is_new(const hpo_journal *journal) {
    return journal->is_new;
}

/* ---- writing ---- */

/* The first failure is kept and answers every later call. */
static base_status give_up(hpo_journal *journal, base_status status, const char *sentence, base_err *err) {
    journal->failed = BASE_FAIL(&journal->failure, status, "%s", sentence);
    if (err) *err = journal->failure;
    return status;
}

static base_status disk_failed(hpo_journal *journal, int error, base_err *err) {
    char sentence[512];
    snprintf(sentence, sizeof sentence,
             "cannot write %s: %s; what was written before is kept: mend it and run the same command again",
             journal->path, strerror(error));
    return give_up(journal, BASE_IO, sentence, err);
}

static base_status sync_now(hpo_journal *journal, base_err *err) {
    return fdatasync(journal->fd) == 0 ? BASE_OK : disk_failed(journal, errno, err);
}

static base_status write_all(hpo_journal *journal, base_err *err) {
    const char *at = journal->out.data;
    size_t left = journal->out.length;
    while (left > 0) {
        ssize_t done = write(journal->fd, at, left);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return disk_failed(journal, errno, err);
        at += done;
        left -= (size_t)done;
    }
    base_buf_clear(&journal->out);
    return BASE_OK;
}

base_status hpo_journal_flush(hpo_journal *journal, base_err *err) {
    if (journal->failed != BASE_OK) {
        if (err) *err = journal->failure;
        return journal->failed;
    }
    if (journal->out.length == 0) return BASE_OK;
    BASE_TRY(write_all(journal, err));
    if (journal->fsync_each) return sync_now(journal, err);
    int error = journal->syncs ? hpo_syncer_mark(&journal->sync) : 0;
    return error == 0 ? BASE_OK : disk_failed(journal, error, err);
}

base_status hpo_journal_sync(hpo_journal *journal, base_err *err) {
    BASE_TRY(hpo_journal_flush(journal, err));
    return sync_now(journal, err);
}

void hpo_journal_beat(hpo_journal *journal) {
    if (journal->failed != BASE_OK || hpo_lock_beat(&journal->lock)) return;
    char sentence[512];
    snprintf(sentence, sizeof sentence,
             "another run has taken %s over because this one gave no sign of life; this one writes nothing more",
             journal->path);
    give_up(journal, BASE_BUSY, sentence, NULL);
}

base_status hpo_journal_close(hpo_journal *journal, base_err *err) {
    if (!journal) return BASE_OK;
    base_status status = hpo_journal_sync(journal, err);
    destroy(journal);
    return status;
}
