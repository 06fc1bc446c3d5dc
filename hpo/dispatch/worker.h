/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker: takes jobs, gives reports and results. In-rank objectives are evaluated here, process objectives by the
 * fork server, to which a worker is little more than a pipe with a watch. */
#ifndef HPO_DISPATCH_WORKER_H
#define HPO_DISPATCH_WORKER_H

#include "hpo/dispatch/forkserver.h"
#include "hpo/dispatch/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_worker hpo_worker;

/* server may be NULL for an in-rank objective (whose init runs here). The spec and the server must outlive the worker.
 * run_dir: absolute. */
BASE_CHECK base_status hpo_worker_create(const hpo_study_spec *spec, hpo_forkserver *server, const char *run_dir,
                                         hpo_worker **out, base_err *err);
void hpo_worker_destroy(hpo_worker *worker);
/* JOB or STOP. A JOB of an in-rank objective is evaluated at once. A dead fork server makes every job of it fail as
 * LOST. */
void hpo_worker_accept(hpo_worker *worker, const hpo_message *message);
/* The next REPORT or RESULT, in order; false: none now. Pointers valid until the next call on the worker. */
bool hpo_worker_poll(hpo_worker *worker, hpo_message *out);
/* Readable when poll may have something; -1 = in-rank, poll alone tells. */
int hpo_worker_fd(const hpo_worker *worker);

/* Serves a controller over transport (peer 0) until BYE: HELLO, then jobs, reports, results and beats. Leaves by
 * itself, with its trials killed, when the controller's beat stops for spec->failure.lost_after: then *lost is true.
 * on_stop: polled flag of a signal handler; a worker only notes it (the controller drains). */
BASE_CHECK base_status hpo_worker_serve(hpo_worker *worker, const hpo_study_spec *spec, const hpo_catalog *catalog,
                                        hpo_transport transport, bool *lost, base_err *err);
/* Tells the controller why this rank cannot work, instead of serving. */
void hpo_worker_refuse(hpo_transport transport, const hpo_study_spec *spec, const hpo_catalog *catalog,
                       const base_err *why);
/* The hash that HELLO carries: the program's version, the study's identity. spec may be NULL. */
uint64_t hpo_worker_identity(const hpo_study_spec *spec, const hpo_catalog *catalog);

#ifdef __cplusplus
}
#endif
#endif
