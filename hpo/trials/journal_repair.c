/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sound journal from a damaged one.
 *
 * Each line vouches for itself, so what is sound is known line by line. Records are then folded as a run would fold
 * them: one that can no longer follow (the result of a promotion that was lost) is left out, too. Ids are positions, so
 * a lost START is replaced by a trial that failed.
 *
 * In the deterministic order every record is computed again from the raw results, so there only those are kept, and no
 * trial is lost at all. Of an evaluation that was going on where something is missing, a report may be missing, too: a
 * survey before finds those, and they are evaluated again as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/trials/history.h"
#include "hpo/trials/journal_check.h"
#include "hpo/trials/journal_entry.h"
#include "hpo/trials/journal_survey.h"

/* Without checksums a number may be damaged, too: then ids are not believed that are further ahead. */
enum { MAX_GAP_FORMAT_1 = 8, MAX_AHEAD = 1 << 20, MAX_NAMES = 1000 };

typedef struct repair {
    const char *path;
    const hpo_journal_head *head;
    bool deterministic;
    journal_lines lines;
    journal_chain chain;
    journal_reader reader;
    journal_check check;
    hpo_history *history;
    hpo_journal *out;
    base_buf *told;
    base_arena *texts;
    journal_identity identity; /* the newest that the file has; identity NULL: none is left */
    bool damaged, has_ours;    /* has_ours: a sound line that this program wrote was seen */
    uint64_t gaps;             /* places where something of ours is missing */
    bool surveys;              /* nothing is told and written yet */
    journal_survey survey;
    double at, elapsed; /* of the newest entry */
    hpo_record start;   /* the newest START; its config is `config` */
    double *config;
    uint64_t recomputed; /* records that a deterministic run makes again */
} repair;

/* ---- telling ---- */

static void tell_line(const repair *self, const char *what) {
    if (self->surveys) return;
    base_buf_printf(self->told, "line %llu (byte %llu): %s\n", (unsigned long long)self->lines.number,
                    (unsigned long long)self->lines.byte, what);
}

static void note_gap(repair *self) {
    self->damaged = true;
    self->gaps++;
    if (self->surveys) self->survey.damages++;
}

static void drop(repair *self, const char *what) {
    self->damaged = true;
    if (self->surveys) return;
    base_buf_printf(self->told, "line %llu (byte %llu) is dropped: %s\n", (unsigned long long)self->lines.number,
                    (unsigned long long)self->lines.byte, what);
}

/* ---- records in their order ---- */

static uint64_t trials_of(const repair *self) {
    return hpo_view_trials(hpo_history_view(self->history));
}

/* As run through by the history; *what: why it cannot follow. */
static bool follows(repair *self, const hpo_record *record, base_err *why) {
    hpo_entry entry = {.kind = HPO_ENTRY_RECORD, .record = *record};
    self->check.trials = trials_of(self);
    self->check.records = hpo_history_view(self->history).as_of;
    const char *complaint = hpo_journal_check(&self->check, &entry);
    if (complaint) {
        (void)BASE_FAIL(why, BASE_CORRUPT, "%s", complaint);
        return false;
    }
    return hpo_history_apply(self->history, record, why) == BASE_OK;
}

static void keep_record(repair *self, const hpo_record *record) {
    hpo_journal_append(self->out, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .elapsed = self->elapsed, .record = *record});
}

/* Any point of the space: what was tried is lost. It failed, so it is nobody's best. */
static void draw_config(repair *self, uint64_t trial) {
    base_err why;
    const hpo_space *space = self->check.space;
    double *config = BASE_NEW_ARRAY(self->texts, hpo_space_count(space), double);
    base_rng rng = base_rng_stream(self->head->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX - 1);
    if (hpo_space_sample(space, &rng, config, &why) == BASE_OK) {
        memcpy(self->config, config, hpo_space_count(space) * sizeof *config);
    }
}

/* A trial whose START is lost. `like` tells the place in brackets and rungs that it probably had. */
static bool put_failed_trial(repair *self, const hpo_record *like) {
    const uint64_t id = trials_of(self);
    draw_config(self, id);
    const hpo_record start = {.kind = HPO_RECORD_START,
                              .trial = id,
                              .bracket = like->bracket,
                              .rung = like->rung,
                              .fidelity = like->fidelity > 0 ? like->fidelity : 1,
                              .as_of = hpo_history_view(self->history).as_of,
                              .parent = UINT64_MAX,
                              .origin = "damage",
                              .config = self->config,
                              .at = self->at};
    hpo_record result = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .rung = start.rung,
                         .fidelity = start.fidelity,
                         .value = NAN,
                         .at = self->at,
                         .result = {.failure = HPO_FAILURE_ERROR, .reason = "lost by damage"}};
    base_err why;
    if (!follows(self, &start, &why) || !follows(self, &result, &why)) return false;
    keep_record(self, &start);
    keep_record(self, &result);
    self->damaged = true;
    base_buf_printf(self->told, "trial %llu: its beginning is lost; it stays in its place as a failed trial\n",
                    (unsigned long long)id);
    return true;
}

