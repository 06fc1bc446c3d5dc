/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rank's end of its fork server: start, INIT, messages, stop.
 *
 * The two share a socket pair and nothing else. Its end of file is the one sign of death that both sides trust: the
 * kernel closes it whatever a process died of. */
#include "hpo/dispatch/forkserver.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/dispatch/channel.h"
#include "hpo/dispatch/forkserver_child.h"
#include "hpo/dispatch/init_payload.h"

#define STOP_PATIENCE 10.0 /* seconds: twice what the server allows itself for killing what runs */

struct hpo_forkserver {
    hpo_channel channel;
    pid_t pid;
    bool reaped;
    int status; /* of waitpid */
};

base_status hpo_forkserver_start(const hpo_catalog *catalog, hpo_forkserver **out, base_err *err) {
    int sockets[2];
    *out = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return BASE_FAIL(err, BASE_IO, "cannot make a socket pair: %s", strerror(errno));
    pid_t rank = getpid();
    fflush(NULL); /* or what is buffered here would be written by both */
    pid_t pid = fork();
    if (pid == 0) hpo_forkserver_run(catalog, sockets[1], rank);
    int error = errno;
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        return BASE_FAIL(err, BASE_IO, "cannot start the fork server: %s", strerror(error));
    }
    hpo_forkserver *server = base_calloc(1, sizeof *server);
    server->pid = pid;
    hpo_channel_init(&server->channel, sockets[0]);
    *out = server;
    return BASE_OK;
}

static bool reap(hpo_forkserver *server) {
    if (!server->reaped) server->reaped = waitpid(server->pid, &server->status, WNOHANG) == server->pid;
    return server->reaped;
}

/* Waits for the process whose socket has closed; it is about to be a zombie. */
static base_status fail_dead(hpo_forkserver *server, base_err *err) {
    for (int tries = 0; !reap(server) && tries < 100; tries++) base_sleep(0.001);
    char how[128] = "";
    if (server->reaped && WIFSIGNALED(server->status))
        snprintf(how, sizeof how, ": signal %d (%s)%s", WTERMSIG(server->status), strsignal(WTERMSIG(server->status)),
                 WTERMSIG(server->status) == SIGKILL ? ", often by the kernel when memory is short" : "");
    else if (server->reaped)
        snprintf(how, sizeof how, ": exit status %d", WEXITSTATUS(server->status));
    return BASE_FAIL(err, BASE_IO, "the fork server of this worker (pid %d) died%s", (int)server->pid, how);
}

base_status hpo_forkserver_send(hpo_forkserver *server, const hpo_message *message, base_err *err) {
    if (server->channel.ended) return fail_dead(server, err);
    hpo_channel_put(&server->channel, message);
    hpo_channel_flush(&server->channel);
    return BASE_OK;
}

base_status hpo_forkserver_receive(hpo_forkserver *server, hpo_message *message, base_err *err) {
    base_status status = hpo_channel_take(&server->channel, message, err);
    if (status != BASE_END) return status;
    hpo_channel_flush(&server->channel);
    hpo_channel_read(&server->channel);
    status = hpo_channel_take(&server->channel, message, err);
    if (status == BASE_END && server->channel.ended) return fail_dead(server, err);
    return status;
}

static void wait_for_answer(hpo_forkserver *server) {
    short out = hpo_channel_queued(&server->channel) ? POLLOUT : 0;
    struct pollfd wait = {.fd = server->channel.fd, .events = (short)(POLLIN | out)};
    poll(&wait, 1, -1);
}

base_status hpo_forkserver_init(hpo_forkserver *server, const hpo_forkserver_study *study, base_err *err) {
    base_buf payload = {0};
    hpo_init_payload_encode(study, &payload);
    hpo_message message = {.kind = HPO_MESSAGE_INIT, .text = payload.data, .text_length = payload.length};
    base_status status = hpo_forkserver_send(server, &message, err);
    base_buf_fini(&payload);
    if (status != BASE_OK) return status;
    while ((status = hpo_forkserver_receive(server, &message, err)) == BASE_END) wait_for_answer(server);
    if (status != BASE_OK) {
        base_err_prefix(err, "while it loaded the data (its output: %s)", study->log_path);
        return status;
    }
    if (message.kind != HPO_MESSAGE_INIT)
        return BASE_FAIL(err, BASE_INTERNAL, "the fork server answered INIT with a message of kind %d", message.kind);
    return message.status == BASE_OK ? BASE_OK : BASE_FAIL(err, message.status, "%s", message.text);
}

int hpo_forkserver_fd(const hpo_forkserver *server) {
    return server->channel.fd;
}

int64_t hpo_forkserver_pid(const hpo_forkserver *server) {
    return server->pid;
}

void hpo_forkserver_stop(hpo_forkserver *server) {
    if (!server) return;
    double give_up = base_monotonic() + STOP_PATIENCE, pause = 0.0005;
    hpo_channel_fini(&server->channel);
    if (!reap(server)) kill(server->pid, HPO_FORKSERVER_LEAVE);
    while (!reap(server) && base_monotonic() < give_up) {
        base_sleep(pause);
        if (pause < 0.01) pause *= 2;
    }
    if (!reap(server)) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, &server->status, 0);
    }
    free(server);
}
