/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running trial: what it says, and how it is ended.
 *
 * SIGTERM goes to the group, SIGKILL to the tree: a program may save what it has, nothing may stay. A program that has
 * left its group gets the SIGTERM itself. */
#include "hpo/dispatch/trial_process.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define EXIT_GRACE 1.0 /* seconds between the message of a result and the end of the child that gave it */

/* ---- what it says ---- */

typedef struct listener {
    const hpo_trial_process *process;
    hpo_channel *rank;
} listener;

static hpo_verdict verdict(void *self) {
    const listener *to = self;
    return to->process->cause == HPO_CAUSE_NONE ? HPO_CONTINUE : HPO_STOP;
}

static hpo_verdict pass_report(void *self, double step, const hpo_metrics *metrics) {
    const listener *to = self;
    hpo_message message = {.kind = HPO_MESSAGE_REPORT,
                           .trial = to->process->trial,
                           .attempt = to->process->attempt,
                           .rung = to->process->rung,
                           .step = step};
    message.result.metrics = *metrics;
    hpo_channel_put(to->rank, &message);
    return verdict(self);
}

static void feed(hpo_trial_process *process, const char *bytes, size_t length, hpo_channel *rank) {
    listener to = {.process = process, .rank = rank};
    hpo_reporter reporter = {.report = pass_report, .verdict = verdict, .self = &to};
    process->ops->feed(process->program.run, bytes, length, &reporter);
    if (process->complete || !process->ops->complete(process->program.run)) return;
    process->complete = true;
    process->completed = base_monotonic();
}

void hpo_trial_process_finish(hpo_trial_process *process, hpo_channel *rank) {
    if (!process->ops || process->finished) return;
    listener to = {.process = process, .rank = rank};
    hpo_reporter reporter = {.report = pass_report, .verdict = verdict, .self = &to};
    process->finished = true;
    process->ops->finish(process->program.run, &reporter);
    process->complete = process->ops->complete(process->program.run);
}

static void answer(hpo_trial_process *process, const hpo_result *result) {
    double now = base_monotonic();
    process->answered = true;
    process->ended = now;
    process->result = *result;
    process->kill_at = fmin(process->kill_at, now + EXIT_GRACE);
}

bool hpo_trial_process_read(hpo_trial_process *process, hpo_channel *rank) {
    hpo_message message;
    bool came = hpo_channel_read(&process->messages);
    while (hpo_channel_take(&process->messages, &message, NULL) == BASE_OK) {
        bool ours = message.trial == process->trial && message.attempt == process->attempt && !process->answered;
        if (ours && message.kind == HPO_MESSAGE_REPORT) hpo_channel_put(rank, &message);
        if (ours && message.kind == HPO_MESSAGE_RESULT) answer(process, &message.result);
    }
    return came;
}

/* The number of bytes; 0: nothing now, or never again. */
static size_t read_piece(int *fd, char *bytes, size_t size) {
    if (*fd < 0) return 0;
    ssize_t got = read(*fd, bytes, size);
    if (got > 0) return (size_t)got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    close(*fd);
    *fd = -1;
    return 0;
}

bool hpo_trial_process_read_output(hpo_trial_process *process, hpo_channel *rank) {
    char bytes[64 * 1024];
    size_t got = read_piece(&process->output, bytes, sizeof bytes);
    if (!got) return false;
    hpo_triallog_append(process->log, HPO_TRIALLOG_OUTPUT, bytes, got);
    if (process->ops) feed(process, bytes, got, rank);
    return true;
}

bool hpo_trial_process_read_errors(hpo_trial_process *process) {
    char bytes[64 * 1024];
    size_t got = read_piece(&process->errors, bytes, sizeof bytes);
    if (got) hpo_triallog_append(process->log, HPO_TRIALLOG_ERRORS, bytes, got);
    return got > 0;
}

/* ---- how it is ended ---- */

static void kill_tree(hpo_trial_process *process) {
    if (!process->reaped) hpo_proctree_kill(process->pid);
    process->killed = true;
    process->kill_at = INFINITY;
}

