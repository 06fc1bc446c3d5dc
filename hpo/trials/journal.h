/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal: the only truth about a run, an append-only file of JSON lines in the format of Optuna's JournalStorage
 * (optuna/storages/_journal), so that Optuna's tools open it, also while the run is going. docs/journal.md has every
 * member of every line.
 *
 * Lines that Optuna knows carry what it can show; what is ours alone rides in user attributes whose keys begin with
 * "hpo:" and is what is read on resume. Our lines form a chain of checksums (journal_chain.h), so that damage is
 * refused with its place. One writer: a lock file (host, pid, beat) beside the journal, broken when stale. A torn last
 * line is cut off when the journal is opened. Foreign attribute lines are skipped; a foreign new trial is refused with
 * a sentence, because trial ids are implicit in the order of lines.
 *
 *   START    one op 4 with params, distributions and {"hpo:start": {...}}
 *   PROMOTE  op 8 {"hpo:promote": {...}}
 *   REPORT   op 8 {"hpo:report": {...}}, op 7 when finite (step = the fidelity when it is an integer, else the rung's
 *            index); op 6 PRUNED when it stops the trial, unless it is open: Optuna heeds no line about a pruned trial,
 *            so that one comes with the CLOSE that follows, or COMPLETE with a RESULT
 *   RESULT   op 8 {"hpo:result": {...}}, op 7 when finite, op 6 COMPLETE when final, FAIL when failed;
 *            a paused trial stays RUNNING
 *   CLOSE    op 8 {"hpo:close": {...}} and op 6 PRUNED with the newest value that op 7 told of the trial
 *   ATTEMPT  op 8 {"hpo:attempt": {...}}: an attempt that failed and will be repeated
 *   raw      op 8 {"hpo:raw": {...}}: a result as it arrived physically, before it is told (deterministic order)
 *   amend    op 2 {"hpo:amend": {...}}: what its user orders beyond the study file, from then on
 *   run      op 2 {"hpo:run": {...}}, op 2 {"hpo:end": {...}}: a run begins (it says how it recommends), ends in order
 * Values of finite doubles are written so that they read back bit-equal; NaN and infinities as the texts "nan", "inf",
 * "-inf" inside our attributes only. */
#ifndef HPO_TRIALS_JOURNAL_H
#define HPO_TRIALS_JOURNAL_H

#include "base/buf.h"
#include "hpo/space/space.h"
#include "hpo/trials/constraint.h"
#include "hpo/trials/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a run must have in common with the journal that it continues. */
typedef struct hpo_journal_head {
    const char *study;     /* name */
    const hpo_goal *goals; /* their names are what Optuna calls the values; NULL: one metric without, minimized */
    size_t n_goals;
    hpo_constraints constraints; /* how far results are beyond them is what Optuna calls constraints */
    uint64_t seed;
    const char *identity; /* canonical text: parameters, metric, objective and settings, fidelity, method, seed, ... */
    const char *chosen;   /* kept for people: what was chosen for the study because nobody said it, and why; or NULL */
    const char *program;  /* version text */
    bool integer_steps;   /* reports and fidelities are integers: used as Optuna's step */
    bool fsync_each;      /* durability: each (nothing is safe before it is on the disk) instead of group */
    bool read_only;       /* for looking: no lock, nothing is written; nothing may be appended */
    double stale_after;   /* seconds without a beat after which a lock of another host is broken */
    double elapsed;       /* seconds of earlier runs, used when an old journal does not say (format 1) */
    bool by_posterior;    /* what this run recommends at its end is what a model says (recommend.h) */
    const char *replaces; /* an identity that `identity` replaces from now on, when the journal has it; or NULL */
} hpo_journal_head;

/* A physical result in deterministic order: what the evaluation of (trial, rung) by `attempt` gave. */
typedef struct hpo_raw {
    uint64_t trial;
    uint32_t rung;
    uint32_t attempt;
    uint32_t worker;
    bool is_report;    /* a report at `fidelity`; else the end of the evaluation */
    double fidelity;   /* step reached */
    double at;         /* when: seconds since 1970; 0 = now */
    hpo_result result; /* report: metrics only */
} hpo_raw;

/* A run over this journal begins, or ends in order (one that was killed has no end). */
typedef struct hpo_run_mark {
    double at;
    bool ends;
    bool by_posterior; /* of a beginning, as in hpo_journal_head */
} hpo_run_mark;

typedef enum hpo_entry_kind { HPO_ENTRY_RECORD, HPO_ENTRY_RAW, HPO_ENTRY_RUN } hpo_entry_kind;
typedef struct hpo_entry {
    hpo_entry_kind kind;
    double elapsed; /* seconds that all runs had taken by then; 0 = now */
    hpo_record record;
    hpo_raw raw;
    hpo_run_mark run; /* is read only: a journal writes its own */
} hpo_entry;

/* What a user orders beyond the study file while runs go on; it stays ordered. */
typedef struct hpo_amendment {
    uint64_t trials;   /* the budget is no less from now on; 0: as the study file says */
    double cost, time; /* the same */
    uint64_t first;    /* trial first + i repeats trial failed[i] */
    const uint64_t *failed;
    size_t n_failed;
} hpo_amendment;

