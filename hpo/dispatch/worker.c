/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker: jobs in, reports and results out.
 *
 * In-rank objectives are evaluated inside accept, into a queue of messages whose memory is kept: an evaluation of
 * microseconds must not pay for allocations. With a fork server the worker keeps a list of what runs there, because
 * that is what is lost when the server dies. */
#include "hpo/dispatch/worker_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "hpo/dispatch/instance.h"

typedef struct running {
    uint64_t trial;
    uint32_t attempt, rung;
    uint64_t reports;
} running;

struct hpo_worker {
    hpo_forkserver *server;
    bool server_dead;
    char death[512];        /* why */
    hpo_instance *instance; /* in-rank */
    running *run;
    size_t n_run, run_capacity;
    hpo_message *queue; /* REPORT and RESULT hold no pointers: they are kept as they are */
    size_t first, count, queue_capacity;
    const hpo_job *job; /* under way in this rank */
    uint64_t reports;   /* of it */
    uint64_t newest;    /* number of the newest job that came */
};

base_status hpo_worker_create(const hpo_study_spec *spec, hpo_forkserver *server, const char *run_dir, hpo_worker **out,
                              base_err *err) {
    (void)run_dir; /* the server has it; an in-rank objective has no folder */
    *out = NULL;
    bool in_rank = spec->objective->flags & HPO_OBJECTIVE_IN_RANK;
    BASE_ASSERT(in_rank || server);
    hpo_instance *instance = NULL;
    if (in_rank) BASE_TRY(hpo_instance_create(spec, 0, &instance, err));
    hpo_worker *worker = base_calloc(1, sizeof *worker);
    worker->instance = instance;
    worker->server = in_rank ? NULL : server;
    *out = worker;
    return BASE_OK;
}

void hpo_worker_destroy(hpo_worker *worker) {
    if (!worker) return;
    hpo_instance_destroy(worker->instance);
    free(worker->run);
    free(worker->queue);
    free(worker);
}

/* The next free place of the queue, its header filled. */
static hpo_message *enqueue(hpo_worker *worker, hpo_message_kind kind, uint64_t trial, uint32_t attempt,
                            uint32_t rung) {
    if (worker->first == worker->count) worker->first = worker->count = 0;
    BASE_GROW(worker->queue, worker->queue_capacity, worker->count + 1);
    hpo_message *message = &worker->queue[worker->count++];
    message->kind = kind;
    message->trial = trial;
    message->attempt = attempt;
    message->rung = rung;
    message->host = message->text = "";
    return message;
}

static void enqueue_failure(hpo_worker *worker, const running *job, hpo_failure failure, const char *reason) {
    hpo_message *message = enqueue(worker, HPO_MESSAGE_RESULT, job->trial, job->attempt, job->rung);
    message->number = job->reports;
    hpo_result_begin(&message->result);
    hpo_result_fail(&message->result, failure, 0, "%s", reason);
}

/* ---- in the rank ---- */

static hpo_verdict queue_report(void *self, double step, const hpo_metrics *metrics) {
    hpo_worker *worker = self;
    const hpo_job *job = worker->job;
    hpo_message *message = enqueue(worker, HPO_MESSAGE_REPORT, job->trial, job->attempt, job->rung);
    message->number = ++worker->reports;
    message->step = step;
    message->result.metrics = *metrics;
    return HPO_CONTINUE;
}

static hpo_verdict always_continue(void *self) {
    (void)self;
    return HPO_CONTINUE;
}

static void evaluate(hpo_worker *worker, const hpo_message *message) {
    hpo_job job;
    base_err err;
    if (hpo_instance_job(worker->instance, message, &job, &err) != BASE_OK) {
        running lost = {.trial = message->trial, .attempt = message->attempt, .rung = message->rung};
        enqueue_failure(worker, &lost, HPO_FAILURE_LOST, err.text);
        return;
    }
    hpo_reporter reporter = {.report = queue_report, .verdict = always_continue, .self = worker};
    hpo_result result; /* reports come into the queue before it, and may move the queue */
    double started = base_monotonic();
    worker->job = &job;
    worker->reports = 0;
    hpo_instance_evaluate(worker->instance, &job, &reporter, &result);
    worker->job = NULL;
    result.seconds = base_monotonic() - started;
    hpo_message *end = enqueue(worker, HPO_MESSAGE_RESULT, job.trial, job.attempt, job.rung);
    end->number = worker->reports;
    end->result = result;
}