/* Trials before number `until`, as far as they are lost. False: that number cannot be believed. */
static bool fill_trials(repair *self, uint64_t until, const hpo_record *like, bool sealed) {
    const uint64_t have = trials_of(self);
    if (!sealed && until > have + MAX_GAP_FORMAT_1) return false;
    while (trials_of(self) < until) {
        if (!put_failed_trial(self, like)) return false;
    }
    return true;
}

static void take_record(repair *self, const hpo_record *read, bool sealed) {
    hpo_record record = *read;
    base_err why;
    if (self->deterministic && self->gaps > 0) {
        self->recomputed++;
        return;
    }
    const bool starts = record.kind == HPO_RECORD_START;
    if (!self->deterministic) {
        const hpo_record *like = starts && self->start.fidelity == 0 ? &record : &self->start;
        if (!fill_trials(self, starts ? record.trial : sealed ? record.trial + 1 : 0, like, sealed)) {
            drop(self, "it speaks of a trial that is not there");
            return;
        }
        const uint64_t known = hpo_history_view(self->history).as_of;
        if (record.as_of > known) record.as_of = known; /* records before it are gone */
    }
    if (!follows(self, &record, &why)) {
        note_gap(self);
        drop(self, why.text);
        return;
    }
    keep_record(self, &record);
    if (!starts) return;
    self->start = record;
    memcpy(self->config, record.config, hpo_space_count(self->check.space) * sizeof *self->config);
}

static void survey_entry(repair *self) {
    const hpo_entry *entry = &self->reader.entry;
    const hpo_record *record = &entry->record;
    const bool begins =
        entry->kind == HPO_ENTRY_RECORD && (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE);
    const bool raw = entry->kind == HPO_ENTRY_RAW;
    const uint64_t trial = begins ? record->trial : entry->raw.trial;
    if (trial >= self->lines.number + MAX_AHEAD) return; /* a number that cannot be */
    if (begins) hpo_survey_begin(&self->survey, trial, record->rung);
    if (raw && entry->raw.is_report) hpo_survey_report(&self->survey, trial, entry->raw.rung);
    if (raw && !entry->raw.is_report) hpo_survey_end(&self->survey, trial, entry->raw.rung);
}

static void take_raw(repair *self, const hpo_entry *entry) {
    const hpo_raw *raw = &entry->raw;
    const char *complaint = hpo_journal_check(&self->check, entry);
    if (complaint) {
        drop(self, complaint);
    } else if (!hpo_survey_is_partial(&self->survey, raw->trial, raw->rung)) {
        hpo_journal_append(self->out, &(hpo_entry){.kind = HPO_ENTRY_RAW, .elapsed = self->elapsed, .raw = *raw});
    } else if (!raw->is_report) {
        base_buf_printf(self->told, "trial %llu will be evaluated again on rung %u\n", (unsigned long long)raw->trial,
                        raw->rung);
    }
}

static void take_entry(repair *self, bool sealed) {
    const hpo_entry *entry = &self->reader.entry;
    if (self->surveys) {
        survey_entry(self);
        return;
    }
    if (entry->elapsed > 0) self->elapsed = entry->elapsed;
    if (entry->kind == HPO_ENTRY_RECORD) {
        if (entry->record.at > 0) self->at = entry->record.at;
        take_record(self, &entry->record, sealed);
        return;
    }
    if (entry->kind == HPO_ENTRY_RUN) {
        hpo_journal_write_mark(self->out, &entry->run, entry->elapsed);
        return;
    }
    take_raw(self, entry);
}

/* ---- lines ---- */

typedef enum soundness { UNSOUND, OURS_SEALED, OURS_OLD, FOREIGN } soundness;

