/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's lines, read back into entries.
 *
 * Only attributes whose keys begin with "hpo:" are believed, and the parameters beside "hpo:start". Lines of others are
 * passed over, but for those that create or delete: ids of studies and trials are positions in the file. A record whose
 * lines for Optuna were cut off with a torn tail gets them again, so that what Optuna shows stays what we know. */
#include "hpo/trials/journal_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, HEAD_LINES = 2 };

typedef struct replay {
    hpo_journal *journal;
    uint64_t line, trials;
    hpo_entry entry;
    double *config;
    char origin[JOURNAL_NAME];
    hpo_record last; /* the last record, and what Optuna was not told about it yet */
    unsigned untold;
} replay;

/* ---- entries ---- */

static base_status broken(const replay *self, base_err *err, const char *what) {
    return BASE_FAIL(err, BASE_CORRUPT,
                     "%s:%llu: %s; remove this line and all that follow to go on from there, or start in a new folder",
                     self->journal->path, (unsigned long long)self->line, what);
}

static base_status foreign(const replay *self, base_err *err, const char *what) {
    return BASE_FAIL(err, BASE_CORRUPT,
                     "%s:%llu: another program %s; ids are positions in this file, so remove this line and the later "
                     "ones about it, or start in a new folder",
                     self->journal->path, (unsigned long long)self->line, what);
}

static base_status understand_trial(replay *self, journal_line *parts, base_err *err) {
    const hpo_journal *journal = self->journal;
    if (!parts->attr.at || !hpo_json_is(parts->attr, "start")) return foreign(self, err, "has added a trial");
    hpo_record *record = &self->entry.record;
    *record = (hpo_record){.kind = HPO_RECORD_START, .parent = UINT64_MAX, .config = self->config};
    self->entry.kind = HPO_ENTRY_RECORD;
    if (!parts->params.at) return broken(self, err, "a trial without parameters");
    hpo_journal_parse_record(&parts->body, record, self->origin);
    hpo_journal_parse_params(&parts->params, journal, self->config);
    if (parts->body.bad || parts->params.bad) return broken(self, err, "a trial whose parameters cannot be read");
    if (record->trial != self->trials) return broken(self, err, "trials are missing before this one");
    self->trials++;
    return BASE_OK;
}

static base_status understand_attr(replay *self, journal_line *parts, base_err *err) {
    static const struct {
        const char *name;
        hpo_entry_kind entry;
        hpo_record_kind record;
    } kinds[] = {
        {"result", HPO_ENTRY_RECORD, HPO_RECORD_RESULT}, {"report", HPO_ENTRY_RECORD, HPO_RECORD_REPORT},
        {"raw", HPO_ENTRY_RAW, HPO_RECORD_START},        {"promote", HPO_ENTRY_RECORD, HPO_RECORD_PROMOTE},
        {"close", HPO_ENTRY_RECORD, HPO_RECORD_CLOSE},   {"attempt", HPO_ENTRY_ATTEMPT, HPO_RECORD_START},
    };
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    while (i < count && !hpo_json_is(parts->attr, kinds[i].name)) i++;
    if (i == count) return broken(self, err, "an attribute that this version of the program does not know");
    hpo_entry *entry = &self->entry;
    entry->kind = kinds[i].entry;
    if (entry->kind == HPO_ENTRY_RECORD) {
        entry->record = (hpo_record){.kind = kinds[i].record, .trial = parts->trial};
        hpo_journal_parse_record(&parts->body, &entry->record, self->origin);
    } else {
        entry->raw = (hpo_raw){.trial = parts->trial};
        hpo_journal_parse_raw(&parts->body, &entry->raw);
    }
    return parts->body.bad ? broken(self, err, "an attribute that cannot be read") : BASE_OK;
}

/* *found: the line holds an entry, which is then in self->entry. */
static base_status understand(replay *self, const char *line, size_t length, bool *found, base_err *err) {
    journal_line parts;
    *found = false;
    if (!hpo_journal_take_apart(self->journal, line, length, &parts)) return broken(self, err, "this line is broken");
    if (self->line <= HEAD_LINES) return BASE_OK;
    switch (parts.op) {
    case JOURNAL_OP_CREATE_STUDY: return foreign(self, err, "has added a study");
    case JOURNAL_OP_DELETE_STUDY: return foreign(self, err, "has deleted a study");
    case JOURNAL_OP_CREATE_TRIAL: *found = true; return understand_trial(self, &parts, err);
    case JOURNAL_OP_INTERMEDIATE:
        if (parts.ours) self->untold &= ~(unsigned)JOURNAL_SHOWS_VALUE;
        return BASE_OK;
    case JOURNAL_OP_STATE:
        if (parts.ours) self->untold &= ~(unsigned)JOURNAL_SHOWS_STATE;
        return BASE_OK;
    case JOURNAL_OP_TRIAL_USER_ATTR:
        if (!parts.attr.at) return BASE_OK;
        *found = true;
        return understand_attr(self, &parts, err);
    default: return BASE_OK;
    }
}

typedef base_status (*visitor)(void *self, const hpo_entry *entry, base_err *err);

static base_status replay_line(replay *self, const char *line, size_t length, visitor visit, void *visit_self,
                               base_err *err) {
    bool found = false;
    self->line++;
    BASE_TRY(understand(self, line, length, &found, err));
    if (!found) return BASE_OK;
    if (self->entry.kind == HPO_ENTRY_RECORD) {
        self->untold = hpo_journal_display_parts(&self->entry.record);
        if (self->untold) self->last = self->entry.record;
    }
    base_status status = visit(visit_self, &self->entry, err);
    if (status != BASE_OK) base_err_prefix(err, "%s:%llu", self->journal->path, (unsigned long long)self->line);
    return status;
}

/* Hands on the whole lines among `length` bytes; *used tells where the rest begins. */
static base_status replay_lines(replay *self, const char *text, size_t length, size_t *used, visitor visit,
                                void *visit_self, base_err *err) {
    const char *at = text, *end = text + length, *newline;
    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        BASE_TRY(replay_line(self, at, (size_t)(newline - at), visit, visit_self, err));
        at = newline + 1;
    }
    *used = (size_t)(at - text);
    return BASE_OK;
}

base_status hpo_journal_replay(hpo_journal *journal, visitor visit, void *visit_self, base_err *err) {
    replay self = {.journal = journal, .config = base_calloc(journal->n_params + 1, sizeof(double))};
    char *text = NULL;
    size_t capacity = 0, length = 0;
    off_t offset = 0;
    base_status status = BASE_OK;
    while (status == BASE_OK) {
        BASE_GROW(text, capacity, length + CHUNK);
        ssize_t got = pread(journal->fd, text + length, CHUNK, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) status = BASE_FAIL(err, BASE_IO, "cannot read %s: %s", journal->path, strerror(errno));
        if (got <= 0) break;
        offset += got;
        length += (size_t)got;
        size_t used = 0;
        status = replay_lines(&self, text, length, &used, visit, visit_self, err);
        if (status != BASE_OK) break;
        memmove(text, text + used, length - used);
        length -= used;
    }
    if (status == BASE_OK) hpo_journal_write_display(journal, &self.last, self.untold);
    free(text);
    free(self.config);
    return status;
}
