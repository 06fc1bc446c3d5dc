/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study that is another one than the journal in its folder: what becomes of that.
 *
 * Where no trial has succeeded, nothing is lost by beginning anew: the old journal and its trials are put aside. Where
 * only settings of the objective differ that leave the searched values their meaning, the user may accept the change.
 * Anything else is refused with the difference and the ways out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "hpo/cli/run_impl.h"
#include "hpo/trials/journal_lock.h"

/* ---- the journal ---- */

static base_status count_success(void *self, const hpo_entry *entry, base_err *err) {
    (void)err;
    uint64_t *count = self;
    const bool told = entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_RESULT;
    const bool raw = entry->kind == HPO_ENTRY_RAW && !entry->raw.is_report; /* not told yet, or told as well */
    if (told) *count += entry->record.result.failure == HPO_FAILURE_NONE;
    if (raw) *count += entry->raw.result.failure == HPO_FAILURE_NONE;
    return BASE_OK;
}

/* ---- beginning anew ---- */

/* The first number that neither the journal nor the trials have beside them. */
static int free_number(const run *r) {
    for (int n = 1;; n++) {
        const char *journal = base_arena_printf(r->arena, "%s/journal.log.%d", r->run_dir, n);
        const char *trials = base_arena_printf(r->arena, "%s/trials.%d", r->run_dir, n);
        if (access(journal, F_OK) != 0 && access(trials, F_OK) != 0) return n;
    }
}

static base_status put_aside(const run *r, const char *name, int n, base_err *err) {
    const char *from = base_arena_printf(r->arena, "%s/%s", r->run_dir, name);
    const char *to = base_arena_printf(r->arena, "%s.%d", from, n);
    if (rename(from, to) == 0 || errno == ENOENT) return BASE_OK;
    return BASE_FAIL(err, BASE_IO, "cannot rename %s to %s: %s", from, to, strerror(errno));
}

/* The journal's lock is held meanwhile, so that no living run loses its file. The trials go first: a crash in between
 * leaves a journal that is put aside by the next start. */
static base_status begin_anew(run *r, const char *path, base_err *err) {
    hpo_lock lock = {.fd = -1};
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return BASE_FAIL(err, BASE_IO, "cannot open %s: %s", path, strerror(errno));
    base_status status = hpo_lock_take(&lock, path, fd, r->spec->failure.lost_after, err);
    if (status == BASE_OK) {
        r->put_aside = free_number(r);
        status = put_aside(r, "trials", r->put_aside, err);
        if (status == BASE_OK) status = put_aside(r, "journal.log", r->put_aside, err);
        hpo_lock_release(&lock);
    }
    close(fd);
    if (status == BASE_OK) run_choose_method(r);
    return status;
}

/* ---- what becomes of a change ---- */

base_status run_settle_change(run *r, const char *path, const char **replaces, base_err *err) {
    uint64_t succeeded = 0;
    hpo_journal_begun begun;
    base_err ignored;
    *replaces = NULL;
    if (hpo_journal_peek(path, r->arena, &begun, &ignored) != BASE_OK) return BASE_OK; /* opening it says why */
    const char *had = begun.identity;
    hpo_study_respell(r->spec, had);
    if (r->args->replay || r->spec->recorded) return BASE_OK;
    BASE_TRY(hpo_journal_read(path, NULL, count_success, &succeeded, err));
    if (succeeded == 0) return begin_anew(r, path, err);
    const hpo_front *front = r->catalog->front;
    if (front && front->differs) BASE_TRY(front->differs(front->self, r->run_dir, err));
    base_buf changed = {0};
    base_status status = BASE_OK;
    if (hpo_study_same_search(r->spec, had, &changed)) {
        if (r->args->accept_change) {
            *replaces = had;
            r->accepted = base_arena_strdup(r->arena, base_buf_text(&changed));
        } else {
            status = BASE_FAIL(err, BASE_INVALID,
                               "%s has results of another %s of the %s: --accept-change goes on with them (the "
                               "searched values must mean the same), --dir NAME makes another run, and removing %s "
                               "begins this one anew",
                               path, base_buf_text(&changed), r->spec->objective->name, r->run_dir);
        }
    }
    base_buf_fini(&changed);
    return status;
}
