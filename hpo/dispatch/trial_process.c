/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running trial, from fork to verdict.
 *
 * What the server did itself is known, not guessed: a trial that it ended for time or memory says so whatever the child
 * answers while it dies. Without such a cause the child's own answer counts, and without an answer the wait status
 * does. A death that nobody here caused, of a process that had been larger than its limit, is put down to memory: its
 * peak is in its resource usage, even where it came and went between two looks. */
#include "hpo/dispatch/trial_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "hpo/dispatch/proctree.h"
#include "hpo/dispatch/trial_child.h"

#define EXIT_GRACE 1.0 /* seconds between a result and the end of the process that gave it */

static uint64_t own_resident(void) {
    hpo_pids self = {.item = (pid_t[]){getpid()}, .count = 1};
    return hpo_proctree_memory(&self, UINT64_MAX);
}

static base_status make_pipes(int messages[2], int output[2], base_err *err) {
    if (pipe2(messages, O_CLOEXEC) != 0) return BASE_FAIL(err, BASE_IO, "cannot make a pipe: %s", strerror(errno));
    if (pipe2(output, O_CLOEXEC) == 0) return BASE_OK;
    int error = errno;
    close(messages[0]);
    close(messages[1]);
    return BASE_FAIL(err, BASE_IO, "cannot make a pipe: %s", strerror(error));
}

static hpo_trial_process *process_create(const hpo_job *job, pid_t pid, int messages, int output) {
    hpo_trial_process *process = base_calloc(1, sizeof *process);
    *process = (hpo_trial_process){.trial = job->trial,
                                   .attempt = job->attempt,
                                   .rung = job->rung,
                                   .limits = job->limits,
                                   .pid = pid,
                                   .output = output,
                                   .started = base_monotonic(),
                                   .kill_at = INFINITY};
    base_buf path = {0};
    base_buf_printf(&path, "%s/log", job->folder);
    process->log = hpo_triallog_create(path.data, job->attempt, job->rung);
    base_buf_fini(&path);
    hpo_channel_init(&process->messages, messages);
    fcntl(output, F_SETFL, fcntl(output, F_GETFL) | O_NONBLOCK);
    hpo_result_begin(&process->result);
    return process;
}

static base_status fork_child(hpo_instance *instance, const hpo_job *job, const int *hidden, size_t n_hidden,
                              hpo_trial_process **out, base_err *err) {
    int messages[2], output[2];
    pid_t server = getpid();
    BASE_TRY(make_pipes(messages, output, err));
    uint64_t inherited = job->limits.memory ? own_resident() : 0;
    fflush(NULL); /* or the child would write what is buffered here a second time */
    pid_t pid = fork();
    if (pid == 0) {
        close(messages[0]);
        close(output[0]);
        hpo_trial_child_run(&(hpo_trial_child){.instance = instance,
                                               .job = job,
                                               .server = server,
                                               .messages = messages[1],
                                               .output = output[1],
                                               .close = hidden,
                                               .n_close = n_hidden});
    }
    int error = errno;
    close(messages[1]);
    close(output[1]);
    if (pid < 0) {
        close(messages[0]);
        close(output[0]);
        return BASE_FAIL(err, BASE_IO, "cannot start a process: %s", strerror(error));
    }
    setpgid(pid, pid); /* here and in the child: whoever comes first */
    *out = process_create(job, pid, messages[0], output[0]);
    (*out)->inherited = inherited;
    return BASE_OK;
}

base_status hpo_trial_process_start(hpo_instance *instance, const hpo_message *message, const char *run_dir,
                                    const int *hidden, size_t n_hidden, hpo_trial_process **out, base_err *err) {
    base_buf folder = {0}, parent = {0};
    hpo_job job;
    base_status status = hpo_instance_job(instance, message, &job, err);
    if (status != BASE_OK) goto out;
    base_buf_printf(&folder, "%s/trials/%" PRIu64, run_dir, message->trial);
    base_buf_printf(&parent, "%s/trials/%" PRIu64, run_dir, message->parent);
    job.folder = folder.data;
    job.parent_folder = message->parent == UINT64_MAX ? NULL : parent.data;
    status = base_make_folder(folder.data, err);
    if (status == BASE_OK) status = fork_child(instance, &job, hidden, n_hidden, out, err);
out:
    base_buf_fini(&folder);
    base_buf_fini(&parent);
    return status;
}

void hpo_trial_process_destroy(hpo_trial_process *process) {
    if (!process) return;
    hpo_channel_fini(&process->messages);
    if (process->output >= 0) close(process->output);
    hpo_triallog_destroy(process->log);
    free(process);
}

/* ---- what it says ---- */

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

bool hpo_trial_process_read_output(hpo_trial_process *process) {
    char bytes[64 * 1024];
    if (process->output < 0) return false;
    ssize_t got = read(process->output, bytes, sizeof bytes);
    if (got > 0) hpo_triallog_append(process->log, bytes, (size_t)got);
    if (got > 0) return true;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    close(process->output);
    process->output = -1;
    return false;
}

/* ---- how it is ended ---- */

static void kill_tree(hpo_trial_process *process) {
    if (!process->reaped) hpo_proctree_kill(process->pid);
    process->killed = true;
    process->kill_at = INFINITY;
}

