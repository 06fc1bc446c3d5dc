/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process objective that does what its configuration says. */
#ifndef TESTS_HPO_DISPATCH_DEEDS_H
#define TESTS_HPO_DISPATCH_DEEDS_H

#include "tests/support/trial_server.h"

/* `deeds`: parameter deed is a name of misbehave(), or one of: nan, error, nomem, numeric, report (steps 1 to 5),
 * stoppable (works until HPO_STOP, then BASE_CANCELLED), late (works until HPO_STOP, then a result after all), verdict
 * (as stoppable; it leaves the word in its folder). Its loss is 0.25. Settings: {init: ok | fail | crash | exit |
 * sleep}. */
const hpo_catalog *deeds_catalog(void);

/* settings: more lines of the study file, such as "trial: {time: 1s}"; objective: e.g. "deeds" or "{deeds: {init:
 * fail}}". */
base_status deeds_start(trial_server *self, const char *objective, const char *settings, base_err *err);

/* The JOB that does the deed. *value lives as long as the message. */
hpo_message deeds_job(const trial_server *self, uint64_t trial, const char *deed, double *value);
void deeds_send(trial_server *self, uint64_t trial, const char *deed);
/* Sends the deed and waits for what becomes of it. */
hpo_result deeds_run(trial_server *self, uint64_t trial, const char *deed, double seconds);

#endif