/* Its process has not been waited for, so its number is still its own; that of the group only while it is in it. */
static void ask_to_end(const hpo_trial_process *process) {
    /* A child gets the signal with the verdict that it stands for; the group's one comes after it and adds nothing. */
    bool abandon = process->cause == HPO_CAUSE_STOP && process->stop == HPO_STOP_SEARCHER;
    if (abandon && !process->ops) (void)sigqueue(process->pid, SIGTERM, (union sigval){.sival_int = HPO_ABANDON});
    if (getpgid(process->pid) == process->group)
        killpg(process->group, SIGTERM);
    else
        kill(process->pid, SIGTERM);
}

static void end(hpo_trial_process *process, hpo_trial_cause cause, double now, bool at_once) {
    if (process->cause == HPO_CAUSE_NONE) process->cause = cause;
    if (process->reaped || process->killed) return;
    if (at_once || process->limits.stop_grace <= 0) {
        kill_tree(process);
        return;
    }
    ask_to_end(process);
    process->kill_at = fmin(process->kill_at, now + process->limits.stop_grace);
}

void hpo_trial_process_stop(hpo_trial_process *process, hpo_stop_reason reason, double now) {
    bool leaving = process->reaped || (process->answered && reason != HPO_STOP_KILL);
    if (leaving) return;
    if (process->cause == HPO_CAUSE_NONE) process->stop = reason;
    if (process->cause == HPO_CAUSE_NONE || reason == HPO_STOP_KILL)
        end(process, HPO_CAUSE_STOP, now, reason == HPO_STOP_KILL);
}

/* Nobody wants it to end yet. */
static bool is_free(const hpo_trial_process *process) {
    return process->cause == HPO_CAUSE_NONE && !process->answered && !process->reaped;
}

static double time_limit(const hpo_trial_process *process) {
    return process->limits.time > 0 ? process->started + process->limits.time : INFINITY;
}

static double exit_limit(const hpo_trial_process *process) {
    return process->complete ? process->completed + process->limits.exit_grace : INFINITY;
}

void hpo_trial_process_watch(hpo_trial_process *process, double now, const hpo_pids *strays) {
    if (now >= process->kill_at) kill_tree(process);
    if (is_free(process) && now >= time_limit(process)) {
        process->late = !process->complete;
        end(process, HPO_CAUSE_TIME, now, false);
    }
    if (is_free(process) && now >= exit_limit(process)) end(process, HPO_CAUSE_COMPLETE, now, false);
    if (!strays || !process->limits.memory || process->answered || process->killed || process->reaped) return;
    hpo_pids tree = {0};
    hpo_proctree_list(process->pid, &tree);
    for (size_t i = 0; i < strays->count; i++) hpo_proctree_add(strays->item[i], &tree);
    process->memory = hpo_proctree_memory(&tree, process->limits.memory);
    hpo_pids_fini(&tree);
    if (process->memory > process->limits.memory) end(process, HPO_CAUSE_MEMORY, now, true);
}

double hpo_trial_process_next(const hpo_trial_process *process) {
    double limit = is_free(process) ? fmin(time_limit(process), exit_limit(process)) : INFINITY;
    return fmin(process->kill_at, limit);
}

void hpo_trial_process_reaped(hpo_trial_process *process, int status, const struct rusage *usage, double now) {
    process->reaped = true;
    process->status = status;
    process->usage = *usage;
    process->kill_at = INFINITY;
    if (!process->answered) process->ended = now;
}

void hpo_trial_process_destroy(hpo_trial_process *process) {
    if (!process) return;
    hpo_channel nobody = {.fd = -1, .ended = true};
    hpo_trial_process_finish(process, &nobody);
    hpo_channel_fini(&process->messages);
    if (process->output >= 0) close(process->output);
    if (process->errors >= 0) close(process->errors);
    hpo_triallog_destroy(process->log);
    base_arena_destroy(process->arena);
    free(process);
}
