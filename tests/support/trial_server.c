/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fork server with a study, in a folder of its own. */
#include "tests/support/trial_server.h"

#include <poll.h>

#include "base/clock.h"

static const uint64_t study_seed = 7;

static void read_and_start(trial_server *self, const hpo_catalog *catalog, const char *file, const char *text) {
    base_err err;
    CHECK_OK(hpo_study_read(catalog, file, text, strlen(text), NULL, 0, &study_seed, &self->spec, &err));
    CHECK_OK(hpo_forkserver_start(catalog, &self->server, &err));
}

base_status trial_server_start_in(trial_server *self, check_tmpdir dir, const hpo_catalog *catalog, const char *text,
                                  base_err *err) {
    *self = (trial_server){.dir = dir};
    const char *file = check_tmpdir_file(&self->dir, "study.yaml");
    read_and_start(self, catalog, file, text);
    hpo_forkserver_study study = {.file = file,
                                  .text = text,
                                  .length = strlen(text),
                                  .seed = study_seed,
                                  .run_dir = self->dir.path,
                                  .log_path = check_tmpdir_file(&self->dir, "worker.log")};
    return hpo_forkserver_init(self->server, &study, err);
}

base_status trial_server_start(trial_server *self, const hpo_catalog *catalog, const char *text, base_err *err) {
    return trial_server_start_in(self, check_tmpdir_create(), catalog, text, err);
}

void trial_server_stop(trial_server *self) {
    hpo_forkserver_stop(self->server);
    hpo_study_spec_destroy(self->spec);
    check_tmpdir_remove(&self->dir);
}

hpo_message trial_server_job(const trial_server *self, uint64_t trial, const double *config) {
    return (hpo_message){.kind = HPO_MESSAGE_JOB,
                         .trial = trial,
                         .attempt = 1,
                         .rung = 2,
                         .fidelity = 1,
                         .parent = UINT64_MAX,
                         .config = config,
                         .n_config = hpo_space_count(self->spec->space)};
}

void trial_server_send(trial_server *self, const hpo_message *message) {
    base_err err;
    CHECK_OK(hpo_forkserver_send(self->server, message, &err));
}

void trial_server_send_stop(trial_server *self, uint64_t trial, hpo_stop_reason reason) {
    hpo_message stop = {.kind = HPO_MESSAGE_STOP, .trial = trial, .attempt = 1, .stop = reason};
    trial_server_send(self, &stop);
}

hpo_message trial_server_receive(trial_server *self, double seconds) {
    hpo_message message;
    base_err err;
    base_status status;
    double give_up = base_monotonic() + seconds;
    while ((status = hpo_forkserver_receive(self->server, &message, &err)) == BASE_END) {
        struct pollfd wait = {.fd = hpo_forkserver_fd(self->server), .events = POLLIN};
        double left = give_up - base_monotonic();
        if (left <= 0) fail_msg("no message within %g s", seconds);
        poll(&wait, 1, (int)(left * 1000) + 1);
    }
    CHECK_OK(status);
    return message;
}

hpo_result trial_server_result(trial_server *self, uint64_t trial, double seconds) {
    hpo_message message;
    do message = trial_server_receive(self, seconds);
    while (message.kind == HPO_MESSAGE_REPORT);
    assert_int_equal(message.kind, HPO_MESSAGE_RESULT);
    assert_int_equal(message.trial, trial);
    assert_int_equal(message.attempt, 1);
    assert_int_equal(message.rung, 2);
    return message.result;
}

void check_success(const hpo_result *result) {
    if (result->failure != HPO_FAILURE_NONE) print_error("reason: %s\n", result->reason);
    assert_int_equal(result->failure, HPO_FAILURE_NONE);
    assert_string_equal(result->reason, "");
    assert_true(result->metrics.count > 0);
}

void check_failure(const hpo_result *result, hpo_failure failure, int code, const char *reason) {
    if (result->failure != failure) print_error("reason: %s\n", result->reason);
    assert_string_equal(hpo_failure_text(result->failure), hpo_failure_text(failure));
    assert_int_equal(result->code, code);
    CHECK_CONTAINS(result->reason, reason);
    assert_int_equal(result->metrics.count, 0);
}
