/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transport without MPI: peers are slots of one worker in this process.
 *
 * A peer is a place for one trial; its messages carry the trial, which tells the peer. Beats come from here, since the
 * worker that would send them is inside the same thread: a peer of this kind can only be lost together with us. */
#include "hpo/dispatch/local.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/dispatch/worker_impl.h"

typedef struct slot {
    bool busy;
    uint64_t trial;
    uint32_t attempt;
} slot;

typedef struct local {
    hpo_worker *worker;
    const hpo_study_spec *spec;
    const hpo_catalog *catalog;
    slot *slot;
    size_t n_slots;
    size_t greeted; /* peers whose HELLO was given */
    size_t beating; /* peers that have given their beat of this period */
    double next_beat;
    hpo_worker_name name;
} local;

static size_t local_size(void *self) {
    return ((const local *)self)->n_slots;
}

static base_status local_send(void *self, size_t peer, const hpo_message *message, base_err *err) {
    local *transport = self;
    slot *to = &transport->slot[peer];
    (void)err;
    if (message->kind == HPO_MESSAGE_JOB)
        *to = (slot){.busy = true, .trial = message->trial, .attempt = message->attempt};
    if (message->kind == HPO_MESSAGE_JOB || message->kind == HPO_MESSAGE_STOP)
        hpo_worker_accept(transport->worker, message);
    return BASE_OK;
}

/* A message of a worker, and the slot that it belongs to. */
static bool take(local *transport, size_t *peer, hpo_message *message) {
    while (hpo_worker_poll(transport->worker, message)) {
        for (size_t i = 0; i < transport->n_slots; i++) {
            slot *from = &transport->slot[i];
            if (!from->busy || from->trial != message->trial || from->attempt != message->attempt) continue;
            if (message->kind == HPO_MESSAGE_RESULT) from->busy = false;
            *peer = i;
            return true;
        }
    }
    return false;
}

static bool take_hello(local *transport, size_t *peer, hpo_message *message) {
    if (transport->greeted == transport->n_slots) return false;
    *message = hpo_worker_hello(transport->spec, transport->catalog, &transport->name);
    *peer = transport->greeted++;
    return true;
}

static bool take_beat(local *transport, size_t *peer, hpo_message *message) {
    double now = base_monotonic();
    if (transport->beating == transport->n_slots && now >= transport->next_beat) {
        transport->next_beat = now + transport->spec->failure.heartbeat;
        transport->beating = 0;
    }
    if (transport->beating == transport->n_slots) return false;
    *message = (hpo_message){.kind = HPO_MESSAGE_BEAT, .host = "", .text = ""};
    *peer = transport->beating++;
    return true;
}

static void wait_for(const local *transport, double timeout, int fd) {
    struct pollfd polls[] = {{.fd = hpo_worker_fd(transport->worker), .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    double beat = fmax(transport->next_beat - base_monotonic(), 0);
    poll(polls, 2, (int)ceil(fmin(timeout, beat) * 1000));
}

static base_status local_receive(void *self, double timeout, int fd, size_t *peer, hpo_message *message,
                                 base_err *err) {
    local *transport = self;
    (void)err;
    if (take_hello(transport, peer, message) || take(transport, peer, message) || take_beat(transport, peer, message))
        return BASE_OK;
    if (timeout <= 0) return BASE_END;
    wait_for(transport, timeout, fd);
    return take(transport, peer, message) ? BASE_OK : BASE_END;
}

static void local_close(void *self, bool lost) {
    local *transport = self;
    (void)lost;
    free(transport->slot);
    free(transport);
}

static const hpo_transport_ops local_ops = {
    .size = local_size, .send = local_send, .receive = local_receive, .close = local_close};

hpo_transport hpo_local_open(hpo_worker *worker, size_t slots, const hpo_study_spec *spec, const hpo_catalog *catalog) {
    local *transport = base_calloc(1, sizeof *transport);
    *transport = (local){.worker = worker,
                         .spec = spec,
                         .catalog = catalog,
                         .slot = base_calloc(slots, sizeof(slot)),
                         .n_slots = slots,
                         .beating = slots,
                         .next_beat = base_monotonic() + spec->failure.heartbeat};
    return (hpo_transport){.ops = &local_ops, .self = transport};
}
