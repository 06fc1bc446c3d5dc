/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's lines, read back into entries.
 *
 * Only attributes whose keys begin with "hpo:" are believed, and the parameters beside "hpo:start". Lines of others are
 * passed over, but for those that create or delete: ids of studies and trials are positions in the file. A record whose
 * lines for Optuna were cut off with a torn tail gets them again, so that what Optuna shows stays what we know. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/trials/journal_check.h"
#include "hpo/trials/journal_parse.h"

typedef base_status (*visitor)(void *self, const hpo_entry *entry, base_err *err);

typedef struct replay {
    const hpo_journal *journal;
    journal_lines lines;
    journal_chain chain;
    journal_check check;
    visitor visit;
    void *visit_self;
    hpo_entry entry;
    journal_attr attr;
    double *config;
    hpo_record last; /* the last record, and what Optuna was not told about it yet */
    unsigned untold;
} replay;

/* ---- one line ---- */

/* "" where a complaint has nothing to add: the line holds no entry. */
static const char NOTHING[] = "";

static const char *understand_trial(replay *self, journal_line *parts, uint64_t format) {
    if (!parts->attr.at || !hpo_json_is(parts->attr, "start")) return "another program has added a trial";
    if (!parts->params.at) return "a trial without parameters";
    hpo_record *record = &self->attr.record;
    self->attr = (journal_attr){.record = {.kind = HPO_RECORD_START, .parent = UINT64_MAX}};
    const char *what = hpo_journal_parse_attr(&parts->body, JOURNAL_START, format, &self->attr);
    if (what) return what;
    if (self->config) {
        hpo_journal_parse_params(&parts->params, self->journal, self->config);
        if (parts->params.bad) return "a trial whose parameters cannot be read";
        record->config = self->config;
    }
    self->entry = (hpo_entry){.kind = HPO_ENTRY_RECORD, .elapsed = self->attr.elapsed, .record = *record};
    return NULL;
}

static hpo_raw raw_of(const journal_attr *attr) {
    const hpo_record *record = &attr->record;
    return (hpo_raw){.trial = record->trial,
                     .rung = record->rung,
                     .attempt = record->attempt,
                     .worker = record->worker,
                     .is_report = attr->is_report,
                     .fidelity = record->fidelity,
                     .at = record->at,
                     .result = record->result};
}

static const char *understand_attr(replay *self, journal_line *parts, uint64_t format) {
    static const struct {
        const char *name;
        journal_attr_kind attr;
        hpo_record_kind record;
    } kinds[] = {
        {"result", JOURNAL_RESULT, HPO_RECORD_RESULT}, {"report", JOURNAL_REPORT, HPO_RECORD_REPORT},
        {"raw", JOURNAL_RAW, HPO_RECORD_RESULT},       {"promote", JOURNAL_PROMOTE, HPO_RECORD_PROMOTE},
        {"close", JOURNAL_CLOSE, HPO_RECORD_CLOSE},    {"attempt", JOURNAL_ATTEMPT, HPO_RECORD_ATTEMPT},
    };
    if (format != JOURNAL_FORMAT_1 && hpo_json_is(parts->attr, "format")) return NOTHING;
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    while (i < count && !hpo_json_is(parts->attr, kinds[i].name)) i++;
    if (i == count) return "an attribute that this version of the program does not know";
    self->attr = (journal_attr){.record = {.kind = kinds[i].record, .trial = parts->trial}};
    const char *what = hpo_journal_parse_attr(&parts->body, kinds[i].attr, format, &self->attr);
    if (what) return what;
    self->entry = (hpo_entry){.kind = HPO_ENTRY_RECORD, .elapsed = self->attr.elapsed};
    if (kinds[i].attr == JOURNAL_RAW) {
        self->entry.kind = HPO_ENTRY_RAW;
        self->entry.raw = raw_of(&self->attr);
    } else {
        self->entry.record = self->attr.record;
    }
    return NULL;
}

