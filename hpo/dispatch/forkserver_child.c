/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork server's process: one thread around poll.
 *
 * It ends when its socket does, which no kind of death of the rank can prevent; a parent-death signal stands behind
 * that for the time when init runs and the socket is not watched.
 *
 * A result leaves only after nothing of the trial runs any more. The server is a subreaper, and so are forked children:
 * what survives a trial's process becomes a child of the server. A program is not a subreaper, because it might wait
 * for children that it does not know, so daemons of a program that still runs are children of the server, too: they are
 * known by their group or by the variable that their trial has in its environment. Every other child is an orphan. */
#include "hpo/dispatch/forkserver_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "hpo/dispatch/forkserver_setup.h"
#include "hpo/dispatch/init_payload.h"
#include "hpo/dispatch/proctree.h"
#include "hpo/dispatch/trial_process.h"
#include "hpo/dispatch/waiting_jobs.h"

#define MEMORY_PERIOD  0.1  /* seconds between two looks at the memory of trials */
#define SWEEP_PERIOD   0.01 /* seconds between two looks for orphans that have been killed */
#define SWEEP_PATIENCE 5.0  /* seconds; then only the kernel holds on to an orphan */

enum { MAX_QUEUED = 1 << 20 }; /* bytes: then trials wait with their reports until the rank has read */

typedef struct server {
    const hpo_catalog *catalog;
    hpo_channel rank;
    int signals; /* signalfd */
    bool leaving;
    base_arena *arena;
    hpo_study_spec *spec;
    hpo_instance *instance;
    const char *run_dir;
    hpo_trial_process **trial;
    size_t n_trials, capacity;
    hpo_waiting_jobs waiting;
    bool told_waiting;
    struct pollfd *polls;
    size_t polls_capacity;
    double next_look;
} server;

/* ---- INIT ---- */

static base_status prepare(server *self, const hpo_message *message, base_err *err) {
    hpo_forkserver_study study;
    if (self->instance) return BASE_FAIL(err, BASE_INTERNAL, "the fork server has a study already");
    BASE_TRY(hpo_init_payload_decode(message->text, message->text_length, self->arena, &study, err));
    self->run_dir = study.run_dir;
    hpo_forkserver_redirect(STDOUT_FILENO, study.log_path, O_WRONLY | O_CREAT | O_APPEND);
    hpo_forkserver_redirect(STDERR_FILENO, study.log_path, O_WRONLY | O_CREAT | O_APPEND);
    BASE_TRY(hpo_study_read(self->catalog, study.file, study.text, study.length, study.sets, study.n_sets, &study.seed,
                            &self->spec, err));
    hpo_forkserver_set_place(&study.place);
    if (*study.visible) hpo_devices_set(study.visible);
    hpo_forkserver_set_threads(self->spec->limits.threads);
    hpo_forkserver_allow_leave(true);
    base_status status = hpo_instance_create(self->spec, study.place.worker, &self->instance, err);
    hpo_forkserver_allow_leave(false);
    return status;
}

static void on_init(server *self, const hpo_message *message) {
    base_err err = {0};
    hpo_message reply = {.kind = HPO_MESSAGE_INIT, .status = prepare(self, message, &err)};
    reply.text = err.text;
    hpo_channel_put(&self->rank, &reply);
}

/* ---- JOB and STOP ---- */

/* Descriptors that a forked child has no business with; the caller frees. Programs are rid of them by exec. */
static int *list_hidden(const server *self, size_t *count) {
    int *hidden = base_calloc(2 + 3 * self->n_trials, sizeof *hidden);
    *count = 0;
    hidden[(*count)++] = self->rank.fd;
    hidden[(*count)++] = self->signals;
    for (size_t i = 0; i < self->n_trials; i++) {
        hidden[(*count)++] = self->trial[i]->messages.fd;
        hidden[(*count)++] = self->trial[i]->output;
        hidden[(*count)++] = self->trial[i]->errors;
    }
    return hidden;
}

