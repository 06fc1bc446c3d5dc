/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a trial came to.
 *
 * What the server did itself is known, not guessed: a trial that it ended for memory says so whatever came of it while
 * it died. A result that was complete before counts whatever ended the program afterwards, unless that was a fault of
 * its own: clean-ups that send a signal to their own group come after the result. Without a cause of ours a child's
 * own answer counts, and without an answer the wait status does. A death that nobody here caused, of a process that had
 * been larger than its limit, is put down to memory: its peak is in its resource usage, even where it came and went
 * between two looks. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "hpo/dispatch/trial_process.h"

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
    case HPO_CAUSE_COMPLETE:
    case HPO_CAUSE_NONE: break;
    }
}

/* A sentence begins with the program, when it has one. */
static const char *subject(const hpo_trial_process *process, char text[64]) {
    snprintf(text, 64, process->ops ? "%.60s " : "%s", process->ops ? process->program.name : "");
    return text;
}

static void judge_status(hpo_trial_process *process) {
    hpo_result *result = &process->result;
    char who[64];
    subject(process, who);
    if (WIFSIGNALED(process->status)) {
        int number = WTERMSIG(process->status);
        hpo_result_fail(result, HPO_FAILURE_CRASH, number, "%s%sended by signal %d (%s)", who, *who ? "was " : "",
                        number, strsignal(number));
    } else if (WEXITSTATUS(process->status)) {
        int code = WEXITSTATUS(process->status);
        hpo_result_fail(result, HPO_FAILURE_EXIT, code, "%sended with exit status %d", who, code);
    } else {
        hpo_result_fail(result, HPO_FAILURE_OUTPUT, 0, "%sended with exit status 0 but without a result", who);
    }
}

/* SIGTERM is how the server asks a child to stop. Who else sends it is told apart by who has to know: the controller.
 */
static void judge_answer(hpo_trial_process *process) {
    if (process->result.failure == HPO_FAILURE_INTERRUPTED)
        hpo_result_fail(&process->result, HPO_FAILURE_CRASH, SIGTERM, "stopped by signal %d (%s), not by us", SIGTERM,
                        strsignal(SIGTERM));
}

static void judge_program(hpo_trial_process *process) {
    base_err err = {0};
    hpo_result *result = &process->result;
    if (process->ops->result(process->program.run, result, &err) == BASE_OK) return;
    hpo_result_fail(result, HPO_FAILURE_ERROR, 0, "%s", err.text);
}

/* Signals by which scripts clean up after themselves; a fault has others. */
static bool is_clean_up(int status) {
    if (!WIFSIGNALED(status)) return false;
    int number = WTERMSIG(status);
    return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGKILL;
}

static bool has_result(const hpo_trial_process *process) {
    if (!process->ops || process->late || process->cause == HPO_CAUSE_MEMORY) return false;
    bool ended_well = WIFEXITED(process->status) && WEXITSTATUS(process->status) == 0;
    if (process->cause == HPO_CAUSE_NONE && ended_well) return true;
    return process->complete && (process->cause != HPO_CAUSE_NONE || is_clean_up(process->status));
}

/* ---- deaths ---- */

static bool is_death(hpo_failure failure) {
    return failure == HPO_FAILURE_CRASH || failure == HPO_FAILURE_EXIT;
}

/* The peak of the largest process less what it got from the server can only be too low: never a false charge. */
static bool was_too_large(const hpo_trial_process *process, uint64_t *peak) {
    *peak = (uint64_t)process->usage.ru_maxrss * 1024;
    *peak -= *peak > process->inherited ? process->inherited : *peak;
    return process->limits.memory && *peak > process->limits.memory;
}

static void judge_death(hpo_trial_process *process) {
    hpo_result *result = &process->result;
    char have[32], most[32];
    uint64_t peak;
    if (was_too_large(process, &peak)) {
        format_bytes(peak, have);
        format_bytes(process->limits.memory, most);
        hpo_result_fail(result, HPO_FAILURE_OOM, result->code, "used %s of memory, more than trial.memory: %s; then %s",
                        have, most, result->reason);
        return;
    }
    if (result->failure == HPO_FAILURE_CRASH && result->code == SIGKILL)
        hpo_result_fail(result, result->failure, SIGKILL, "%s, not by us: often the kernel, when memory is short",
                        result->reason);
    const char *line = hpo_triallog_last_line(process->log);
    if (*line) hpo_result_fail(result, result->failure, result->code, "%s; last output: %s", result->reason, line);
}

/* " (trials/7/log)" behind the sentence, which is cut for it. */
static void name_log(hpo_trial_process *process) {
    hpo_result *result = &process->result;
    bool failed = result->failure != HPO_FAILURE_NONE && result->failure != HPO_FAILURE_INTERRUPTED;
    if (!failed || hpo_triallog_is_empty(process->log)) return;
    char where[48];
    int length = snprintf(where, sizeof where, " (trials/%" PRIu64 "/log)", process->trial);
    size_t room = sizeof result->reason - 1 - (size_t)length, end = strlen(result->reason);
    if (end > room) {
        end = room;
        memcpy(result->reason + end - 3, "...", 3);
    }
    strcpy(result->reason + end, where);
}

void hpo_trial_process_result(hpo_trial_process *process, hpo_channel *rank, hpo_message *message) {
    while (hpo_trial_process_read(process, rank)) continue;
    while (hpo_trial_process_read_output(process, rank)) continue;
    while (hpo_trial_process_read_errors(process)) continue;
    hpo_trial_process_finish(process, rank);
    if (has_result(process))
        judge_program(process);
    else if (process->cause != HPO_CAUSE_NONE && process->cause != HPO_CAUSE_COMPLETE)
        judge_cause(process);
    else if (process->answered)
        judge_answer(process);
    else
        judge_status(process);
    double values[HPO_MAX_GOALS];
    hpo_constraints_judge(process->constraints, &process->result);
    (void)hpo_result_judge(&process->result, process->goals, process->n_goals, values); /* here: its log is here */
    if (is_death(process->result.failure)) judge_death(process);
    name_log(process);
    process->result.seconds = process->ended - process->started;
    *message = (hpo_message){.kind = HPO_MESSAGE_RESULT,
                             .trial = process->trial,
                             .attempt = process->attempt,
                             .rung = process->rung,
                             .result = process->result};
}
