/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the journal share: journal.c (the file), journal_head.c (what an old file is), journal_write.c
 * (lines out), journal_read.c (lines in). */
#ifndef HPO_TRIALS_JOURNAL_DATA_H
#define HPO_TRIALS_JOURNAL_DATA_H

#include "base/arena.h"
#include "hpo/trials/journal.h"
#include "hpo/trials/journal_chain.h"
#include "hpo/trials/journal_lines.h"
#include "hpo/trials/journal_lock.h"
#include "hpo/trials/journal_keeper.h"

/* Optuna's op codes. */
enum {
    JOURNAL_OP_CREATE_STUDY = 0,
    JOURNAL_OP_DELETE_STUDY = 1,
    JOURNAL_OP_STUDY_USER_ATTR = 2,
    JOURNAL_OP_STUDY_SYSTEM_ATTR = 3,
    JOURNAL_OP_CREATE_TRIAL = 4,
    JOURNAL_OP_STATE = 6,
    JOURNAL_OP_INTERMEDIATE = 7,
    JOURNAL_OP_TRIAL_USER_ATTR = 8,
    JOURNAL_OP_TRIAL_SYSTEM_ATTR = 9,
};
/* Who wrote a line. */
#define JOURNAL_WORKER "hpo"

/* Format 1 had no checksums, no times and a closed set of members; it is read, and continued in format 2. */
enum { JOURNAL_FORMAT_1 = 1, JOURNAL_FORMAT = 2 };

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

/* A double and its text. */
typedef struct journal_number {
    double value;
    char text[40];
    size_t length; /* 0: none yet */
} journal_number;

struct hpo_journal {
    char *path;
    int fd;
    hpo_lock lock;
    bool kept; /* the thread runs */
    hpo_keeper keeper;
    bool is_new, read_only, integer_steps, fsync_each;
    base_status failed; /* sticks */
    base_err failure;

    hpo_constraint *constraints;
    size_t n_constraints;
    const hpo_space *space;
    size_t n_params;
    base_arena *arena;
    journal_param *params;
    journal_text all_distributions; /* of an op 4 line in which every parameter is active */
    const char *program;

    journal_chain chain;
    hpo_amendment *amendments;
    size_t n_amendments;
    bool by_posterior;     /* as in the head */
    bool begun;            /* this run's line is written */
    bool quiet;            /* no run writes here: a copy is made, which has the lines of the runs that it copies */
    double began;          /* wall time */
    double opened;         /* monotonic, to a tick */
    double elapsed_before; /* seconds of earlier runs; NaN: the journal does not say */

    base_buf out;
    uint64_t written; /* bytes since it was opened */
    size_t line;      /* where the line that is being written begins */
    double stamp_at;  /* what stamp says */
    char stamp[32];
    size_t stamp_length;
    journal_number number;              /* the newest that was written: a value stands in up to four places */
    uint64_t moment_at, moment_elapsed; /* milliseconds: what moment says */
    char moment[64];
    size_t moment_length;
    double *shown; /* by trial: the newest value that Optuna is told; NaN: none */
    size_t n_shown, shown_capacity;
};

/* ---- journal.c ---- */
double hpo_journal_elapsed_now(const hpo_journal *journal); /* seconds of all runs */
BASE_CHECK base_status hpo_journal_sync_folder(const char *path, base_err *err);

/* ---- journal_rescue.c ---- */
/* Writes all that is known into a new file, whose name is put into path. */
BASE_CHECK base_status hpo_journal_rescue(const hpo_journal *journal, bool folder_gone, base_buf *path, base_err *err);

/* ---- journal_head.c ---- */
typedef struct journal_identity {
    uint64_t format, seed;
    const char *program, *identity;
    const char *chosen; /* or NULL */
    const char *study;  /* its name, from the first line; "" when it does not say */
} journal_identity;

/* What is known of a file once all its lines were checked against the chain, but not understood. */
typedef struct journal_scan {
    bool found; /* a whole head; else the file holds nothing yet, or a torn head */
    journal_identity head;
    journal_chain chain;
    uint64_t sound;     /* bytes; what follows is a torn line */
    bool lacks_newline; /* the last line is whole but for that */
    double elapsed;     /* seconds of all runs; NaN: no line says */
    hpo_amendment *amendments;
    size_t n_amendments;
    bool by_posterior; /* of the newest run */
} journal_scan;
/* Texts go to the arena. BASE_CORRUPT with line and byte: damage, or not a journal. */
BASE_CHECK base_status hpo_journal_scan(int fd, const char *path, base_arena *arena, journal_scan *out, base_err *err);
/* Its first two lines alone. */
BASE_CHECK base_status hpo_journal_scan_head(journal_lines *lines, journal_scan *out, base_arena *arena, base_err *err);
/* BASE_INVALID with the first difference. */
BASE_CHECK base_status hpo_journal_check_identity(const char *path, const char *had, const char *has, base_err *err);
/* "path:line: byte N: what" and how to go on. */
base_status hpo_journal_damaged(const char *path, uint64_t line, uint64_t byte, const char *what, base_err *err);

/* ---- journal_distributions.c ---- */
void hpo_journal_write_prepare(hpo_journal *journal); /* fills params and all_distributions */

/* ---- journal_write.c ---- */
void hpo_journal_write_head(hpo_journal *journal, const hpo_journal_head *head);
/* A run's beginning or end, as it was. */
void hpo_journal_write_mark(hpo_journal *journal, const hpo_run_mark *mark, double elapsed);
/* A line as it is: of somebody else, or one of ours, which becomes the next link of the chain. */
void hpo_journal_copy_line(hpo_journal *journal, const char *line, size_t length, bool sealed);
/* The first line of this run, once; in a journal of format 1 the line that begins the chain comes before it. */
void hpo_journal_write_run(hpo_journal *journal);
void hpo_journal_write_end(hpo_journal *journal);
/* Another identity from here on. */
void hpo_journal_write_identity(hpo_journal *journal, const char *identity);
/* The lines for Optuna's eyes that follow our attribute of a record. */
enum { JOURNAL_SHOWS_VALUE = 1, JOURNAL_SHOWS_STATE = 2, JOURNAL_SHOWS_CONSTRAINTS = 4 };
unsigned hpo_journal_display_parts(const hpo_journal *journal, const hpo_record *record);
/* Remembers what Optuna is told of a record that was written or read: every one, before the next is. */
void hpo_journal_note_shown(hpo_journal *journal, const hpo_record *record);
/* at: seconds since 1970; 0 = now. */
void hpo_journal_write_display(hpo_journal *journal, const hpo_record *record, double at, unsigned parts);

/* ---- journal_parse.c ---- */
/* The second line of a journal, or one that changes the identity. False: it is none of ours. */
bool hpo_journal_read_identity(const char *line, size_t length, base_arena *arena, journal_identity *out);
/* The study's name in the first line; "": none. */
const char *hpo_journal_read_name(const char *line, size_t length, base_arena *arena);
bool hpo_journal_read_change(const char *line, size_t length, base_arena *arena, const char **identity);
/* A line that begins a run; false: any other. */
bool hpo_journal_read_run(const char *line, size_t length, bool *by_posterior);

/* ---- journal_amend.c ---- */
/* A line that is an amendment; false: any other. */
bool hpo_journal_read_amendment(const char *line, size_t length, base_arena *arena, hpo_amendment *out);

#endif