static base_status start_trial(server *self, const hpo_message *job, base_err *err) {
    if (!self->instance) return BASE_FAIL(err, BASE_INTERNAL, "the fork server has no study");
    size_t n_hidden;
    int *hidden = list_hidden(self, &n_hidden);
    hpo_trial_process *process;
    base_status status = hpo_trial_process_start(self->instance, job, self->run_dir, hidden, n_hidden, &process, err);
    free(hidden);
    if (status != BASE_OK) return status;
    BASE_GROW(self->trial, self->capacity, self->n_trials + 1);
    self->trial[self->n_trials++] = process;
    return BASE_OK;
}

static void answer_job(server *self, const hpo_message *job, hpo_failure failure, const char *before,
                       const char *reason) {
    hpo_message reply = {.kind = HPO_MESSAGE_RESULT, .trial = job->trial, .attempt = job->attempt, .rung = job->rung};
    hpo_result_begin(&reply.result);
    hpo_result_fail(&reply.result, failure, 0, "%s%s", before, reason);
    hpo_channel_put(&self->rank, &reply);
}

/* Nothing of the trial ran. Whose fault was it? Without storage no other trial will start either; a job that cannot be
 * understood is ours; what is left is in the study: a program that is not there. */
static void answer_unstarted(server *self, const hpo_message *job, base_status status, const char *reason) {
    if (status == BASE_BUSY || status == BASE_IO)
        answer_job(self, job, HPO_FAILURE_STORAGE, "a trial cannot be started: ", reason);
    else if (status == BASE_CORRUPT || status == BASE_INTERNAL)
        answer_job(self, job, HPO_FAILURE_LOST, "not started: ", reason);
    else
        answer_job(self, job, HPO_FAILURE_ERROR, "", reason);
}

/* Said once: a shortage that comes and goes all day is in the notices of its trials. */
static void wait_with(server *self, const hpo_message *job, const char *reason) {
    hpo_waiting_jobs_add(&self->waiting, job, reason, base_monotonic());
    if (self->told_waiting) return;
    base_err text = {0};
    (void)BASE_FAIL(&text, BASE_BUSY, "a trial waits for up to %.0f s, because it cannot be started now: %s",
                    HPO_START_PATIENCE, reason);
    hpo_channel_put(&self->rank, &(hpo_message){.kind = HPO_MESSAGE_NOTE, .text = text.text});
    self->told_waiting = true;
}

static void on_job(server *self, const hpo_message *job) {
    base_err err = {0};
    base_status status = start_trial(self, job, &err);
    if (status == BASE_BUSY)
        wait_with(self, job, err.text);
    else if (status != BASE_OK)
        answer_unstarted(self, job, status, err.text);
}

/* The notice travels with the result of the trial that had to wait. */
static void note_wait(hpo_trial_process *process, const hpo_waiting_job *job, double now) {
    process->result.notices |= HPO_NOTICE_BIT(SLOW_START);
    snprintf(process->result.note, sizeof process->result.note, "had to wait %.1f s: %.100s", now - job->since,
             job->reason);
}

static void start_waiting(server *self) {
    for (size_t i = 0; i < self->waiting.count;) {
        hpo_waiting_job *job = &self->waiting.item[i];
        double now = base_monotonic();
        base_err err = {0};
        if (now < job->next) {
            i++;
            continue;
        }
        base_status status = start_trial(self, &job->message, &err);
        if (status == BASE_BUSY && hpo_waiting_jobs_put_off(&self->waiting, i, now)) {
            i++;
            continue;
        }
        if (status == BASE_OK)
            note_wait(self->trial[self->n_trials - 1], job, now);
        else
            answer_unstarted(self, &job->message, status, err.text);
        hpo_waiting_jobs_remove(&self->waiting, i);
    }
}

static bool is_for(const hpo_message *stop, uint64_t trial, uint32_t attempt) {
    return stop->trial == trial && stop->attempt == attempt;
}

static void on_stop(server *self, const hpo_message *stop) {
    for (size_t i = 0; i < self->n_trials; i++)
        if (is_for(stop, self->trial[i]->trial, self->trial[i]->attempt))
            hpo_trial_process_stop(self->trial[i], stop->stop, base_monotonic());
    for (size_t i = self->waiting.count; i-- > 0;) {
        const hpo_message *job = &self->waiting.item[i].message;
        if (!is_for(stop, job->trial, job->attempt)) continue;
        answer_job(self, job, HPO_FAILURE_INTERRUPTED, "", "stopped before it could be started");
        hpo_waiting_jobs_remove(&self->waiting, i);
    }
}

