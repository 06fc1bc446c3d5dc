/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's lines, read back into entries.
 *
 * Only attributes whose keys begin with "hpo:" are believed, and the parameters beside "hpo:start". Lines of others are
 * passed over, but for those that create or delete: ids of studies and trials are positions in the file. A record whose
 * lines for Optuna were cut off with a torn tail gets them again, so that what Optuna shows stays what we know. */
#include "hpo/trials/journal_data.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/trials/json_read.h"

enum { CHUNK = 1 << 20, LONGEST_NAME = 256, HEAD_LINES = 2 };

/* One line, taken apart but not yet understood. */
typedef struct line_parts {
    bool has_op, ours;
    uint64_t op, trial;
    json_reader params; /* at the values, when .at is not NULL */
    json_text attr;     /* behind "hpo:" */
    json_reader body;   /* of that attribute */
} line_parts;

typedef struct replay {
    hpo_journal *journal;
    uint64_t line, trials;
    hpo_entry entry;
    double *config;
    char origin[LONGEST_NAME];
    hpo_record last; /* the last record, and what Optuna was not told about it yet */
    unsigned untold;
} replay;

/* ---- taking a line apart ---- */

static void find_attr(json_reader *reader, line_parts *out) {
    json_text key;
    bool more = json_enter(reader, '{');
    while (json_key(reader, &more, &key)) {
        if (key.length > 4 && memcmp(key.at, "hpo:", 4) == 0) {
            out->attr = (json_text){.at = key.at + 4, .length = key.length - 4};
            out->body = *reader;
        }
        json_skip(reader);
    }
}

/* Of the distributions nothing is needed; our own text of all of them is passed over in one comparison. */
static void skip_distributions(json_reader *reader, const hpo_journal *journal) {
    const journal_text *all = &journal->all_distributions;
    json_reader inside = *reader;
    json_enter(&inside, '{');
    if ((size_t)(inside.end - inside.at) >= all->length && memcmp(inside.at, all->text, all->length) == 0) {
        reader->at = inside.at + all->length;
    } else {
        json_skip(reader);
    }
}

static bool take_apart(const hpo_journal *journal, const char *line, size_t length, line_parts *out) {
    json_reader reader = json_read(line, length);
    json_text key;
    bool more = json_enter(&reader, '{');
    *out = (line_parts){0};
    while (json_key(&reader, &more, &key)) {
        if (json_is(key, "op_code")) {
            out->op = json_u64(&reader);
            out->has_op = true;
        } else if (json_is(key, "worker_id")) {
            out->ours = json_is(json_string(&reader), JOURNAL_WORKER);
        } else if (json_is(key, "trial_id")) {
            out->trial = json_u64(&reader);
        } else if (json_is(key, "user_attr") || json_is(key, "user_attrs")) {
            find_attr(&reader, out);
        } else if (json_is(key, "params")) {
            out->params = reader;
            json_skip(&reader);
        } else if (json_is(key, "distributions")) {
            skip_distributions(&reader, journal);
        } else {
            json_skip(&reader);
        }
    }
    return json_done(&reader) && out->has_op;
}

bool journal_line_is_whole(const char *line, size_t length) {
    json_reader reader = json_read(line, length);
    json_skip(&reader);
    return json_done(&reader);
}

/* ---- the values of our attributes ---- */

static void read_metrics(json_reader *reader, hpo_metrics *metrics) {
    json_text key;
    bool more = json_enter(reader, '{');
    while (json_key(reader, &more, &key)) {
        if (metrics->count == HPO_MAX_METRICS) {
            json_skip(reader);
            continue;
        }
        hpo_metric *item = &metrics->item[metrics->count++];
        json_decode(key, item->name, sizeof item->name);
        item->value = json_real(reader);
    }
}

/* A member of a result; false when the key is not one. */
static bool read_result(json_reader *reader, json_text key, hpo_result *result) {
    if (json_is(key, "cost")) {
        result->cost = json_real(reader);
    } else if (json_is(key, "seconds")) {
        result->seconds = json_real(reader);
    } else if (json_is(key, "metrics")) {
        read_metrics(reader, &result->metrics);
    } else if (json_is(key, "failure")) {
        char word[LONGEST_NAME];
        json_decode(json_string(reader), word, sizeof word);
        if (!hpo_failure_find(word, &result->failure)) reader->bad = true;
    } else if (json_is(key, "code")) {
        result->code = json_int(reader);
    } else if (json_is(key, "reason")) {
        json_decode(json_string(reader), result->reason, sizeof result->reason);
    } else {
        return false;
    }
    return true;
}

static void read_raw(json_reader *reader, hpo_raw *raw) {
    json_text key;
    bool more = json_enter(reader, '{');
    while (json_key(reader, &more, &key)) {
        if (json_is(key, "rung")) {
            raw->rung = json_u32(reader);
        } else if (json_is(key, "report")) {
            raw->is_report = json_bool(reader);
        } else if (json_is(key, "fidelity")) {
            raw->fidelity = json_real(reader);
        } else if (json_is(key, "attempt")) {
            raw->attempt = json_u32(reader);
        } else if (json_is(key, "worker")) {
            raw->worker = json_u32(reader);
        } else if (!read_result(reader, key, &raw->result)) {
            json_skip(reader);
        }
    }
}

/* A member of "hpo:start" alone; false when the key is not one. */
static bool read_start(replay *self, json_reader *reader, json_text key, hpo_record *record) {
    if (json_is(key, "trial")) {
        record->trial = json_u64(reader);
    } else if (json_is(key, "bracket")) {
        record->bracket = json_u32(reader);
    } else if (json_is(key, "parent")) {
        record->parent = json_u64(reader);
    } else if (json_is(key, "seed")) {
        record->seed = json_u64(reader);
    } else if (json_is(key, "origin")) {
        json_decode(json_string(reader), self->origin, sizeof self->origin);
        record->origin = self->origin;
    } else {
        return false;
    }
    return true;
}

