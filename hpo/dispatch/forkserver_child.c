/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork server's process: one thread around poll.
 *
 * It leads a session of its own and blocks the signals that terminals, batch systems and mpirun send to everybody:
 * whether running trials are drained is the controller's decision, and arrives as STOP. It ends when its socket does,
 * which no kind of death of the rank can prevent; a parent-death signal stands behind that for the time when init runs
 * and the socket is not watched.
 *
 * A result leaves only after nothing of the trial runs any more. Trials are subreapers and so is the server: what
 * survives a trial's child becomes a child of the server, and every child that is not a live trial is an orphan. */
#include "hpo/dispatch/forkserver_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "hpo/dispatch/init_payload.h"
#include "hpo/dispatch/proctree.h"
#include "hpo/dispatch/trial_process.h"

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
    struct pollfd *polls;
    size_t polls_capacity;
    double next_look;
} server;

/* ---- becoming a server ---- */

static void redirect(int fd, const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0666);
    if (file < 0) return;
    dup2(file, fd);
    if (file != fd) close(file);
}

/* Whatever else the rank had open, and above all its standard output: mpirun waits until nobody holds that. */
static void close_inherited(int keep) {
    redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    redirect(STDOUT_FILENO, "/dev/null", O_WRONLY);
    redirect(STDERR_FILENO, "/dev/null", O_WRONLY);
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != keep && fd != dirfd(folder)) close(fd);
    }
    closedir(folder);
}

/* A program that finds the variables of an MPI job believes that it is a rank of it. */
static void clear_mpi_environment(void) {
    static const char *const prefixes[] = {"OMPI_", "PMIX_", "PMI_"};
    for (size_t i = 0; environ && environ[i];) {
        char name[128];
        bool match = false;
        for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
            match = match || strncmp(environ[i], prefixes[k], strlen(prefixes[k])) == 0;
        size_t length = strcspn(environ[i], "=");
        if (match && length < sizeof name) {
            memcpy(name, environ[i], length);
            name[length] = '\0';
            unsetenv(name); /* moves the others down */
        } else {
            i++;
        }
    }
}

static void block_signals(void) {
    static const int numbers[] = {
        SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGPIPE, SIGCHLD, HPO_FORKSERVER_LEAVE};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
    sigprocmask(SIG_SETMASK, &set, NULL);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
}

static int watch_signals(void) {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, HPO_FORKSERVER_LEAVE);
    return signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void allow_rank_signal(bool allowed) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, HPO_FORKSERVER_LEAVE);
    sigprocmask(allowed ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static void become_server(server *self, int socket, pid_t rank) {
    block_signals();
    setsid();
    prctl(PR_SET_PDEATHSIG, HPO_FORKSERVER_LEAVE);
    if (getppid() != rank) _exit(EXIT_SUCCESS);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "hpo forkserver");
    close_inherited(socket);
    clear_mpi_environment();
    base_log_setup(stderr, BASE_LOG_INFO, -1);
    base_log_before(NULL, NULL);
    self->signals = watch_signals();
    hpo_channel_init(&self->rank, socket);
}

/* ---- INIT ---- */

/* Programs that a trial runs find these. */
static void set_threads(int threads) {
    char text[16];
    snprintf(text, sizeof text, "%d", threads > 0 ? threads : 1);
    setenv("OPENBLAS_NUM_THREADS", text, 1);
    setenv("OMP_NUM_THREADS", text, 1);
}

static base_status prepare(server *self, const hpo_message *message, base_err *err) {
    hpo_forkserver_study study;
    if (self->instance) return BASE_FAIL(err, BASE_INTERNAL, "the fork server has a study already");
    BASE_TRY(hpo_init_payload_decode(message->text, message->text_length, self->arena, &study, err));
    self->run_dir = study.run_dir;
    redirect(STDOUT_FILENO, study.log_path, O_WRONLY | O_CREAT | O_APPEND);
    redirect(STDERR_FILENO, study.log_path, O_WRONLY | O_CREAT | O_APPEND);
    BASE_TRY(hpo_study_read(self->catalog, study.file, study.text, study.length, study.sets, study.n_sets, &study.seed,
                            &self->spec, err));
    set_threads(self->spec->limits.threads);
    allow_rank_signal(true);
    base_status status = hpo_instance_create(self->spec, &self->instance, err);
    allow_rank_signal(false);
    return status;
}

static void on_init(server *self, const hpo_message *message) {
    base_err err = {0};
    hpo_message reply = {.kind = HPO_MESSAGE_INIT, .status = prepare(self, message, &err)};
    reply.text = err.text;
    hpo_channel_put(&self->rank, &reply);
}

/* ---- JOB and STOP ---- */

