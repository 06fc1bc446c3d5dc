/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal read from its beginning, by a run that goes on with it or by somebody who only looks.
 *
 * A record whose lines for Optuna were cut off with a torn tail gets them again, so that what Optuna shows stays what
 * we know. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/trials/journal_check.h"
#include "hpo/trials/journal_entry.h"

typedef base_status (*visitor)(void *self, const hpo_entry *entry, base_err *err);

typedef struct replay {
    hpo_journal *writes; /* the journal that goes on behind these lines; NULL: somebody only looks */
    journal_reader reader;
    journal_lines lines;
    journal_chain chain;
    journal_check check;
    visitor visit;
    void *visit_self;
    hpo_record last; /* what Optuna is told of the last record, and what it was not told yet */
    unsigned untold;
} replay;

static base_status damaged(const replay *self, const char *what, base_err *err) {
    return hpo_journal_damaged(self->lines.path, self->lines.number, self->lines.byte, what, err);
}

static void keep_shown(hpo_record *last, const hpo_record *record) {
    last->kind = record->kind;
    last->trial = record->trial;
    last->rung = record->rung;
    last->fidelity = record->fidelity;
    memcpy(last->values, record->values, sizeof last->values);
    last->n_values = record->n_values;
    last->stop = record->stop;
    last->open = record->open;
    last->final = record->final;
    last->at = record->at;
    last->result.failure = record->result.failure;
    last->result.metrics = record->result.metrics;
}

static base_status replay_line(replay *self, base_err *err) {
    bool sealed;
    const char *line = self->lines.line;
    const size_t length = self->lines.length;
    const char *what = hpo_chain_follow(&self->chain, line, length, &sealed);
    const hpo_entry *entry = &self->reader.entry;
    if (!what) what = hpo_journal_understand(&self->reader, line, length, sealed ? JOURNAL_FORMAT : JOURNAL_FORMAT_1);
    self->untold &= ~self->reader.shows;
    if (what == JOURNAL_NO_ENTRY) return BASE_OK;
    if (!what) what = hpo_journal_check(&self->check, entry);
    if (what) return damaged(self, what, err);
    if (entry->kind == HPO_ENTRY_RECORD) {
        if (self->writes) hpo_journal_note_shown(self->writes, &entry->record);
        self->untold = hpo_journal_display_parts(self->reader.journal, &entry->record);
        if (self->untold) keep_shown(&self->last, &entry->record);
    }
    const base_status status = self->visit(self->visit_self, entry, err);
    if (status != BASE_OK) {
        base_err_prefix(err, "%s:%llu: byte %llu", self->lines.path, (unsigned long long)self->lines.number,
                        (unsigned long long)self->lines.byte);
    }
    return status;
}

/* ---- all lines ---- */

static base_status replay_all(replay *self, base_err *err) {
    base_arena *texts = base_arena_create();
    journal_scan head = {0};
    base_status status = hpo_journal_scan_head(&self->lines, &head, texts, err);
    self->chain = head.chain;
    while (status == BASE_OK && head.found) {
        status = hpo_lines_next(&self->lines, err);
        if (status == BASE_OK) status = replay_line(self, err);
    }
    base_arena_destroy(texts);
    return status == BASE_END ? BASE_OK : status;
}

static base_status replay_begin(replay *self, base_err *err) {
    const hpo_journal *journal = self->reader.journal;
    if (journal->space) self->reader.config = base_calloc(journal->n_params + 1, sizeof(double));
    self->check.space = journal->space;
    return hpo_lines_begin(&self->lines, journal->fd, journal->path, err);
}

base_status hpo_journal_replay(hpo_journal *journal, visitor visit, void *visit_self, base_err *err) {
    replay self = {.writes = journal, .reader.journal = journal, .visit = visit, .visit_self = visit_self};
    base_status status = replay_begin(&self, err);
    if (status == BASE_OK) status = replay_all(&self, err);
    if (status == BASE_OK && self.untold && !journal->read_only) {
        hpo_journal_write_run(journal);
        hpo_journal_write_display(journal, &self.last, self.last.at, self.untold);
    }
    hpo_lines_end(&self.lines);
    free(self.reader.config);
    return status;
}

base_status hpo_journal_read(const char *path, const hpo_space *space, visitor visit, void *visit_self, base_err *err) {
    hpo_journal journal = {.path = (char *)path, .read_only = true, .space = space};
    replay self = {.reader.journal = &journal, .visit = visit, .visit_self = visit_self};
    journal.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (journal.fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    journal.arena = base_arena_create();
    if (space) hpo_journal_write_prepare(&journal);
    base_status status = replay_begin(&self, err);
    if (status == BASE_OK) status = replay_all(&self, err);
    hpo_lines_end(&self.lines);
    free(self.reader.config);
    base_arena_destroy(journal.arena);
    close(journal.fd);
    return status;
}