/* The child gets the signal with the verdict that it stands for; the group's one comes after it and adds nothing. */
static void ask_to_end(const hpo_trial_process *process) {
    const bool abandon = process->cause == HPO_CAUSE_STOP && process->stop == HPO_STOP_SEARCHER;
    if (abandon) (void)sigqueue(process->pid, SIGTERM, (union sigval){.sival_int = HPO_ABANDON});
    killpg(process->pid, SIGTERM);
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

static bool is_timed(const hpo_trial_process *process) {
    return process->limits.time > 0 && process->cause == HPO_CAUSE_NONE && !process->answered && !process->reaped;
}

void hpo_trial_process_watch(hpo_trial_process *process, double now, bool look) {
    if (now >= process->kill_at) kill_tree(process);
    if (is_timed(process) && now >= process->started + process->limits.time) end(process, HPO_CAUSE_TIME, now, false);
    if (!look || !process->limits.memory || process->answered || process->killed || process->reaped) return;
    hpo_pids tree = {0};
    hpo_proctree_list(process->pid, &tree);
    process->memory = hpo_proctree_memory(&tree, process->limits.memory);
    hpo_pids_fini(&tree);
    if (process->memory > process->limits.memory) end(process, HPO_CAUSE_MEMORY, now, true);
}

double hpo_trial_process_next(const hpo_trial_process *process) {
    double limit = is_timed(process) ? process->started + process->limits.time : INFINITY;
    return fmin(process->kill_at, limit);
}

void hpo_trial_process_reaped(hpo_trial_process *process, int status, const struct rusage *usage, double now) {
    process->reaped = true;
    process->status = status;
    process->usage = *usage;
    process->kill_at = INFINITY;
    if (!process->answered) process->ended = now;
}

/* ---- what became of it ---- */

static void format_bytes(uint64_t bytes, char out[32]) {
    snprintf(out, 32, "%.0f MiB", (double)bytes / 1048576.0);
}

static void judge_cause(hpo_trial_process *process) {
    hpo_result *result = &process->result;
    char have[32], most[32];
    switch (process->cause) {
    case HPO_CAUSE_MEMORY:
        format_bytes(process->memory, have);
        format_bytes(process->limits.memory, most);
        hpo_result_fail(result, HPO_FAILURE_OOM, 0, "used %s of memory, more than trial.memory: %s", have, most);
        return;
    case HPO_CAUSE_TIME:
        base_format_duration(process->limits.time, most);
        hpo_result_fail(result, HPO_FAILURE_TIMEOUT, 0, "ran longer than trial.time: %s", most);
        return;
    case HPO_CAUSE_STOP:
        if (process->answered && (result->failure == HPO_FAILURE_NONE || result->failure == HPO_FAILURE_NAN)) return;
        hpo_result_fail(result, HPO_FAILURE_INTERRUPTED, 0, "%s",
                        process->stop == HPO_STOP_INTERRUPT ? "stopped because the run stops" : "stopped on request");
        return;
    case HPO_CAUSE_NONE: break;
    }
}

static void judge_status(hpo_trial_process *process) {
    hpo_result *result = &process->result;
    if (WIFSIGNALED(process->status)) {
        int number = WTERMSIG(process->status);
        hpo_result_fail(result, HPO_FAILURE_CRASH, number, "ended by signal %d (%s)", number, strsignal(number));
    } else if (WEXITSTATUS(process->status)) {
        int code = WEXITSTATUS(process->status);
        hpo_result_fail(result, HPO_FAILURE_EXIT, code, "ended with exit status %d", code);
    } else {
        hpo_result_fail(result, HPO_FAILURE_OUTPUT, 0, "ended with exit status 0 but without a result");
    }
}

static bool is_death(hpo_failure failure) {
    return failure == HPO_FAILURE_CRASH || failure == HPO_FAILURE_EXIT;
}

/* The peak of the largest process less what it got from the server can only be too low: never a false charge. */
static void judge_death(hpo_trial_process *process) {
    uint64_t peak = (uint64_t)process->usage.ru_maxrss * 1024, limit = process->limits.memory;
    hpo_result *result = &process->result;
    char have[32], most[32], line[160];
    if (limit && peak > process->inherited && peak - process->inherited > limit) {
        format_bytes(peak - process->inherited, have);
        format_bytes(limit, most);
        hpo_result_fail(result, HPO_FAILURE_OOM, result->code, "used %s of memory, more than trial.memory: %s; then %s",
                        have, most, result->reason);
        return;
    }
    if (result->failure == HPO_FAILURE_CRASH && result->code == SIGKILL)
        hpo_result_fail(result, result->failure, SIGKILL, "%s, not by us: often the kernel, when memory is short",
                        result->reason);
    hpo_triallog_last_line(process->log, line, sizeof line);
    if (*line) hpo_result_fail(result, result->failure, result->code, "%s; last output: %s", result->reason, line);
}

void hpo_trial_process_result(hpo_trial_process *process, hpo_channel *rank, hpo_message *message) {
    while (hpo_trial_process_read(process, rank)) continue;
    while (hpo_trial_process_read_output(process)) continue;
    if (process->cause != HPO_CAUSE_NONE)
        judge_cause(process);
    else if (!process->answered)
        judge_status(process);
    if (is_death(process->result.failure)) judge_death(process);
    process->result.seconds = process->ended - process->started;
    *message = (hpo_message){.kind = HPO_MESSAGE_RESULT,
                             .trial = process->trial,
                             .attempt = process->attempt,
                             .rung = process->rung,
                             .result = process->result};
}
