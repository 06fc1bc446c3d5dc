/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The child process of a trial.
 *
 * It is a process group, so that a SIGTERM from the server reaches a program that it runs, too; a subreaper, so that
 * daemons that its program leaves behind stay below it where the server finds them; and it dies with the server.
 * SIGTERM is a request: a flag that the reporter hands to the objective as HPO_STOP, or as HPO_ABANDON when the server
 * queued that value with the signal. */
#include "hpo/dispatch/trial_child.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A signal handler and the out-of-memory hook have no argument to find their trial by. One process is one trial, so
 * what is process-wide here belongs to that trial. */
static volatile sig_atomic_t asked; /* a hpo_verdict */
static const hpo_trial_child *self_child;
static base_buf frame; /* the one buffer that frames are made in: large enough before memory gets short */

enum { FRAME_ROOM = 4096 };

static void on_term(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    const bool with_value = info->si_code == SI_QUEUE && info->si_pid == getppid();
    const int wanted = with_value ? info->si_value.sival_int : HPO_STOP;
    if (wanted > asked) asked = wanted;
}

static void send_frame(const hpo_message *message) {
    base_buf_clear(&frame);
    hpo_message_encode(message, &frame);
    for (size_t at = 0; at < frame.length;) {
        ssize_t done = write(self_child->messages, frame.data + at, frame.length - at);
        if (done < 0 && errno != EINTR) _exit(EXIT_FAILURE); /* the server is gone */
        if (done > 0) at += (size_t)done;
    }
}

static hpo_message message_of(hpo_message_kind kind) {
    const hpo_job *job = self_child->job;
    return (hpo_message){.kind = kind, .trial = job->trial, .attempt = job->attempt, .rung = job->rung};
}

static hpo_verdict verdict(void *self) {
    (void)self;
    return (hpo_verdict)asked;
}

static hpo_verdict report(void *self, double step, const hpo_metrics *metrics) {
    hpo_message message = message_of(HPO_MESSAGE_REPORT);
    message.step = step;
    message.result.metrics = *metrics;
    send_frame(&message);
    return verdict(self);
}

__attribute__((noreturn)) static void finish(const hpo_result *result) {
    hpo_message message = message_of(HPO_MESSAGE_RESULT);
    message.result = *result;
    fflush(NULL);
    send_frame(&message);
    _exit(EXIT_SUCCESS);
}

static void on_no_memory(size_t wanted) {
    hpo_result result;
    hpo_result_begin(&result);
    hpo_result_fail(&result, HPO_FAILURE_OOM, 0, "an allocation of %zu bytes failed", wanted);
    finish(&result);
}

/* Private writable memory of this process now: what RLIMIT_DATA counts (setrlimit(2)). */
static uint64_t data_size(void) {
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%*u %*u %*u %*u %*u %" SCNu64, &pages) != 1) pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The resident set is what counts, and the server watches it; this stops an allocation that would outrun the watch.
 * The slack is for what is reserved but never touched: stacks of threads, buffers of libraries. */
uint64_t hpo_trial_data_limit(const hpo_limits *limits) {
    uint64_t per_thread = UINT64_C(64) << 20, threads = limits->threads > 1 ? (uint64_t)limits->threads : 1;
    return limits->memory ? limits->memory + limits->memory / 4 + per_thread * threads + data_size() : 0;
}

static void limit_resources(const hpo_limits *limits) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    if (!limits->memory) return;
    rlim_t most = (rlim_t)hpo_trial_data_limit(limits);
    setrlimit(RLIMIT_DATA, &(struct rlimit){.rlim_cur = most, .rlim_max = most});
}

static void default_signals(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    /* It interrupts a wait: no SA_RESTART. */
    sigaction(SIGTERM, &(struct sigaction){.sa_sigaction = on_term, .sa_flags = SA_SIGINFO}, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_up(const hpo_trial_child *child) {
    char name[16]; /* the length that the kernel keeps */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->server) _exit(EXIT_FAILURE); /* it died before it could have told */
    setpgid(0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    snprintf(name, sizeof name, "trial %" PRIu64, child->job->trial);
    prctl(PR_SET_NAME, name);
    self_child = child;
    default_signals();
    for (size_t i = 0; i < child->n_close; i++) close(child->close[i]);
    dup2(child->output, STDOUT_FILENO);
    dup2(child->output, STDERR_FILENO);
    close(child->output);
    setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not take the last lines with it */
    frame = (base_buf){.data = base_malloc(FRAME_ROOM), .capacity = FRAME_ROOM};
    limit_resources(&child->job->limits);
    base_set_oom_hook(on_no_memory);
}

void hpo_trial_child_run(const hpo_trial_child *child) {
    hpo_result result;
    hpo_reporter reporter = {.report = report, .verdict = verdict};
    set_up(child);
    hpo_instance_evaluate(child->instance, child->job, &reporter, &result);
    finish(&result);
}