static const char *understand_study_attr(replay *self, journal_line *parts) {
    const bool ends = parts->attr.at && hpo_json_is(parts->attr, "end");
    if (!ends && !(parts->attr.at && hpo_json_is(parts->attr, "run"))) return NOTHING;
    self->attr = (journal_attr){.record = {.kind = HPO_RECORD_CLOSE}};
    const char *what = hpo_journal_parse_attr(&parts->body, JOURNAL_CLOSE, JOURNAL_FORMAT, &self->attr);
    if (what) return what;
    self->entry = (hpo_entry){.kind = HPO_ENTRY_RUN, .elapsed = self->attr.elapsed};
    self->entry.run = (hpo_run_mark){.at = self->attr.record.at, .ends = ends};
    return NULL;
}

/* NULL: the line holds an entry, which is then in self->entry; NOTHING; or a complaint. */
static const char *understand(replay *self, const char *line, size_t length, uint64_t format) {
    journal_line parts;
    if (!hpo_journal_take_apart(self->journal, line, length, &parts)) return "this line is broken";
    switch (parts.op) {
    case JOURNAL_OP_CREATE_STUDY: return "another program has added a study";
    case JOURNAL_OP_DELETE_STUDY: return "another program has deleted a study";
    case JOURNAL_OP_CREATE_TRIAL: return understand_trial(self, &parts, format);
    case JOURNAL_OP_STUDY_USER_ATTR: return format == JOURNAL_FORMAT_1 ? NOTHING : understand_study_attr(self, &parts);
    case JOURNAL_OP_INTERMEDIATE:
        if (parts.ours) self->untold &= ~(unsigned)JOURNAL_SHOWS_VALUE;
        return NOTHING;
    case JOURNAL_OP_STATE:
        if (parts.ours) self->untold &= ~(unsigned)JOURNAL_SHOWS_STATE;
        return NOTHING;
    case JOURNAL_OP_TRIAL_USER_ATTR: return parts.attr.at ? understand_attr(self, &parts, format) : NOTHING;
    default: return NOTHING;
    }
}

static base_status damaged(const replay *self, const char *what, base_err *err) {
    return hpo_journal_damaged(self->journal->path, self->lines.number, self->lines.byte, what, err);
}

static base_status replay_line(replay *self, base_err *err) {
    bool sealed;
    const char *line = self->lines.line;
    const size_t length = self->lines.length;
    const char *what = hpo_chain_follow(&self->chain, line, length, &sealed);
    if (!what) what = understand(self, line, length, sealed ? JOURNAL_FORMAT : JOURNAL_FORMAT_1);
    if (what == NOTHING) return BASE_OK;
    if (!what) what = hpo_journal_check(&self->check, &self->entry);
    if (what) return damaged(self, what, err);
    if (self->entry.kind == HPO_ENTRY_RECORD) {
        self->untold = hpo_journal_display_parts(&self->entry.record);
        if (self->untold) self->last = self->entry.record;
    }
    const base_status status = self->visit(self->visit_self, &self->entry, err);
    if (status != BASE_OK) {
        base_err_prefix(err, "%s:%llu: byte %llu", self->journal->path, (unsigned long long)self->lines.number,
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
    const hpo_journal *journal = self->journal;
    if (journal->space) self->config = base_calloc(journal->n_params + 1, sizeof(double));
    self->check.space = journal->space;
    return hpo_lines_begin(&self->lines, journal->fd, journal->path, err);
}

base_status hpo_journal_replay(hpo_journal *journal, visitor visit, void *visit_self, base_err *err) {
    replay self = {.journal = journal, .visit = visit, .visit_self = visit_self};
    base_status status = replay_begin(&self, err);
    if (status == BASE_OK) status = replay_all(&self, err);
    if (status == BASE_OK && self.untold && !journal->read_only) {
        hpo_journal_write_run(journal);
        hpo_journal_write_display(journal, &self.last, self.untold);
    }
    hpo_lines_end(&self.lines);
    free(self.config);
    return status;
}

base_status hpo_journal_read(const char *path, const hpo_space *space, visitor visit, void *visit_self, base_err *err) {
    hpo_journal journal = {.path = (char *)path, .read_only = true, .space = space};
    replay self = {.journal = &journal, .visit = visit, .visit_self = visit_self};
    journal.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (journal.fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    journal.arena = base_arena_create();
    if (space) hpo_journal_write_prepare(&journal);
    base_status status = replay_begin(&self, err);
    if (status == BASE_OK) status = replay_all(&self, err);
    hpo_lines_end(&self.lines);
    free(self.config);
    base_arena_destroy(journal.arena);
    close(journal.fd);
    return status;
}
