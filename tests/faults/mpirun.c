/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpirun [--enable-recovery] [other flags of Open MPI] -n N PROGRAM ...: starts N ranks that speak to each other over
 * sockets.c. It does what Open MPI's does, in milliseconds: a rank that dies ends the job, unless recovery is on; the
 * ranks die with it; SIGTERM, SIGINT and SIGUSR1 are passed on; with recovery its code is 0. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_RANKS = 16 };

static volatile sig_atomic_t caught;

static void on_signal(int number) {
    caught = number;
}

/* Flags of Open MPI that have arguments, and how many. */
static int arguments_of(const char *flag) {
    if (strcmp(flag, "--mca") == 0) return 2;
    static const char *const one[] = {"--bind-to", "--map-by", "--rank-by", "--host", "--hostfile", "-x"};
    for (size_t i = 0; i < sizeof one / sizeof one[0]; i++)
        if (strcmp(flag, one[i]) == 0) return 1;
    return 0;
}

static void start(int rank, int size, pid_t launcher, char **command) {
    char text[32];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launcher) _exit(1);
    snprintf(text, sizeof text, "%d", rank);
    setenv("OMPI_COMM_WORLD_RANK", text, 1);
    snprintf(text, sizeof text, "%d", size);
    setenv("OMPI_COMM_WORLD_SIZE", text, 1);
    snprintf(text, sizeof text, "%d", (int)launcher);
    setenv("HPO_TEST_JOB", text, 1);
    execv(command[0], command);
    _exit(127);
}

static void signal_all(const pid_t *ranks, int size, int number) {
    for (int i = 0; i < size; i++)
        if (ranks[i] > 0) kill(ranks[i], number);
}

int main(int argc, char **argv) {
    const pid_t self = getpid();
    pid_t ranks[MOST_RANKS];
    bool recovery = false;
    int size = 0, at = 1, left, code = 0;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--enable-recovery") == 0) recovery = true;
        if (strcmp(argv[at], "-n") == 0 && at + 1 < argc) size = atoi(argv[++at]);
        at += arguments_of(argv[at]);
    }
    if (size < 1 || size > MOST_RANKS || at >= argc) return 1;
    struct sigaction action = {.sa_handler = on_signal}; /* wait() is interrupted */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < size; i++) {
        ranks[i] = fork();
        if (ranks[i] == 0) start(i, size, self, argv + at);
    }
    for (left = size; left > 0;) {
        int status;
        const pid_t ended = wait(&status);
        if (caught) {
            signal_all(ranks, size, caught == SIGINT ? SIGTERM : caught);
            caught = 0;
        }
        if (ended < 0) continue;
        left--;
        for (int i = 0; i < size; i++)
            if (ranks[i] == ended) ranks[i] = 0;
        const int own = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        if (own == 0 || recovery) continue;
        if (code == 0) code = own;
        signal_all(ranks, size, SIGTERM);
        usleep(100000);
        signal_all(ranks, size, SIGKILL);
    }
    return code;
}