static void read_record(replay *self, json_reader *reader, hpo_record *record) {
    json_text key;
    bool more = json_enter(reader, '{');
    while (json_key(reader, &more, &key)) {
        if (json_is(key, "rung")) {
            record->rung = json_u32(reader);
        } else if (json_is(key, "fidelity")) {
            record->fidelity = json_real(reader);
        } else if (json_is(key, "value")) {
            record->value = json_real(reader);
        } else if (json_is(key, "attempt")) {
            record->attempt = json_u32(reader);
        } else if (json_is(key, "worker")) {
            record->worker = json_u32(reader);
        } else if (json_is(key, "from")) {
            record->from = json_real(reader);
        } else if (json_is(key, "as_of")) {
            record->as_of = json_u64(reader);
        } else if (json_is(key, "stop")) {
            record->stop = json_bool(reader);
        } else if (json_is(key, "final")) {
            record->final = json_bool(reader);
        } else if (!read_result(reader, key, &record->result) &&
                   !(record->kind == HPO_RECORD_START && read_start(self, reader, key, record))) {
            json_skip(reader);
        }
    }
}

/* Index of a parameter by the text of its key; they mostly come in the order of declaration. */
static size_t find_param(const hpo_journal *journal, json_text key, size_t expected) {
    if (expected < journal->n_params) {
        const journal_text *mine = &journal->params[expected].key; /* with quotes and colon */
        if (mine->length == key.length + 3 && memcmp(mine->text + 1, key.at, key.length) == 0) return expected;
    }
    char name[LONGEST_NAME];
    json_decode(key, name, sizeof name);
    return hpo_space_find(journal->space, name);
}

static void read_params(replay *self, json_reader *reader) {
    const hpo_journal *journal = self->journal;
    for (size_t i = 0; i < journal->n_params; i++) self->config[i] = (double)NAN;
    json_text key;
    size_t expected = 0;
    bool more = json_enter(reader, '{');
    while (json_key(reader, &more, &key)) {
        size_t index = find_param(journal, key, expected);
        if (index >= journal->n_params) {
            reader->bad = true;
            break;
        }
        self->config[index] = json_real(reader);
        expected = index + 1;
    }
}

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

static base_status understand_trial(replay *self, line_parts *parts, base_err *err) {
    if (!parts->attr.at || !json_is(parts->attr, "start")) return foreign(self, err, "has added a trial");
    hpo_record *record = &self->entry.record;
    *record = (hpo_record){.kind = HPO_RECORD_START, .parent = UINT64_MAX, .config = self->config};
    self->entry.kind = HPO_ENTRY_RECORD;
    if (!parts->params.at) return broken(self, err, "a trial without parameters");
    read_record(self, &parts->body, record);
    read_params(self, &parts->params);
    if (parts->body.bad || parts->params.bad) return broken(self, err, "a trial whose parameters cannot be read");
    if (record->trial != self->trials) return broken(self, err, "trials are missing before this one");
    self->trials++;
    return BASE_OK;
}

static base_status understand_attr(replay *self, line_parts *parts, base_err *err) {
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
    while (i < count && !json_is(parts->attr, kinds[i].name)) i++;
    if (i == count) return broken(self, err, "an attribute that this version of the program does not know");
    hpo_entry *entry = &self->entry;
    entry->kind = kinds[i].entry;
    if (entry->kind == HPO_ENTRY_RECORD) {
        entry->record = (hpo_record){.kind = kinds[i].record, .trial = parts->trial};
        read_record(self, &parts->body, &entry->record);
    } else {
        entry->raw = (hpo_raw){.trial = parts->trial};
        read_raw(&parts->body, &entry->raw);
    }
    return parts->body.bad ? broken(self, err, "an attribute that cannot be read") : BASE_OK;
}

/* *found: the line holds an entry, which is then in self->entry. */
static base_status understand(replay *self, const char *line, size_t length, bool *found, base_err *err) {
    line_parts parts;
    *found = false;
    if (!take_apart(self->journal, line, length, &parts)) return broken(self, err, "this line is broken");
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
        self->untold = journal_display_parts(&self->entry.record);
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
    if (status == BASE_OK) journal_write_display(journal, &self.last, self.untold);
    free(text);
    free(self.config);
    return status;
}

bool journal_read_identity(const char *line, size_t length, base_arena *arena, journal_identity *out) {
    json_reader reader = json_read(line, length);
    line_parts parts = {0};
    json_text key;
    bool more = json_enter(&reader, '{');
    while (json_key(&reader, &more, &key)) {
        if (json_is(key, "user_attr")) {
            find_attr(&reader, &parts);
        } else {
            json_skip(&reader);
        }
    }
    if (!json_done(&reader) || !parts.attr.at || !json_is(parts.attr, "study")) return false;
    *out = (journal_identity){.program = "", .identity = ""};
    char *text = base_arena_alloc(arena, length + 1);
    more = json_enter(&parts.body, '{');
    while (json_key(&parts.body, &more, &key)) {
        if (json_is(key, "format")) {
            out->format = json_u64(&parts.body);
        } else if (json_is(key, "seed")) {
            out->seed = json_u64(&parts.body);
        } else if (json_is(key, "program")) {
            json_decode(json_string(&parts.body), text, length + 1);
            out->program = base_arena_strdup(arena, text);
        } else if (json_is(key, "identity")) {
            json_decode(json_string(&parts.body), text, length + 1);
            out->identity = base_arena_strdup(arena, text);
        } else {
            json_skip(&parts.body);
        }
    }
    return !parts.body.bad;
}
