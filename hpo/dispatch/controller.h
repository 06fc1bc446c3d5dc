/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller: asks the study, sends jobs, receives results, tells the study, writes the journal. All policy about
 * workers (heartbeats, lost ranks, retries, draining) is here; all policy about search is in the study.
 *
 * Two orders. By arrival: results count as they come. Deterministic: results count in the order of a virtual clock on a
 * stated number of virtual workers (order.h), whoever computes them and whenever.
 *
 * A sampler that fits models is asked in another thread (asker.h), so that everybody else is answered meanwhile. */
#ifndef HPO_DISPATCH_CONTROLLER_H
#define HPO_DISPATCH_CONTROLLER_H

#include <signal.h>

#include "hpo/dispatch/notices.h"
#include "hpo/dispatch/transport.h"
#include "hpo/study/study.h"
#include "hpo/trials/journal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a display can show; pointers are valid during the call. */
/* The newest report of a running trial. */
typedef struct hpo_latest {
    bool there;
    uint64_t trial;
    double step, value; /* of the study's metric */
} hpo_latest;

typedef struct hpo_progress {
    const hpo_study *study;
    double elapsed; /* seconds of this run, and of earlier ones that it continues */
    double elapsed_before;
    size_t workers, workers_busy, workers_lost;
    uint64_t running;       /* evaluations on workers now */
    double oldest;          /* seconds that the oldest of them has run; told once a worker was lost */
    uint64_t retried;       /* attempts that were run again */
    double worker_seconds;  /* sum over workers of time with a job */
    double waiting_seconds; /* sum over workers of time without one while the study was not done */
    double asking_seconds;  /* the part of it in which they could have had a job, had it been suggested already */
    bool draining;
    const char *last_failure; /* reason of the newest failed trial, or NULL */
    hpo_latest latest;
    hpo_notices notices;
} hpo_progress;

/* finished: the record RESULT, REPORT with stop, or CLOSE that was just told; NULL: only time has passed (about every
 * 100 ms). */
typedef struct hpo_observer {
    void (*update)(void *self, const hpo_progress *progress, const hpo_record *finished);
    void *self;
    bool tells; /* somebody hears of what has finished: it is written first, so that it cannot be taken back */
} hpo_observer;

typedef enum hpo_outcome {
    HPO_OUTCOME_DONE,        /* the budget is spent, the target reached, or the space exhausted */
    HPO_OUTCOME_FAILED,      /* too many failures, or every trial failed */
    HPO_OUTCOME_INTERRUPTED, /* stopped with work left: the same command continues */
    HPO_OUTCOME_BAD_INPUT,   /* no worker could start (its sentence is in err) */
    HPO_OUTCOME_STORAGE,     /* the journal could not be written */
} hpo_outcome;

typedef struct hpo_controller_env {
    hpo_study *study;
    hpo_journal *journal; /* NULL: nothing is written (simulation) */
    hpo_transport transport;
    hpo_observer observer;               /* update may be NULL */
    const volatile sig_atomic_t *signal; /* a caught SIGTERM, SIGINT or SIGUSR1, or 0; may be NULL */
    uint64_t identity;                   /* what HELLO must say */
    bool one_process;                    /* the peers live in this process: they cannot be lost, no beats are needed */
    const char *run_dir;                 /* absolute; NULL: in-rank objective */
    double elapsed_before;               /* wall seconds of earlier runs of the same journal */
    bool verify;     /* --replay: recompute every decision while the journal is applied, run nothing */
    bool ask_beside; /* suggestions come from a thread of their own even when they are cheap (for tests) */
} hpo_controller_env;

/* Applies what the journal holds, then runs until the study is done or the run is told to stop. *outcome says how it
 * ended when the status is BASE_OK; lost says whether a peer died or a model fit goes on that nobody waits for, so that
 * the caller leaves with _exit, without MPI_Finalize. */
BASE_CHECK base_status hpo_controller_run(const hpo_controller_env *env, hpo_outcome *outcome, bool *lost,
                                          base_err *err);

#ifdef __cplusplus
}
#endif
#endif