typedef struct hpo_journal hpo_journal;

/* Of the head of a journal that is there. Texts are in an arena. */
typedef struct hpo_journal_begun {
    uint64_t seed;
    const char *identity; /* the newest, when it was changed on purpose */
    const char *chosen;   /* or NULL */
    const char *study;    /* its name */
    const char *program;  /* version that began it */
    bool by_posterior;    /* of its newest run, as in hpo_journal_head */
} hpo_journal_begun;

/* Reads the head of an existing journal before it is opened. BASE_NOTFOUND: none. BASE_CORRUPT as hpo_journal_open. */
BASE_CHECK base_status hpo_journal_peek(const char *path, base_arena *arena, hpo_journal_begun *begun, base_err *err);
/* Takes the lock, checks every line against the chain, cuts a torn tail, checks the head, or writes a new head (op 0
 * and study attributes). BASE_BUSY: another run holds it (names host and pid). BASE_INVALID: the identity differs (the
 * sentence shows the first difference: what the journal has, what the study has now). BASE_CORRUPT with line and byte:
 * a line that was changed, lost, added or moved, or a file of somebody else. BASE_IO: unwritable folder and the like.
 */
BASE_CHECK base_status hpo_journal_open(const char *path, const hpo_journal_head *head, const hpo_space *space,
                                        hpo_journal **journal, base_err *err);
/* Gives every entry of the file in order to visit (strings and arrays are valid during the call). Stops when visit
 * fails and returns its status. BASE_CORRUPT with line and byte: a record that cannot be (a member is missing, a value
 * lies outside of the space), a foreign trial. Call before the first append. */
BASE_CHECK base_status hpo_journal_replay(hpo_journal *journal,
                                          base_status (*visit)(void *self, const hpo_entry *entry, base_err *err),
                                          void *self, base_err *err);
bool hpo_journal_is_new(const hpo_journal *journal);    /* the head was written by this open */
double hpo_journal_elapsed(const hpo_journal *journal); /* seconds that earlier runs took */
/* The same without opening for writing: takes no lock, changes nothing, and may be called while a run writes; a last
 * line that is not complete is not there yet. space: of the study; NULL: START comes without a configuration and is
 * checked less. BASE_NOTFOUND: no such file. */
BASE_CHECK base_status hpo_journal_read(const char *path, const hpo_space *space,
                                        base_status (*visit)(void *self, const hpo_entry *entry, base_err *err),
                                        void *self, base_err *err);
/* Appends to the buffer; nothing is on disk before hpo_journal_flush. */
void hpo_journal_append(hpo_journal *journal, const hpo_entry *entry);
/* The amendments that were there when the journal was opened, in their order; and another one. */
const hpo_amendment *hpo_journal_amendments(const hpo_journal *journal, size_t *count);
void hpo_journal_amend(hpo_journal *journal, const hpo_amendment *amendment);
/* write(2) of all that is buffered: a killed process loses nothing that was flushed. fsync follows from a thread of its
 * own, at once when fsync_each, else by group (at most every 100 ms). BASE_IO: the disk is full, ... (sticky: also
 * reported for a failed background fsync). */
BASE_CHECK base_status hpo_journal_flush(hpo_journal *journal, base_err *err);
/* What may be relied on: a record is safe once `safe` has reached what `end` was after it was appended. fsync_each: it
 * is on the disk, and safe_fd becomes readable when some more is; else it was flushed, and there is no fd (-1). */
uint64_t hpo_journal_end(const hpo_journal *journal);
uint64_t hpo_journal_safe(hpo_journal *journal);
int hpo_journal_safe_fd(const hpo_journal *journal);
/* Flush and fsync now. */
BASE_CHECK base_status hpo_journal_sync(hpo_journal *journal, base_err *err);
/* What the journal's thread has noticed since: a failed fsync, a file that was removed or replaced (then BASE_IO, and
 * what it held is in a new file that the sentence names), another run that has taken the lock (BASE_BUSY). Sticky.
 * Costs nothing: call it often. */
BASE_CHECK base_status hpo_journal_look(hpo_journal *journal, base_err *err);
/* Makes a sound journal of a damaged one, under the lock; the old file stays under another name. What is sound is kept;
 * a trial whose START is lost stays in its place as a failed trial, one that lost a RESULT runs again; deterministic:
 * all is computed again from the raw results that are left. told: what was dropped and what will be run again, for
 * people. A journal that is not damaged is left alone. Errors as hpo_journal_open. */
BASE_CHECK base_status hpo_journal_repair(const char *path, const hpo_journal_head *head, const hpo_space *space,
                                          bool deterministic, base_buf *told, base_err *err);
/* The head that a damaged journal still has, with the identity that it began with; BASE_CORRUPT when it has none. */
BASE_CHECK base_status hpo_journal_peek_damaged(const char *path, base_arena *arena, hpo_journal_begun *begun,
                                                base_err *err);
/* Removes the file, which holds nothing that a later run wants, releases the lock, frees. */
void hpo_journal_discard(hpo_journal *journal);
/* Syncs, releases the lock, frees. Accepts NULL. */
base_status hpo_journal_close(hpo_journal *journal, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
