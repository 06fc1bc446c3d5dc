/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal as a file: opened, locked, mended, appended to and brought to the disk.
 *
 * The file is opened for appending and written to by whole lines, so readers (and others that append attributes) meet
 * no half line while the run is going. What a crash may leave is a last line without its end: it is cut off. After a
 * failed write nothing more is written: the file then ends where the next run can go on. */
#include "hpo/trials/journal_data.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- an old file ---- */

base_status hpo_journal_peek(const char *path, base_arena *arena, hpo_journal_begun *begun, base_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    journal_scan scan;
    base_status status = hpo_journal_scan(fd, path, arena, &scan, err);
    close(fd);
    if (status != BASE_OK) return status;
    if (!scan.found) return BASE_FAIL(err, BASE_NOTFOUND, "%s holds no study yet", path);
    *begun = (hpo_journal_begun){.seed = scan.head.seed,
                                 .identity = scan.head.identity,
                                 .chosen = scan.head.chosen,
                                 .study = scan.head.study,
                                 .program = scan.head.program,
                                 .by_posterior = scan.by_posterior};
    return BASE_OK;
}

static base_status write_at_end(const hpo_journal *journal, const char *text, size_t length, base_err *err) {
    if (write(journal->fd, text, length) == (ssize_t)length) return BASE_OK;
    return BASE_FAIL(err, BASE_IO, "cannot write %s: %s", journal->path, strerror(errno));
}

/* Ends the file behind its last sound line. */
static base_status mend_tail(const hpo_journal *journal, const journal_scan *scan, base_err *err) {
    struct stat info;
    if (fstat(journal->fd, &info) != 0) return BASE_FAIL(err, BASE_IO, "%s: %s", journal->path, strerror(errno));
    if ((uint64_t)info.st_size > scan->sound && ftruncate(journal->fd, (off_t)scan->sound) != 0) {
        return BASE_FAIL(err, BASE_IO, "cannot cut the torn end of %s: %s", journal->path, strerror(errno));
    }
    return scan->lacks_newline ? write_at_end(journal, "\n", 1, err) : BASE_OK;
}

/* ---- opening ---- */

