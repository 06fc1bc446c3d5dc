/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the files of a run: what they know of it.
 *
 *   run.c      the ranks: how they start, what they are told, how they end
 *   amend.c    --more and --retry-failed
 *   change.c   a study that is another one than its journal
 *   chosen.c   the method of a study whose file leaves it open
 *   measured.c what is measured once for a run
 *   prepare.c  rank 0 before anything runs: the study, the folder, the seed, the journal */
#ifndef HPO_CLI_RUN_IMPL_H
#define HPO_CLI_RUN_IMPL_H

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/cli/status.h"
#include "hpo/dispatch/worker.h"

typedef struct run {
    const hpo_catalog *catalog;
    const hpo_cli_args *args;
    int rank, size;
    hpo_forkserver *server; /* NULL on rank 0 of several */
    base_arena *arena;
    base_buf text;        /* the study file's bytes */
    const char *first;    /* try_first=[...] of a file that rank 0 has read; or NULL */
    const char *measured; /* an assignment of what was measured (hpo_measurement); or NULL */
    const char *method;   /* method={...} of a study whose file leaves it open; or NULL */
    bool left_open;       /* it does */
    hpo_study_spec *spec;
    uint64_t seed;               /* the study's, drawn if the file has none */
    const char *run_dir;         /* absolute */
    const char *shown_dir;       /* as the user wrote it */
    const char *controller_host; /* a worker's: where rank 0 runs */
    hpo_journal *journal;
    hpo_study *study;
    cli_progress *progress;
    hpo_observer display;
    cli_status *status; /* NULL: --replay writes none */
    double last_status;
    bool told_stopping;
    bool begins_again; /* workers were lost: the process of -j will start the job once more */
    bool drew_seed;
    int put_aside;        /* the number of the old journal, which this run began anew; 0: none */
    const char *accepted; /* settings that --accept-change let be others, or NULL */
    base_buf orders;      /* lines about --more and --retry-failed */
} run;

int run_exit_code(base_status status);

/* ---- amend.c ---- */
/* After the journal was opened, before the study exists: what was ordered, and what is ordered now. */
BASE_CHECK base_status run_amend(run *r, base_err *err);

/* ---- change.c ---- */
/* Before the journal is opened. *replaces: the identity in it that the user lets go, or NULL. Without a word where
 * opening it finds nothing wrong, or says itself what is. */
BASE_CHECK base_status run_settle_change(run *r, const char *path, const char **replaces, base_err *err);

/* ---- chosen.c: nothing where the study file names a method ---- */
/* After the study was read, before the journal is opened: its method, or one for the workers of this run. */
void run_settle_method(run *r, const char *path);
/* The journal was put aside: a method for this run. */
void run_choose_method(run *r);
void run_announce_method(const run *r);

/* ---- measured.c ---- */
/* After the study was read and the folder made: measures what the objective wants, or takes it from the folder of a run
 * that has begun, and reads the study again with it. BASE_INVALID: it was measured on another machine, or is gone. */
BASE_CHECK base_status run_measure(run *r, bool begun, base_err *err);

/* ---- prepare.c ---- */
/* The assignments of the command line, and those of r->measured, r->first and r->method. */
const char *const *run_sets(const run *r, size_t *count);
/* The study from the bytes in r->text. seed: overrides the file's when not NULL. */
BASE_CHECK base_status run_read_study(run *r, const uint64_t *seed, base_err *err);
/* Everything before the first trial: r->spec, the folder, the journal with its lock, r->study. */
BASE_CHECK base_status run_prepare(run *r, base_err *err);
/* begun: something is in the journal that a later run wants. */
BASE_CHECK base_status run_close_journal(run *r, bool begun, base_err *err);
/* The first line of a run. */
void run_announce(const run *r);

#endif
