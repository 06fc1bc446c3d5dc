/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fork server with a study, in a folder of its own, driven message by message. */
#ifndef TESTS_SUPPORT_TRIAL_SERVER_H
#define TESTS_SUPPORT_TRIAL_SERVER_H

#include "hpo/dispatch/forkserver.h"
#include "tests/support/check.h"

typedef struct trial_server {
    hpo_forkserver *server;
    hpo_study_spec *spec;
    check_tmpdir dir; /* the run's folder, and the study file's */
} trial_server;

/* Reads the study (the test fails when that does), starts the server and sends INIT, whose status is returned. */
base_status trial_server_start(trial_server *self, const hpo_catalog *catalog, const char *text, base_err *err);
/* The same in a folder that exists already. */
base_status trial_server_start_in(trial_server *self, check_tmpdir dir, const hpo_catalog *catalog, const char *text,
                                  base_err *err);
void trial_server_stop(trial_server *self);

/* The JOB of a configuration: attempt 1, rung 2, fidelity 1. */
hpo_message trial_server_job(const trial_server *self, uint64_t trial, const double *config);
void trial_server_send(trial_server *self, const hpo_message *message);
void trial_server_send_stop(trial_server *self, uint64_t trial, hpo_stop_reason reason);
/* The next message; the test fails when none comes in time. */
hpo_message trial_server_receive(trial_server *self, double seconds);
/* The RESULT of that trial; REPORTs are dropped, results of other trials are a failure. */
hpo_result trial_server_result(trial_server *self, uint64_t trial, double seconds);

void check_success(const hpo_result *result);
/* reason: a part of it. */
void check_failure(const hpo_result *result, hpo_failure failure, int code, const char *reason);

#endif
