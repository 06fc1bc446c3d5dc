/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process objective that does what its configuration says, and a fork server that has it. */
#ifndef TESTS_HPO_DISPATCH_DEEDS_H
#define TESTS_HPO_DISPATCH_DEEDS_H

#include "hpo/dispatch/forkserver.h"
#include "tests/support/check.h"

/* `deeds`: parameter deed is a name of misbehave(), or one of: ok, nan, error, nomem, numeric, report (steps 1 to 5),
 * stoppable (works until HPO_STOP, then BASE_CANCELLED), late (works until HPO_STOP, then a result after all), lock
 * (hangs after its result, at exit). Its settings: {init: ok | fail | crash | exit}. */
const hpo_catalog *deeds_catalog(void);

typedef struct deeds_server {
    hpo_forkserver *server;
    hpo_study_spec *spec;
    check_tmpdir dir;
    char text[1024]; /* of the study */
} deeds_server;

/* settings: more lines of the study file, such as "trial: {time: 1s}\n"; objective: e.g. "deeds" or "{deeds: {init:
 * fail}}". Starts the server and sends INIT, whose status is returned. */
base_status deeds_start(deeds_server *self, const char *objective, const char *settings, base_err *err);
void deeds_stop(deeds_server *self);

/* The JOB that does the deed. *value lives as long as the message. */
hpo_message deeds_job(const deeds_server *self, uint64_t trial, const char *deed, double *value);
void deeds_send(deeds_server *self, uint64_t trial, const char *deed);
void deeds_send_stop(deeds_server *self, uint64_t trial, hpo_stop_reason reason);
/* The next message; the test fails when none comes in time. */
hpo_message deeds_receive(deeds_server *self, double seconds);
/* The RESULT of that trial; REPORTs are dropped, results of other trials are a failure. */
hpo_result deeds_result(deeds_server *self, uint64_t trial, double seconds);
/* Sends the deed and waits for what becomes of it. */
hpo_result deeds_run(deeds_server *self, uint64_t trial, const char *deed, double seconds);

#endif