/* Whether the line can be believed; *complaint when not. */
static soundness look(repair *self, const char **complaint) {
    journal_line parts;
    const char *line = self->lines.line;
    const size_t length = self->lines.length;
    uint64_t own = 0;
    const journal_link link = hpo_chain_look(&self->chain, line, length, &own);
    if (link == JOURNAL_LINK_NONE) {
        *complaint = "this line is broken";
        if (!self->chain.linked) self->chain.last = hpo_chain_sum(&self->chain, line, length);
        if (!hpo_journal_take_apart(NULL, line, length, &parts)) return UNSOUND;
        if (!parts.ours && !parts.attr.at) return FOREIGN;
        *complaint = "it has no checksum";
        return self->chain.linked ? UNSOUND : OURS_OLD;
    }
    if (link == JOURNAL_LINK_GAP) {
        note_gap(self);
        tell_line(self, self->chain.linked ? "before it, lines are missing or not in their order"
                                           : "what stands before it, without checksums, was changed");
    }
    self->chain.last = own; /* also that of a changed line: the next one names it */
    self->chain.linked = true;
    *complaint = "it was changed after it had been written";
    return link == JOURNAL_LINK_CHANGED ? UNSOUND : OURS_SEALED;
}

/* A line that only a journal's head has. */
static bool is_head(const char *line, size_t length, base_arena *texts) {
    journal_line parts;
    journal_identity identity;
    if (hpo_journal_read_identity(line, length, texts, &identity)) return true;
    return hpo_journal_take_apart(NULL, line, length, &parts) && parts.ours && parts.op == JOURNAL_OP_CREATE_STUDY;
}

/* The first two lines are written anew; what the second says is remembered. */
static void take_head(repair *self, soundness sound, const char *complaint) {
    journal_identity identity;
    if (sound == UNSOUND) {
        note_gap(self);
        if (self->surveys) return;
        base_buf_printf(self->told, "line %llu (byte %llu) is written anew: %s\n",
                        (unsigned long long)self->lines.number, (unsigned long long)self->lines.byte, complaint);
    } else if (hpo_journal_read_identity(self->lines.line, self->lines.length, self->texts, &identity)) {
        self->identity = identity;
    }
}

static bool is_about_study(const char *line, size_t length) {
    journal_line parts;
    return hpo_journal_take_apart(NULL, line, length, &parts) && parts.op == JOURNAL_OP_STUDY_USER_ATTR;
}

static void take_line(repair *self) {
    const char *complaint = NULL, *identity;
    const soundness sound = look(self, &complaint);
    const bool sealed = sound == OURS_SEALED;
    const char *line = self->lines.line;
    const size_t length = self->lines.length;
    self->has_ours |= sound == OURS_SEALED || sound == OURS_OLD;
    if (self->lines.number <= 2 && (sound == UNSOUND || is_head(line, length, self->texts))) {
        take_head(self, sound, complaint);
        return;
    }
    if (sound == UNSOUND) note_gap(self);
    if (sound != UNSOUND) {
        complaint = hpo_journal_understand(&self->reader, line, length, sealed ? JOURNAL_FORMAT : JOURNAL_FORMAT_1);
    }
    if (!complaint) {
        take_entry(self, sealed);
    } else if (complaint != JOURNAL_NO_ENTRY) {
        if (sound == OURS_SEALED || sound == OURS_OLD) note_gap(self);
        drop(self, complaint);
    } else if (self->surveys) {
        return;
    } else if (sound == FOREIGN) {
        hpo_journal_copy_line(self->out, line, length, false);
    } else if (sealed && hpo_journal_read_change(line, length, self->texts, &identity)) {
        self->identity.identity = identity;
    } else if (sealed && is_about_study(line, length)) {
        hpo_journal_copy_line(self->out, line, length, true); /* what a user ordered */
    }
}

/* What follows the last newline. */
static void take_rest(repair *self) {
    uint64_t own;
    const char *line = self->lines.line;
    const size_t length = self->lines.length;
    if (length == 0) return;
    if (hpo_chain_look(&self->chain, line, length, &own) == JOURNAL_LINK_FITS) {
        take_line(self);
    } else if (hpo_json_is_torn(line, length)) {
        tell_line(self, "the last one has no end and is left out");
    } else {
        note_gap(self);
        drop(self, "this line is broken");
    }
}

static base_status take_lines(repair *self, int fd, base_err *err) {
    hpo_lines_end(&self->lines);
    self->chain = (journal_chain){0};
    self->damaged = false;
    self->gaps = 0;
    BASE_TRY(hpo_lines_begin(&self->lines, fd, self->path, err));
    for (;;) {
        const base_status status = hpo_lines_next(&self->lines, err);
        if (status == BASE_END) break;
        if (status != BASE_OK) return status;
        take_line(self);
    }
    take_rest(self);
    return BASE_OK;
}

static void tell_end(const repair *self) {
    const hpo_view view = hpo_history_view(self->history);
    if (self->recomputed > 0) {
        base_buf_printf(self->told, "%llu records are computed again from the results that are left\n",
                        (unsigned long long)self->recomputed);
    }
    for (uint64_t id = 0; id < hpo_view_trials(view) && !self->deterministic; id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.state != HPO_TRIAL_RUNNING) continue;
        base_buf_printf(self->told, "trial %llu will be evaluated again on rung %u\n", (unsigned long long)id,
                        trial.rung);
    }
}

