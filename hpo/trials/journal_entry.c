/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a line to an entry.
 *
 * Only attributes whose keys begin with "hpo:" are believed, and the parameters beside "hpo:start". Lines of others are
 * passed over, but for those that create or delete: ids of studies and trials are positions in the file. */
#include "hpo/trials/journal_entry.h"

#include <stddef.h>
#include <string.h>

const char JOURNAL_NO_ENTRY[] = "";

/* A record has two kilobytes, most of it room for texts: it is read where it is given away, and only what is there is
 * touched. */
static hpo_record *begin_record(journal_reader *self, hpo_record_kind kind, uint64_t trial) {
    hpo_record *record = &self->entry.record;
    memset(record, 0, offsetof(hpo_record, result));
    hpo_result_clear(&record->result);
    memset((char *)record + offsetof(hpo_record, attempt), 0, sizeof *record - offsetof(hpo_record, attempt));
    record->kind = kind;
    record->trial = trial;
    self->attr.record = record;
    self->attr.is_report = false;
    self->attr.by_posterior = false;
    self->attr.elapsed = 0;
    return record;
}

static const char *understand_trial(journal_reader *self, journal_line *parts, uint64_t format) {
    if (!parts->attr.at || !hpo_json_is(parts->attr, "start")) return "another program has added a trial";
    if (!parts->params.at) return "a trial without parameters";
    hpo_record *record = begin_record(self, HPO_RECORD_START, 0);
    record->parent = UINT64_MAX;
    const char *what = hpo_journal_parse_attr(&parts->body, JOURNAL_START, format, &self->attr);
    if (what) return what;
    if (self->config) {
        hpo_journal_parse_params(&parts->params, self->journal, self->config);
        if (parts->params.bad) return "a trial whose parameters cannot be read";
        record->config = self->config;
    }
    self->entry.kind = HPO_ENTRY_RECORD;
    self->entry.elapsed = self->attr.elapsed;
    return NULL;
}

static hpo_raw raw_of(const journal_attr *attr) {
    const hpo_record *record = attr->record;
    return (hpo_raw){.trial = record->trial,
                     .rung = record->rung,
                     .attempt = record->attempt,
                     .worker = record->worker,
                     .is_report = attr->is_report,
                     .fidelity = record->fidelity,
                     .at = record->at,
                     .result = record->result};
}

static const char *understand_attr(journal_reader *self, journal_line *parts, uint64_t format) {
    static const struct {
        const char *name;
        journal_attr_kind attr;
        hpo_record_kind record;
    } kinds[] = {
        {"result", JOURNAL_RESULT, HPO_RECORD_RESULT}, {"report", JOURNAL_REPORT, HPO_RECORD_REPORT},
        {"raw", JOURNAL_RAW, HPO_RECORD_RESULT},       {"promote", JOURNAL_PROMOTE, HPO_RECORD_PROMOTE},
        {"close", JOURNAL_CLOSE, HPO_RECORD_CLOSE},    {"attempt", JOURNAL_ATTEMPT, HPO_RECORD_ATTEMPT},
    };
    if (format != JOURNAL_FORMAT_1 && hpo_json_is(parts->attr, "format")) return JOURNAL_NO_ENTRY;
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    while (i < count && !hpo_json_is(parts->attr, kinds[i].name)) i++;
    if (i == count) return "an attribute that this version of the program does not know";
    begin_record(self, kinds[i].record, parts->trial);
    const char *what = hpo_journal_parse_attr(&parts->body, kinds[i].attr, format, &self->attr);
    if (what) return what;
    const bool raw = kinds[i].attr == JOURNAL_RAW;
    self->entry.kind = raw ? HPO_ENTRY_RAW : HPO_ENTRY_RECORD;
    self->entry.elapsed = self->attr.elapsed;
    if (raw) self->entry.raw = raw_of(&self->attr);
    return NULL;
}

static const char *understand_study_attr(journal_reader *self, journal_line *parts) {
    const bool ends = parts->attr.at && hpo_json_is(parts->attr, "end");
    if (!ends && !(parts->attr.at && hpo_json_is(parts->attr, "run"))) return JOURNAL_NO_ENTRY;
    const hpo_record *record = begin_record(self, HPO_RECORD_CLOSE, 0);
    const char *what = hpo_journal_parse_attr(&parts->body, JOURNAL_RUN, JOURNAL_FORMAT, &self->attr);
    if (what) return what;
    self->entry.kind = HPO_ENTRY_RUN;
    self->entry.elapsed = self->attr.elapsed;
    self->entry.run = (hpo_run_mark){.at = record->at, .ends = ends, .by_posterior = self->attr.by_posterior};
    return NULL;
}

const char *hpo_journal_understand(journal_reader *self, const char *line, size_t length, uint64_t format) {
    journal_line parts;
    self->shows = 0;
    if (!hpo_journal_take_apart(self->journal, line, length, &parts)) return "this line is broken";
    switch (parts.op) {
    case JOURNAL_OP_CREATE_STUDY: return "another program has added a study";
    case JOURNAL_OP_DELETE_STUDY: return "another program has deleted a study";
    case JOURNAL_OP_CREATE_TRIAL: return understand_trial(self, &parts, format);
    case JOURNAL_OP_STUDY_USER_ATTR:
        return format == JOURNAL_FORMAT_1 ? JOURNAL_NO_ENTRY : understand_study_attr(self, &parts);
    case JOURNAL_OP_INTERMEDIATE:
        if (parts.ours) self->shows = JOURNAL_SHOWS_VALUE;
        return JOURNAL_NO_ENTRY;
    case JOURNAL_OP_STATE:
        if (parts.ours) self->shows = JOURNAL_SHOWS_STATE;
        return JOURNAL_NO_ENTRY;
    case JOURNAL_OP_TRIAL_SYSTEM_ATTR:
        if (parts.ours) self->shows = JOURNAL_SHOWS_CONSTRAINTS;
        return JOURNAL_NO_ENTRY;
    case JOURNAL_OP_TRIAL_USER_ATTR: return parts.attr.at ? understand_attr(self, &parts, format) : JOURNAL_NO_ENTRY;
    default: return JOURNAL_NO_ENTRY;
    }
}