/* ---- in the fork server ---- */

static void remember(hpo_worker *worker, const hpo_message *job) {
    BASE_GROW(worker->run, worker->run_capacity, worker->n_run + 1);
    worker->run[worker->n_run++] = (running){.trial = job->trial, .attempt = job->attempt, .rung = job->rung};
}

/* Numbers what the server sends; after its result a trial is forgotten. */
static void count(hpo_worker *worker, hpo_message *message) {
    for (size_t i = 0; i < worker->n_run; i++) {
        running *run = &worker->run[i];
        if (run->trial != message->trial || run->attempt != message->attempt) continue;
        message->number = message->kind == HPO_MESSAGE_REPORT ? ++run->reports : run->reports;
        if (message->kind == HPO_MESSAGE_RESULT) *run = worker->run[--worker->n_run];
        return;
    }
}

static void forget_dead_server(hpo_worker *worker, const base_err *why) {
    worker->server_dead = true;
    base_log(BASE_LOG_ERROR, "%s", why->text);
    snprintf(worker->death, sizeof worker->death, "%s", why->text);
    for (size_t i = 0; i < worker->n_run; i++)
        enqueue_failure(worker, &worker->run[i], HPO_FAILURE_LOST, worker->death);
    worker->n_run = 0;
}

static void pass_on(hpo_worker *worker, const hpo_message *message) {
    base_err err = {0};
    if (worker->server_dead) {
        running lost = {.trial = message->trial, .attempt = message->attempt, .rung = message->rung};
        if (message->kind == HPO_MESSAGE_JOB) enqueue_failure(worker, &lost, HPO_FAILURE_LOST, worker->death);
        return;
    }
    if (message->kind == HPO_MESSAGE_JOB) remember(worker, message);
    /* A failure here means that the server died; poll sees it after the last messages that the server sent. */
    if (hpo_forkserver_send(worker->server, message, &err) != BASE_OK) return;
}

static bool receive(hpo_worker *worker, hpo_message *out) {
    base_err err;
    while (!worker->server_dead) {
        base_status status = hpo_forkserver_receive(worker->server, out, &err);
        if (status == BASE_END) return false;
        if (status != BASE_OK)
            forget_dead_server(worker, &err);
        else if (out->kind == HPO_MESSAGE_NOTE)
            base_log(BASE_LOG_WARN, "%s", out->text);
        else
            count(worker, out);
        if (status == BASE_OK && out->kind != HPO_MESSAGE_NOTE) return true;
    }
    return false;
}

void hpo_worker_kill_running(hpo_worker *worker, double patience) {
    hpo_message message;
    double give_up = base_monotonic() + patience;
    for (size_t i = 0; i < worker->n_run; i++) {
        const running *job = &worker->run[i];
        hpo_message stop = {
            .kind = HPO_MESSAGE_STOP, .trial = job->trial, .attempt = job->attempt, .stop = HPO_STOP_KILL};
        pass_on(worker, &stop);
    }
    while (worker->n_run && base_monotonic() < give_up)
        if (!receive(worker, &message)) base_sleep(0.001);
}

/* ---- both ---- */

void hpo_worker_accept(hpo_worker *worker, const hpo_message *message) {
    BASE_ASSERT(message->kind == HPO_MESSAGE_JOB || message->kind == HPO_MESSAGE_STOP);
    const bool counted = message->kind == HPO_MESSAGE_JOB && message->number > 0;
    if (counted && message->number <= worker->newest) return; /* a copy */
    if (counted) worker->newest = message->number;
    if (worker->server)
        pass_on(worker, message);
    else if (message->kind == HPO_MESSAGE_JOB)
        evaluate(worker, message); /* nothing to stop: it has ended */
}

bool hpo_worker_poll(hpo_worker *worker, hpo_message *out) {
    if (worker->server && receive(worker, out)) return true;
    if (worker->first == worker->count) return false;
    *out = worker->queue[worker->first++];
    return true;
}

hpo_message hpo_worker_beat(const hpo_worker *worker) {
    return (hpo_message){
        .kind = HPO_MESSAGE_BEAT, .number = worker->newest, .busy = worker->n_run > 0 || worker->first < worker->count};
}

int hpo_worker_fd(const hpo_worker *worker) {
    return worker->server && !worker->server_dead ? hpo_forkserver_fd(worker->server) : -1;
}