static void read_rank(server *self) {
    hpo_message message;
    hpo_channel_read(&self->rank);
    while (!self->leaving && hpo_channel_take(&self->rank, &message, NULL) == BASE_OK) {
        switch (message.kind) {
        case HPO_MESSAGE_INIT: on_init(self, &message); break;
        case HPO_MESSAGE_JOB: on_job(self, &message); break;
        case HPO_MESSAGE_STOP: on_stop(self, &message); break;
        default: self->leaving = true; break;
        }
    }
}

/* ---- ends ---- */

static void read_signals(server *self) {
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == HPO_FORKSERVER_LEAVE) self->leaving = true;
}

static void reap(server *self) {
    int status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;)
        for (size_t i = 0; i < self->n_trials; i++)
            if (self->trial[i]->pid == pid && !self->trial[i]->reaped)
                hpo_trial_process_reaped(self->trial[i], status, &usage, base_monotonic());
}

static bool is_live_trial(const server *self, pid_t pid) {
    for (size_t i = 0; i < self->n_trials; i++)
        if (self->trial[i]->pid == pid && !self->trial[i]->reaped) return true;
    return false;
}

/* Whether a child of the server that is no trial's process belongs to this one. */
static bool is_stray_of(pid_t pid, const hpo_trial_process *process) {
    if (!process->ops) return false;
    if (getpgid(pid) == process->group) return true;
    char variable[64];
    snprintf(variable, sizeof variable, HPO_TRIAL_VARIABLE "=%" PRIu64, process->trial);
    return hpo_proctree_has_variable(pid, variable);
}

static bool is_of_live_trial(const server *self, pid_t pid) {
    for (size_t i = 0; i < self->n_trials; i++)
        if (!self->trial[i]->reaped && is_stray_of(pid, self->trial[i])) return true;
    return false;
}

/* Kills every orphan that there is; false: there was none. That the server has no children at all is known without
 * /proc. */
static bool kill_orphans(const server *self) {
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
    bool found = false;
    hpo_pids children = {0};
    hpo_proctree_children(getpid(), &children);
    for (size_t i = 0; i < children.count; i++) {
        pid_t pid = children.item[i];
        if (is_live_trial(self, pid) || is_of_live_trial(self, pid)) continue;
        hpo_proctree_kill(pid);
        found = true;
    }
    hpo_pids_fini(&children);
    return found;
}

static bool any_reaped(const server *self) {
    for (size_t i = 0; i < self->n_trials; i++)
        if (self->trial[i]->reaped) return true;
    return false;
}

static void send_results(server *self) {
    if (!any_reaped(self)) return;
    bool orphans = kill_orphans(self);
    double now = base_monotonic();
    size_t kept = 0;
    for (size_t i = 0; i < self->n_trials; i++) {
        hpo_trial_process *process = self->trial[i];
        if (!process->reaped || (orphans && now < process->ended + SWEEP_PATIENCE)) {
            self->trial[kept++] = process;
            continue;
        }
        hpo_message result;
        hpo_trial_process_result(process, &self->rank, &result);
        hpo_channel_put(&self->rank, &result);
        hpo_trial_process_destroy(process);
    }
    self->n_trials = kept;
}

/* ---- the loop ---- */

static bool is_look_due(server *self, double now) {
    bool limited = self->n_trials && self->spec->limits.memory;
    if (!limited || now < self->next_look) return false;
    self->next_look = now + MEMORY_PERIOD;
    return true;
}

static int poll_timeout(const server *self) {
    double now = base_monotonic(), next = any_reaped(self) ? now + SWEEP_PERIOD : INFINITY;
    next = fmin(next, hpo_waiting_jobs_next(&self->waiting));
    for (size_t i = 0; i < self->n_trials; i++) next = fmin(next, hpo_trial_process_next(self->trial[i]));
    if (self->n_trials && self->spec->limits.memory) next = fmin(next, self->next_look);
    if (next == INFINITY) return -1;
    return (int)fmin(ceil(fmax(next - now, 0) * 1000), 1e6);
}

enum { FDS_PER_TRIAL = 3, FIRST_TRIAL_FD = 2 };

