/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork server: one small process per worker rank, forked before MPI_Init, that never touches MPI. It loads the data
 * once and forks a child for every trial, so that a trial that crashes, exits, hangs or eats the memory fails alone.
 *
 * It alone enforces the limits of a trial: time (SIGTERM, then SIGKILL after the grace), memory (resident set of the
 * trial's whole process tree, polled every 100 ms, with RLIMIT_DATA as a backstop), output (the log keeps the first 64
 * KB and the last 1 MB). It is a child subreaper and kills every descendant of a trial that ended, grandchildren and
 * setsid'ed ones too. It ends, and everything below it, when its socket closes. */
#ifndef HPO_DISPATCH_FORKSERVER_H
#define HPO_DISPATCH_FORKSERVER_H

#include "hpo/dispatch/devices.h"
#include "hpo/dispatch/message.h"
#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_forkserver hpo_forkserver;

/* Forks the server. Call before MPI_Init and before any thread exists. The catalog lets it read the study itself. */
BASE_CHECK base_status hpo_forkserver_start(const hpo_catalog *catalog, hpo_forkserver **out, base_err *err);

/* What INIT carries: the study as bytes, so that the server reads exactly what the rank read. */
typedef struct hpo_forkserver_study {
    const char *file;
    const char *text;
    size_t length;
    const char *const *sets;
    size_t n_sets;
    uint64_t seed;
    const char *run_dir;  /* absolute; trials live in run_dir/trials/<id>/ */
    const char *log_path; /* where the server's own and init's output goes */
    hpo_place place;
    const char *visible; /* devices that its trials see; "" or NULL = what the run sees */
} hpo_forkserver_study;
/* Sends INIT and waits for the answer: the objective's init ran. Its failure comes back with its sentence. */
BASE_CHECK base_status hpo_forkserver_init(hpo_forkserver *server, const hpo_forkserver_study *study, base_err *err);

/* JOB and STOP go in; REPORT and RESULT come out. Several trials may run at once. */
BASE_CHECK base_status hpo_forkserver_send(hpo_forkserver *server, const hpo_message *message, base_err *err);
int hpo_forkserver_fd(const hpo_forkserver *server); /* readable when receive has something */
/* Non-blocking. BASE_END: nothing now. BASE_IO: the server died (its trials with it). Pointers valid until the next
 * call. */
BASE_CHECK base_status hpo_forkserver_receive(hpo_forkserver *server, hpo_message *message, base_err *err);
/* Kills what still runs and waits for the server's end. Accepts NULL. */
void hpo_forkserver_stop(hpo_forkserver *server);
int64_t hpo_forkserver_pid(const hpo_forkserver *server);

#ifdef __cplusplus
}
#endif
#endif