static base_status start_trial(server *self, const hpo_message *job, base_err *err) {
    if (!self->instance) return BASE_FAIL(err, BASE_INTERNAL, "the fork server has no study");
    size_t n_hidden = 0;
    int *hidden = base_calloc(2 + 2 * self->n_trials, sizeof *hidden);
    hidden[n_hidden++] = self->rank.fd;
    hidden[n_hidden++] = self->signals;
    for (size_t i = 0; i < self->n_trials; i++) {
        hidden[n_hidden++] = self->trial[i]->messages.fd;
        hidden[n_hidden++] = self->trial[i]->output;
    }
    hpo_trial_process *process;
    base_status status = hpo_trial_process_start(self->instance, job, self->run_dir, hidden, n_hidden, &process, err);
    free(hidden);
    if (status != BASE_OK) return status;
    BASE_GROW(self->trial, self->capacity, self->n_trials + 1);
    self->trial[self->n_trials++] = process;
    return BASE_OK;
}

/* A trial that could not be started has not failed: nothing of it ran. */
static void on_job(server *self, const hpo_message *job) {
    base_err err = {0};
    if (start_trial(self, job, &err) == BASE_OK) return;
    hpo_message reply = {.kind = HPO_MESSAGE_RESULT, .trial = job->trial, .attempt = job->attempt, .rung = job->rung};
    hpo_result_begin(&reply.result);
    hpo_result_fail(&reply.result, HPO_FAILURE_LOST, 0, "not started: %s", err.text);
    hpo_channel_put(&self->rank, &reply);
}

static void on_stop(server *self, const hpo_message *stop) {
    for (size_t i = 0; i < self->n_trials; i++)
        if (self->trial[i]->trial == stop->trial && self->trial[i]->attempt == stop->attempt)
            hpo_trial_process_stop(self->trial[i], stop->stop, base_monotonic());
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

/* Kills every orphan that there is; false: there was none. That the server has no children at all is known without
 * /proc. */
static bool kill_orphans(const server *self) {
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
    bool found = false;
    hpo_pids children = {0};
    hpo_proctree_children(getpid(), &children);
    for (size_t i = 0; i < children.count; i++) {
        if (is_live_trial(self, children.item[i])) continue;
        hpo_proctree_kill(children.item[i]);
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
    for (size_t i = 0; i < self->n_trials; i++) next = fmin(next, hpo_trial_process_next(self->trial[i]));
    if (self->n_trials && self->spec->limits.memory) next = fmin(next, self->next_look);
    if (next == INFINITY) return -1;
    return (int)fmin(ceil(fmax(next - now, 0) * 1000), 1e6);
}

static void wait_for_events(server *self) {
    size_t count = 0;
    bool choked = hpo_channel_queued(&self->rank) > MAX_QUEUED;
    BASE_GROW(self->polls, self->polls_capacity, 2 + 2 * self->n_trials);
    short out = hpo_channel_queued(&self->rank) ? POLLOUT : 0;
    self->polls[count++] = (struct pollfd){.fd = self->rank.fd, .events = (short)(POLLIN | out)};
    self->polls[count++] = (struct pollfd){.fd = self->signals, .events = POLLIN};
    for (size_t i = 0; i < self->n_trials; i++) {
        const hpo_trial_process *process = self->trial[i];
        bool deaf = choked || process->messages.ended;
        self->polls[count++] = (struct pollfd){.fd = deaf ? -1 : process->messages.fd, .events = POLLIN};
        self->polls[count++] = (struct pollfd){.fd = process->output, .events = POLLIN};
    }
    if (poll(self->polls, count, poll_timeout(self)) < 0)
        for (size_t i = 0; i < count; i++) self->polls[i].revents = 0;
}

static void step(server *self) {
    size_t n_polled = self->n_trials;
    wait_for_events(self);
    for (size_t i = 0; i < n_polled; i++) {
        if (self->polls[2 + 2 * i].revents) hpo_trial_process_read(self->trial[i], &self->rank);
        if (self->polls[3 + 2 * i].revents) hpo_trial_process_read_output(self->trial[i]);
    }
    if (self->polls[1].revents) read_signals(self);
    reap(self);
    if (self->polls[0].revents & ~POLLOUT) read_rank(self);
    double now = base_monotonic();
    bool look = is_look_due(self, now);
    for (size_t i = 0; i < self->n_trials; i++) hpo_trial_process_watch(self->trial[i], now, look);
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
        while (hpo_trial_process_read_output(self->trial[i])) continue;
        hpo_trial_process_destroy(self->trial[i]); /* writes its log */
    }
}

void hpo_forkserver_run(const hpo_catalog *catalog, int socket, pid_t rank) {
    server self = {.catalog = catalog, .arena = base_arena_create()};
    become_server(&self, socket, rank);
    while (!self.rank.ended && !self.leaving) step(&self);
    kill_everything(&self);
    hpo_instance_destroy(self.instance);
    _exit(EXIT_SUCCESS);
}
