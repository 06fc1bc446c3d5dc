/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker at the end of a transport: HELLO, then jobs, reports, results and beats, until BYE or silence.
 *
 * MPI never tells that a peer died, so both sides count beats. A worker that hears nothing for lost_after kills its
 * trials and leaves: an allocation must not burn for a controller that is no more. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "hpo/dispatch/worker_impl.h"

#define BEAT_FRACTION 0.25 /* a wait is at most this fraction of a heartbeat: a beat is never late by more */
#define KILL_PATIENCE 8.0  /* seconds; a fork server allows itself 5 for killing */

uint64_t hpo_worker_identity(const hpo_study_spec *spec, const hpo_catalog *catalog) {
    base_buf text = {0};
    base_buf_printf(&text, "%s\n%s", catalog->version, spec && spec->identity ? spec->identity : "");
    uint64_t hash = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return hash;
}

hpo_message hpo_worker_hello(const hpo_study_spec *spec, const hpo_catalog *catalog, hpo_worker_name *name) {
    if (gethostname(name->host, sizeof name->host) != 0) strcpy(name->host, "unknown");
    name->host[sizeof name->host - 1] = '\0';
    return (hpo_message){.kind = HPO_MESSAGE_HELLO,
                         .identity = hpo_worker_identity(spec, catalog),
                         .pid = getpid(),
                         .host = name->host,
                         .text = ""};
}

void hpo_worker_refuse(hpo_transport transport, const hpo_study_spec *spec, const hpo_catalog *catalog,
                       const base_err *why) {
    hpo_worker_name name;
    base_err err = {0};
    hpo_message hello = hpo_worker_hello(spec, catalog, &name);
    hello.status = why->code == BASE_OK ? BASE_INTERNAL : why->code;
    hello.text = why->text;
    if (transport.ops->send(transport.self, 0, &hello, &err) != BASE_OK) base_log(BASE_LOG_ERROR, "%s", err.text);
}

enum { NEWS_AT_ONCE = 256 }; /* a trial that reports without pause must not keep the controller from being heard */

typedef struct service {
    hpo_worker *worker;
    const hpo_study_spec *spec;
    hpo_transport transport;
    double next_beat;
    double last_heard, listened; /* the last message; the last return from listening */
    bool more;                   /* news is waiting */
    bool leave;
    bool lost;         /* somebody was: leave without MPI_Finalize */
    hpo_message hello; /* in the place of a beat, until a job tells that it was heard */
} service;

static base_status send(service *self, const hpo_message *message, base_err *err) {
    return self->transport.ops->send(self->transport.self, 0, message, err);
}

static base_status send_news(service *self, base_err *err) {
    hpo_message message;
    int count = 0;
    while (count < NEWS_AT_ONCE && hpo_worker_poll(self->worker, &message)) {
        BASE_TRY(send(self, &message, err));
        count++;
    }
    self->more = count == NEWS_AT_ONCE;
    double now = base_monotonic();
    if (now < self->next_beat) return BASE_OK;
    self->next_beat = now + self->spec->failure.heartbeat;
    hpo_message beat = hpo_worker_beat(self->worker);
    beat.busy |= self->more;
    return send(self, beat.number > 0 ? &beat : &self->hello, err);
}

static void obey(service *self, const hpo_message *message) {
    self->last_heard = base_monotonic();
    switch (message->kind) {
    case HPO_MESSAGE_JOB:
    case HPO_MESSAGE_STOP: hpo_worker_accept(self->worker, message); break;
    case HPO_MESSAGE_BYE:
        self->leave = true;
        self->lost = message->status != BASE_OK;
        break;
    default: break; /* a beat */
    }
}

/* Waits for a message. While this process did not listen, or did not run at all (a suspended job), nobody was silent;
 * what is shorter than a heartbeat makes no difference. */
static base_status listen(service *self, double wait, size_t *peer, hpo_message *message, base_err *err) {
    base_status status =
        self->transport.ops->receive(self->transport.self, wait, hpo_worker_fd(self->worker), peer, message, err);
    double now = base_monotonic(), away = now - self->listened - wait;
    if (away > self->spec->failure.heartbeat) self->last_heard += away;
    self->listened = now;
    return status;
}

static base_status serve(service *self, base_err *err) {
    const hpo_failure_policy *policy = &self->spec->failure;
    hpo_message message;
    size_t peer;
    while (!self->leave) {
        BASE_TRY(send_news(self, err));
        double wait = fmin(fmax(self->next_beat - base_monotonic(), 0), BEAT_FRACTION * policy->heartbeat);
        if (self->more) wait = 0;
        base_status status = listen(self, wait, &peer, &message, err);
        if (status == BASE_OK) {
            obey(self, &message);
        } else if (status != BASE_END) {
            return status;
        } else if (base_monotonic() - self->last_heard > policy->lost_after) {
            base_log(BASE_LOG_WARN, "nothing heard from the controller for %g s: this worker leaves",
                     policy->lost_after);
            self->lost = true;
            return BASE_OK;
        }
    }
    return BASE_OK;
}

base_status hpo_worker_serve(hpo_worker *worker, const hpo_study_spec *spec, const hpo_catalog *catalog,
                             hpo_transport transport, bool *lost, base_err *err) {
    hpo_worker_name name;
    double now = base_monotonic();
    service self = {.worker = worker,
                    .hello = hpo_worker_hello(spec, catalog, &name),
                    .spec = spec,
                    .transport = transport,
                    .next_beat = now + spec->failure.heartbeat,
                    .last_heard = now,
                    .listened = now};
    base_status status = send(&self, &self.hello, err);
    if (status == BASE_OK) status = serve(&self, err);
    *lost = self.lost;
    hpo_worker_kill_running(worker, KILL_PATIENCE);
    if (status == BASE_OK && !*lost) status = send(&self, &(hpo_message){.kind = HPO_MESSAGE_BYE}, err);
    return status;
}