base_status hpo_journal_sync_folder(const char *path, base_err *err) {
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

static base_status begin_new(hpo_journal *journal, const hpo_journal_head *head, base_err *err) {
    BASE_TRY(mend_tail(journal, &(journal_scan){0}, err));
    journal->is_new = true;
    hpo_journal_write_head(journal, head);
    BASE_TRY(hpo_journal_sync(journal, err));
    return hpo_journal_sync_folder(journal->path, err);
}

static base_status begin_old(hpo_journal *journal, const hpo_journal_head *head, const journal_scan *scan,
                             base_err *err) {
    const bool replaces = head->replaces && strcmp(head->replaces, scan->head.identity) == 0;
    if (!replaces) BASE_TRY(hpo_journal_check_identity(journal->path, scan->head.identity, head->identity, err));
    journal->chain = scan->chain;
    journal->amendments = scan->amendments;
    journal->n_amendments = scan->n_amendments;
    journal->elapsed_before = isnan(scan->elapsed) ? head->elapsed : scan->elapsed;
    if (journal->read_only) return BASE_OK;
    BASE_TRY(mend_tail(journal, scan, err));
    if (scan->by_posterior != journal->by_posterior) hpo_journal_write_run(journal);
    if (!replaces || strcmp(head->identity, scan->head.identity) == 0) return BASE_OK;
    hpo_journal_write_identity(journal, head->identity);
    return hpo_journal_sync(journal, err);
}

static base_status begin(hpo_journal *journal, const hpo_journal_head *head, base_err *err) {
    journal_scan scan;
    BASE_TRY(hpo_journal_scan(journal->fd, journal->path, journal->arena, &scan, err));
    if (scan.found) {
        BASE_TRY(begin_old(journal, head, &scan, err));
    } else if (!journal->read_only) {
        BASE_TRY(begin_new(journal, head, err));
    }
    if (journal->read_only) return BASE_OK;
    if (journal->fsync_each) BASE_TRY(hpo_journal_sync(journal, err)); /* a run that was killed may not have waited */
    const double period = fmin(1, head->stale_after / 10);
    BASE_TRY(hpo_keeper_start(&journal->keeper, journal->fd, journal->path, &journal->lock, period, journal->fsync_each,
                              err));
    journal->kept = true;
    return BASE_OK;
}

static hpo_keeper_news stop_keeper(hpo_journal *journal) {
    const hpo_keeper_news news = journal->kept ? hpo_keeper_stop(&journal->keeper) : HPO_KEEPER_FINE;
    journal->kept = false;
    return news;
}

static void destroy(hpo_journal *journal) {
    stop_keeper(journal);
    hpo_lock_release(&journal->lock);
    if (journal->fd >= 0) close(journal->fd);
    base_buf_fini(&journal->out);
    base_arena_destroy(journal->arena);
    free(journal->shown);
    free(journal->path);
    free(journal);
}

static base_status open_file(hpo_journal *journal, const hpo_journal_head *head, base_err *err) {
    const int flags = head->read_only ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND;
    journal->fd = open(journal->path, flags | O_CLOEXEC, 0666);
    if (journal->fd < 0) {
        return BASE_FAIL(err, BASE_IO, "cannot open the journal %s: %s", journal->path, strerror(errno));
    }
    if (head->read_only) return BASE_OK;
    return hpo_lock_take(&journal->lock, journal->path, journal->fd, head->stale_after, err);
}

base_status hpo_journal_open(const char *path, const hpo_journal_head *head, const hpo_space *space,
                             hpo_journal **journal, base_err *err) {
    hpo_journal *self = base_calloc(1, sizeof *self);
    *journal = NULL;
    *self = (hpo_journal){
        .path = base_strdup(path),
        .lock = {.fd = -1},
        .read_only = head->read_only,
        .integer_steps = head->integer_steps,
        .by_posterior = head->by_posterior,
        .fsync_each = head->fsync_each,
        .space = space,
        .arena = base_arena_create(),
        .began = base_wall_time(),
        .opened = base_monotonic_tick(),
    };
    self->program = base_arena_strdup(self->arena, head->program);
    self->n_constraints = head->constraints.count;
    self->constraints = BASE_NEW_ARRAY(self->arena, head->constraints.count, hpo_constraint);
    for (size_t c = 0; c < self->n_constraints; c++) {
        self->constraints[c] = head->constraints.items[c];
        self->constraints[c].metric = base_arena_strdup(self->arena, head->constraints.items[c].metric);
    }
    base_status status = open_file(self, head, err);
    if (status == BASE_OK) {
        hpo_journal_write_prepare(self);
        status = begin(self, head, err);
    }
    if (status == BASE_OK) {
        *journal = self;
    } else {
        destroy(self);
    }
    return status;
}

double hpo_journal_elapsed_now(const hpo_journal *journal) {
    return journal->elapsed_before + base_monotonic_tick() - journal->opened;
}

double hpo_journal_elapsed(const hpo_journal *journal) {
    return journal->elapsed_before;
}

const hpo_amendment *hpo_journal_amendments(const hpo_journal *journal, size_t *count) {
    *count = journal->n_amendments;
    return journal->amendments;
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

/* The file is not where the next run would look for it. */
static base_status taken_away(hpo_journal *journal, const char *what, bool folder_gone, base_err *err) {
    base_buf sentence = {0}, rescued = {0};
    base_err why;
    base_buf_printf(&sentence, "%s %s while the run was going; ", journal->path, what);
    if (hpo_journal_rescue(journal, folder_gone, &rescued, &why) == BASE_OK) {
        base_buf_printf(&sentence,
                        "all that it held is in %s: to go on, move that file to %s and run the same command again",
                        rescued.data, journal->path);
    } else {
        base_buf_printf(&sentence, "what it held is lost: %s", why.text);
    }
    const base_status status = give_up(journal, BASE_IO, sentence.data, err);
    base_buf_fini(&sentence);
    base_buf_fini(&rescued);
    return status;
}

static base_status taken_over(hpo_journal *journal, base_err *err) {
    base_buf sentence = {0};
    base_buf_printf(&sentence,
                    "another run has taken %s over because this one gave no sign of life; this one writes nothing more",
                    journal->path);
    const base_status status = give_up(journal, BASE_BUSY, sentence.data, err);
    base_buf_fini(&sentence);
    return status;
}

/* What the keeper has noticed. */
static base_status hear(hpo_journal *journal, hpo_keeper_news news, base_err *err) {
    switch (news) {
    case HPO_KEEPER_FINE: return BASE_OK;
    case HPO_KEEPER_SYNC_FAILED: return disk_failed(journal, journal->keeper.error, err);
    case HPO_KEEPER_TAKEN_OVER: return taken_over(journal, err);
    case HPO_KEEPER_REMOVED: return taken_away(journal, "was removed", false, err);
    case HPO_KEEPER_REPLACED: return taken_away(journal, "was replaced by another file", false, err);
    case HPO_KEEPER_FOLDER_GONE: return taken_away(journal, "was deleted with its folder", true, err);
    }
    return BASE_OK;
}

/* The first failure, if there was one. */
static base_status as_before(const hpo_journal *journal, base_err *err) {
    if (err && journal->failed != BASE_OK) *err = journal->failure;
    return journal->failed;
}

base_status hpo_journal_look(hpo_journal *journal, base_err *err) {
    BASE_TRY(as_before(journal, err));
    return journal->kept ? hear(journal, hpo_keeper_ask(&journal->keeper), err) : BASE_OK;
}

static base_status sync_now(hpo_journal *journal, base_err *err) {
    return fdatasync(journal->fd) == 0 ? BASE_OK : disk_failed(journal, errno, err);
}

static base_status write_all(hpo_journal *journal, base_err *err) {
    if (!base_write_all(journal->fd, journal->out.data, journal->out.length)) return disk_failed(journal, errno, err);
    journal->written += journal->out.length;
    base_buf_clear(&journal->out);
    return BASE_OK;
}

base_status hpo_journal_flush(hpo_journal *journal, base_err *err) {
    BASE_TRY(as_before(journal, err));
    if (journal->out.length == 0) return BASE_OK;
    BASE_TRY(write_all(journal, err));
    return journal->kept ? hear(journal, hpo_keeper_mark(&journal->keeper, journal->written), err) : BASE_OK;
}

uint64_t hpo_journal_end(const hpo_journal *journal) {
    return journal->written + journal->out.length;
}

uint64_t hpo_journal_safe(hpo_journal *journal) {
    return journal->fsync_each && journal->kept ? hpo_keeper_synced(&journal->keeper) : journal->written;
}

int hpo_journal_safe_fd(const hpo_journal *journal) {
    return journal->kept ? journal->keeper.done : -1;
}

base_status hpo_journal_sync(hpo_journal *journal, base_err *err) {
    BASE_TRY(hpo_journal_flush(journal, err));
    return sync_now(journal, err);
}

/* A run that wrote nothing and was over at once leaves no trace. */
static void say_end(hpo_journal *journal) {
    static const double WORTH_NOTING = 1; /* seconds */
    if (journal->quiet || journal->failed != BASE_OK) return;
    if (!journal->begun && base_monotonic_tick() - journal->opened < WORTH_NOTING) return;
    hpo_journal_write_run(journal);
    hpo_journal_write_end(journal);
}

void hpo_journal_discard(hpo_journal *journal) {
    stop_keeper(journal); /* or it would find the file taken away */
    unlink(journal->path);
    destroy(journal);
}

base_status hpo_journal_close(hpo_journal *journal, base_err *err) {
    if (!journal) return BASE_OK;
    base_status status = BASE_OK;
    if (!journal->read_only) {
        const hpo_keeper_news news = stop_keeper(journal);
        say_end(journal);
        status = as_before(journal, err);
        if (status == BASE_OK) status = hear(journal, news, err); /* a last look: the file may have gone just now */
        if (status == BASE_OK) status = hpo_journal_sync(journal, err);
    }
    destroy(journal);
    return status;
}