/* A trial whose reports find no way to the rank is not read: it waits. */
static void wait_for_events(server *self) {
    size_t count = 0;
    bool choked = hpo_channel_queued(&self->rank) > MAX_QUEUED;
    BASE_GROW(self->polls, self->polls_capacity, FIRST_TRIAL_FD + FDS_PER_TRIAL * self->n_trials);
    short out = hpo_channel_queued(&self->rank) ? POLLOUT : 0;
    self->polls[count++] = (struct pollfd){.fd = self->rank.fd, .events = (short)(POLLIN | out)};
    self->polls[count++] = (struct pollfd){.fd = self->signals, .events = POLLIN};
    for (size_t i = 0; i < self->n_trials; i++) {
        const hpo_trial_process *process = self->trial[i];
        bool unread = choked || process->messages.ended;
        self->polls[count++] = (struct pollfd){.fd = unread ? -1 : process->messages.fd, .events = POLLIN};
        unread = choked && process->ops;
        self->polls[count++] = (struct pollfd){.fd = unread ? -1 : process->output, .events = POLLIN};
        self->polls[count++] = (struct pollfd){.fd = process->errors, .events = POLLIN};
    }
    if (poll(self->polls, count, poll_timeout(self)) < 0)
        for (size_t i = 0; i < count; i++) self->polls[i].revents = 0;
}

static void read_trials(server *self, size_t n_polled) {
    for (size_t i = 0; i < n_polled; i++) {
        const struct pollfd *polls = &self->polls[FIRST_TRIAL_FD + FDS_PER_TRIAL * i];
        if (polls[0].revents) hpo_trial_process_read(self->trial[i], &self->rank);
        if (polls[1].revents) hpo_trial_process_read_output(self->trial[i], &self->rank);
        if (polls[2].revents) hpo_trial_process_read_errors(self->trial[i]);
    }
}

static void watch_trial(const server *self, hpo_trial_process *process, double now, const hpo_pids *children) {
    hpo_pids strays = {0};
    for (size_t i = 0; children && i < children->count; i++)
        if (!is_live_trial(self, children->item[i]) && is_stray_of(children->item[i], process))
            hpo_proctree_add(children->item[i], &strays);
    hpo_trial_process_watch(process, now, children ? &strays : NULL);
    hpo_pids_fini(&strays);
}

static void watch_trials(server *self) {
    double now = base_monotonic();
    bool look = is_look_due(self, now);
    hpo_pids children = {0};
    if (look) hpo_proctree_children(getpid(), &children);
    for (size_t i = 0; i < self->n_trials; i++) watch_trial(self, self->trial[i], now, look ? &children : NULL);
    hpo_pids_fini(&children);
}

static void step(server *self) {
    size_t n_polled = self->n_trials;
    wait_for_events(self);
    read_trials(self, n_polled);
    if (self->polls[1].revents) read_signals(self);
    reap(self);
    if (self->polls[0].revents & ~POLLOUT) read_rank(self);
    start_waiting(self);
    watch_trials(self);
    send_results(self);
    hpo_channel_flush(&self->rank);
}

static void kill_everything(server *self) {
    double now = base_monotonic(), give_up = now + SWEEP_PATIENCE;
    for (size_t i = 0; i < self->n_trials; i++) hpo_trial_process_stop(self->trial[i], HPO_STOP_KILL, now);
    for (reap(self); base_monotonic() < give_up && waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0;
         reap(self)) {
        kill_orphans(self);
        base_sleep(0.001);
    }
    for (size_t i = 0; i < self->n_trials; i++) {
        while (hpo_trial_process_read_output(self->trial[i], &self->rank)) continue;
        while (hpo_trial_process_read_errors(self->trial[i])) continue;
        hpo_trial_process_destroy(self->trial[i]); /* writes its log */
    }
}

void hpo_forkserver_run(const hpo_catalog *catalog, int socket, pid_t rank) {
    server self = {.catalog = catalog, .arena = base_arena_create(), .signals = hpo_forkserver_become(socket, rank)};
    hpo_channel_init(&self.rank, socket);
    while (!self.rank.ended && !self.leaving) step(&self);
    kill_everything(&self);
    hpo_instance_destroy(self.instance);
    _exit(EXIT_SUCCESS);
}
