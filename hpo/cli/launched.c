/* SPDX-License-Identifier: GPL-3.0-or-later */
/* This program as one of several processes: what the launcher has told it, and what it leaves for the process of -j.
 *
 * mpirun's exit status cannot be trusted (launch.c), so the ranks write lines to a small file that the parent reads:
 *   begun            a rank has begun (any of them)
 *   started PID      every rank has passed MPI_Init; the process of rank 0
 *   folder PATH      the run's folder, whose status.json rank 0 writes from now on
 *   again            workers were lost: it is to be started once more
 *   exit CODE        rank 0's exit code */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "hpo/cli/cli_impl.h"

static const int START_LIMIT = 300; /* seconds for any rank to pass MPI_Init: after that nobody comes any more */

void cli_pin_blas_threads(char **argv) {
    if (getenv("HPO_BLAS_PINNED")) return;
    setenv("HPO_BLAS_PINNED", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    char self[4096]; /* by its own name, which ps shows */
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    execv(self, argv); /* on failure: go on; the run is only slower */
}

cli_started cli_started_here(void) {
    return cli_started_by(getenv);
}

/* The process above mpirun, when it is on this host. A signal handler asks, too. */
static pid_t parent;
static volatile sig_atomic_t seconds_of_start;

bool cli_parent_gone(void) {
    return parent > 0 && kill(parent, 0) != 0 && errno == ESRCH;
}

static void on_second(int number) {
    (void)number;
    int error = errno;
    if (++seconds_of_start > START_LIMIT || cli_parent_gone()) _exit(HPO_EXIT_INTERRUPTED);
    errno = error;
}

static void leave_note(const char *fmt, ...) BASE_PRINTF(1, 2);

/* A line in one write, so that those of several ranks do not mix. */
static void leave_note(const char *fmt, ...) {
    const char *path = getenv(CLI_NOTE_FILE);
    if (!path) return;
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) return;
    va_list args;
    va_start(args, fmt);
    if (vdprintf(fd, fmt, args) < 0) { /* the parent then reports that no code was left */
    }
    va_end(args);
    close(fd);
}

void cli_watch_start(void) {
    leave_note("begun\n");
    char host[256] = "", here[256] = "";
    long long pid = 0;
    const char *text = getenv(CLI_PARENT);
    gethostname(here, sizeof here - 1);
    if (text && sscanf(text, "%lld %255s", &pid, host) == 2 && strcmp(host, here) == 0) parent = (pid_t)pid;
    struct sigaction action = {.sa_handler = on_second, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_interval.tv_sec = 1, .it_value.tv_sec = 1}, NULL);
}

void cli_end_watch(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    signal(SIGALRM, SIG_DFL);
}

void cli_tell_started(void) {
    leave_note("started %lld\n", (long long)getpid());
}

void cli_tell_folder(const char *dir) {
    leave_note("folder %s\n", dir);
}

bool cli_has_parent(void) {
    return getenv(CLI_NOTE_FILE) != NULL;
}

bool cli_tell_exit(int code) {
    leave_note("exit %d\n", code);
    return cli_has_parent();
}

bool cli_may_start_again(double seconds) {
    static const double GAP = 600;
    return !getenv(CLI_AGAIN) || seconds >= GAP;
}

/* Beginning again costs what runs unless it saves, and a cause that lasts would cost it again and again. */
bool cli_should_start_again(double seconds, size_t workers, size_t lost, double oldest) {
    static const double CHEAP = 60; /* seconds */
    if (!cli_has_parent() || lost == 0 || !cli_may_start_again(seconds)) return false;
    return 4 * lost >= workers || oldest < CHEAP;
}

void cli_ask_to_start_again(void) {
    leave_note("again\n");
}
