/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the journal share: journal.c (the file), journal_write.c (lines out), journal_read.c (lines in). */
#ifndef HPO_TRIALS_JOURNAL_DATA_H
#define HPO_TRIALS_JOURNAL_DATA_H

#include <time.h>

#include "base/arena.h"
#include "hpo/trials/journal.h"
#include "hpo/trials/journal_lock.h"
#include "hpo/trials/journal_sync.h"

/* Optuna's op codes. */
enum {
    JOURNAL_OP_CREATE_STUDY = 0,
    JOURNAL_OP_DELETE_STUDY = 1,
    JOURNAL_OP_STUDY_USER_ATTR = 2,
    JOURNAL_OP_CREATE_TRIAL = 4,
    JOURNAL_OP_STATE = 6,
    JOURNAL_OP_INTERMEDIATE = 7,
    JOURNAL_OP_TRIAL_USER_ATTR = 8,
};
/* Who wrote a line. */
#define JOURNAL_WORKER "hpo"

enum { JOURNAL_FORMAT = 1 };

typedef struct journal_text {
    const char *text;
    size_t length;
} journal_text;

/* What never changes of a parameter's part of an op 4 line. */
typedef struct journal_param {
    const char *name;
    journal_text key;          /* "lr": */
    journal_text distribution; /* "lr":"{\"name\":...}" */
} journal_param;

struct hpo_journal {
    char *path;
    int fd;
    hpo_lock lock;
    bool syncs; /* the thread runs */
    hpo_syncer sync;
    bool is_new, integer_steps, fsync_each;
    base_status failed; /* sticks */
    base_err failure;

    const hpo_space *space;
    size_t n_params;
    base_arena *arena;
    journal_param *params;
    journal_text all_distributions; /* of an op 4 line in which every parameter is active */

    base_buf out;
    struct timespec stamp_at; /* of the coarse clock when stamp was made */
    char stamp[32];
};

/* ---- journal_write.c ---- */
void hpo_journal_write_prepare(hpo_journal *journal); /* fills params and all_distributions */
void hpo_journal_write_head(hpo_journal *journal, const hpo_journal_head *head);
/* The lines for Optuna's eyes that follow our attribute of a record. */
enum { JOURNAL_SHOWS_VALUE = 1, JOURNAL_SHOWS_STATE = 2 };
unsigned hpo_journal_display_parts(const hpo_record *record);
void hpo_journal_write_display(hpo_journal *journal, const hpo_record *record, unsigned parts);

/* ---- journal_parse.c ---- */
typedef struct journal_identity {
    uint64_t format, seed;
    const char *program, *identity;
} journal_identity;
/* The second line of a journal. False: it is none of ours. */
bool hpo_journal_read_identity(const char *line, size_t length, base_arena *arena, journal_identity *out);
/* A line that is JSON. */
bool hpo_journal_line_is_whole(const char *line, size_t length);

#endif
