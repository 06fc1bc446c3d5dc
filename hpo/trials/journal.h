/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal: the only truth about a run, an append-only file of JSON lines in the format of Optuna's JournalStorage
 * (optuna/storages/_journal), so that Optuna's tools open it, also while the run is going.
 *
 * Lines that Optuna knows carry what it can show; what is ours alone rides in user attributes whose keys begin with
 * "hpo:" and is what is read on resume. One writer: a lock file (host, pid, beat) beside the journal, broken when
 * stale. A torn last line is cut off when the journal is opened. Foreign attribute lines are skipped; a foreign new
 * trial is refused with a sentence, because trial ids are implicit in the order of lines.
 *
 *   START    one op 4 with params, distributions and {"hpo:start": {...}}
 *   PROMOTE  op 8 {"hpo:promote": {...}}
 *   REPORT   op 7 (step = the fidelity when it is an integer, else the rung's index) and op 8 {"hpo:report": {...}};
 *            op 6 PRUNED when it stops the trial
 *   RESULT   op 8 {"hpo:result": {...}}, op 7 when finite, op 6 COMPLETE when final, FAIL when failed;
 *            a paused trial stays RUNNING
 *   CLOSE    op 8 {"hpo:close": {...}} and op 6 PRUNED
 *   raw      op 8 {"hpo:raw": {...}}: a result as it arrived physically, before it is told (deterministic order)
 *   attempt  op 8 {"hpo:attempt": {...}}: an attempt that failed and will be retried
 * Values of finite doubles are written so that they read back bit-equal; NaN and infinities as the texts "nan", "inf",
 * "-inf" inside our attributes only. */
#ifndef HPO_TRIALS_JOURNAL_H
#define HPO_TRIALS_JOURNAL_H

#include "base/buf.h"
#include "hpo/space/space.h"
#include "hpo/trials/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a run must have in common with the journal that it continues. */
typedef struct hpo_journal_head {
    const char *study; /* name */
    bool maximize;
    uint64_t seed;
    const char *identity; /* canonical text: parameters, metric, objective and settings, fidelity, method, seed, ... */
    const char *program;  /* version text */
    bool integer_steps;   /* reports and fidelities are integers: used as Optuna's step */
    bool fsync_each;      /* durability: each (after every flush) instead of group (about every 100 ms) */
    double stale_after;   /* seconds without a beat after which a lock of another host is broken */
} hpo_journal_head;

/* A physical result in deterministic order: what the evaluation of (trial, rung) by `attempt` gave. */
typedef struct hpo_raw {
    uint64_t trial;
    uint32_t rung;
    uint32_t attempt;
    uint32_t worker;
    bool is_report;    /* a report at `fidelity`; else the end of the evaluation */
    double fidelity;   /* step reached */
    hpo_result result; /* report: metrics only */
} hpo_raw;

typedef enum hpo_entry_kind { HPO_ENTRY_RECORD, HPO_ENTRY_RAW, HPO_ENTRY_ATTEMPT } hpo_entry_kind;
typedef struct hpo_entry {
    hpo_entry_kind kind;
    hpo_record record; /* RECORD */
    hpo_raw raw;       /* RAW, ATTEMPT */
} hpo_entry;

typedef struct hpo_journal hpo_journal;

/* Reads the identity of an existing journal before it is opened: seed and identity text (in arena). BASE_NOTFOUND:
 * none. */
BASE_CHECK base_status hpo_journal_peek(const char *path, base_arena *arena, uint64_t *seed, const char **identity,
                                        base_err *err);
/* Takes the lock, cuts a torn tail, checks the head, or writes a new head (op 0 and study attributes).
 * BASE_BUSY: another run holds it (names host and pid). BASE_INVALID: the identity differs (the sentence shows the
 * first difference: what the journal has, what the study has now). BASE_CORRUPT: a broken line that is not the last
 * (line number) or a foreign trial. BASE_IO: unwritable folder and the like. */
BASE_CHECK base_status hpo_journal_open(const char *path, const hpo_journal_head *head, const hpo_space *space,
                                        hpo_journal **journal, base_err *err);
/* Gives every entry of the file in order to visit (strings and arrays are valid during the call). Stops when visit
 * fails and returns its status. Call once after open, before the first append. */
BASE_CHECK base_status hpo_journal_replay(hpo_journal *journal,
                                          base_status (*visit)(void *self, const hpo_entry *entry, base_err *err),
                                          void *self, base_err *err);
bool hpo_journal_is_new(const hpo_journal *journal); /* the head was written by this open */
/* Appends to the buffer; nothing is on disk before hpo_journal_flush. */
void hpo_journal_append(hpo_journal *journal, const hpo_entry *entry);
/* write(2) of all that is buffered: a killed process loses nothing that was flushed. fsync follows by group from a
 * thread of its own (at most every 100 ms), or here when fsync_each. BASE_IO: the disk is full, ... (sticky: also
 * reported for a failed background fsync). */
BASE_CHECK base_status hpo_journal_flush(hpo_journal *journal, base_err *err);
/* Flush and fsync now. */
BASE_CHECK base_status hpo_journal_sync(hpo_journal *journal, base_err *err);
/* Renews the lock's beat; call about once a second. */
void hpo_journal_beat(hpo_journal *journal);
/* Syncs, releases the lock, frees. Accepts NULL. */
base_status hpo_journal_close(hpo_journal *journal, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