/* ---- files ---- */

/* The damaged file gets a name of its own, and the new one takes its place. */
static base_status exchange(const char *path, const char *new, base_buf *told, base_err *err) {
    base_buf kept = {0};
    int done = -1;
    for (int i = 1; done != 0 && i < MAX_NAMES; i++) {
        base_buf_clear(&kept);
        base_buf_printf(&kept, i == 1 ? "%s.damaged" : "%s.damaged-%d", path, i);
        done = link(path, kept.data);
        if (done != 0 && errno != EEXIST) break;
    }
    base_status status = BASE_OK;
    if (done != 0 || rename(new, path) != 0) {
        status = BASE_FAIL(err, BASE_IO, "cannot keep %s as %s: %s", path, kept.data, strerror(errno));
    } else {
        base_buf_printf(told, "%s is repaired; the old file is %s\n", path, kept.data);
        status = hpo_journal_sync_folder(path, err);
    }
    base_buf_fini(&kept);
    return status;
}

static base_status write_new(repair *self, int fd, const char *new, base_err *err) {
    hpo_journal_head head = *self->head;
    head.read_only = head.fsync_each = false;
    unlink(new); /* of a repair that was interrupted */
    BASE_TRY(hpo_journal_open(new, &head, self->check.space, &self->out, err));
    self->out->quiet = true;
    self->reader.journal = self->out;
    self->surveys = self->deterministic;
    if (self->surveys) BASE_TRY(take_lines(self, fd, err));
    hpo_survey_finish(&self->survey);
    self->surveys = false;
    BASE_TRY(take_lines(self, fd, err));
    if (!self->has_ours) {
        return BASE_FAIL(err, BASE_CORRUPT, "%s holds no sound line that this program wrote", self->path);
    }
    if (!self->identity.identity) return BASE_OK; /* nothing is left to compare with: the caller's word counts */
    return hpo_journal_check_identity(self->path, self->identity.identity, self->head->identity, err);
}

/* A head may be sound line by line and still be none. */
static void check_head(repair *self, int fd) {
    journal_scan scan;
    base_err ignored;
    if (self->damaged || hpo_journal_scan(fd, self->path, self->texts, &scan, &ignored) == BASE_OK) return;
    self->damaged = true;
    base_buf_puts(self->told, "the first two lines are written anew: they do not say what the study is\n");
}

static base_status repair_file(repair *self, int fd, const char *new, base_err *err) {
    base_err ignored;
    base_status status = write_new(self, fd, new, err);
    const base_status closed = hpo_journal_close(self->out, status == BASE_OK ? err : &ignored);
    if (status == BASE_OK) status = closed;
    if (status == BASE_OK) check_head(self, fd);
    if (status == BASE_OK && self->damaged) {
        tell_end(self);
        return exchange(self->path, new, self->told, err);
    }
    unlink(new);
    if (status == BASE_OK) base_buf_printf(self->told, "%s is not damaged\n", self->path);
    return status;
}

static void begin(repair *self) {
    const size_t count = hpo_space_count(self->check.space);
    self->texts = base_arena_create();
    self->history = self->head->goals
                        ? hpo_history_create_for(self->check.space, self->head->goals, self->head->n_goals, INFINITY)
                        : hpo_history_create(self->check.space, false, INFINITY);
    hpo_history_constrain(self->history, self->head->constraints);
    self->reader.config = base_calloc(count + 1, sizeof(double));
    self->config = base_calloc(count + 1, sizeof(double));
}

static void end(repair *self) {
    hpo_lines_end(&self->lines);
    hpo_survey_fini(&self->survey);
    free(self->config);
    free(self->reader.config);
    hpo_history_destroy(self->history);
    base_arena_destroy(self->texts);
}

base_status hpo_journal_repair(const char *path, const hpo_journal_head *head, const hpo_space *space,
                               bool deterministic, base_buf *told, base_err *err) {
    repair self = {.path = path, .head = head, .deterministic = deterministic, .told = told, .check.space = space};
    hpo_lock lock;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    base_status status = hpo_lock_take(&lock, path, fd, head->stale_after, err);
    if (status == BASE_OK) {
        base_buf new = {0};
        base_buf_printf(&new, "%s.repaired", path);
        begin(&self);
        status = repair_file(&self, fd, new.data, err);
        end(&self);
        base_buf_fini(&new);
        hpo_lock_release(&lock);
    }
    close(fd);
    return status;
}
