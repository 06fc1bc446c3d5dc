/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The launcher above rank 0, and its end.
 *
 * A launcher waits for its daemon on every host, and for that of a host that is no more it waits for ever: so does Open
 * MPI 4.1.4 after MPI_Finalize, _exit and MPI_Abort alike, with and without --enable-recovery and whatever its
 * keepalive (scripts/check_cluster.sh hosts). An allocation would burn until its time is over. So rank 0, when all is
 * written, leaves a small process behind that ends a launcher that outlives the run; it is no part of the MPI job any
 * more. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "hpo/cli/cli_impl.h"

enum { HIGHEST = 6 }; /* generations above rank 0: shells and daemons may stand between */
static const double GLANCE = 0.05, LAST_WORD = 1;

static bool look_at(pid_t pid, base_process *out) {
    return base_process_look(pid, out) && out->state != 'Z';
}

static bool lives(const base_process *p) {
    base_process now;
    return look_at(p->pid, &now) && now.start == p->start;
}

bool cli_is_launcher(const char *name) {
    static const char *const known[] = {"mpirun", "mpiexec", "orterun", "prterun"}; /* mpirun.openmpi, mpiexec.hydra */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t length = strlen(known[i]);
        if (strncmp(name, known[i], length) == 0 && (name[length] == '\0' || name[length] == '.')) return true;
    }
    return false;
}

static bool find_launcher(base_process *out) {
    pid_t pid = getppid();
    for (int i = 0; i < HIGHEST && pid > 1 && look_at(pid, out); i++, pid = out->parent)
        if (cli_is_launcher(out->name)) return true;
    return false;
}

/* mpirun holds our standard error and waits until nobody else does, so this is told to its own. */
static void tell(const base_process *launcher, double patience) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)launcher->pid);
    const int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    const int length =
        snprintf(text, sizeof text,
                 "hpo_search: the run has ended, but %s has not within %.0f s: a host was lost, and it is "
                 "told to end (exit_code in status.json is that of the run)\n",
                 launcher->name, patience);
    if (fd < 0) return;
    if (write(fd, text, (size_t)length) < 0) { /* nobody listens */
    }
    close(fd);
}

static void say(const base_process *p, int number, double patience) {
    if (!lives(p)) return;
    kill(p->pid, number);
    for (const double since = base_monotonic(); lives(p) && base_monotonic() - since < patience;) base_sleep(GLANCE);
}

/* Open MPI's begins an orderly end at the first signal, in which it waits for the same daemon (or crashes: 4.1.4 when a
 * rank has left without MPI_Finalize), and leaves at a second one: so it finds two when it goes on. Its daemons then
 * leave, with their ranks, because they have lost it. */
static void watch(const base_process *launcher, const base_process *rank, double patience) {
    const double since = base_monotonic();
    while (base_monotonic() - since < patience) {
        if (!lives(launcher)) return;
        base_sleep(GLANCE);
    }
    tell(launcher, patience);
    say(launcher, SIGSTOP, 0);
    say(launcher, SIGTERM, 0);
    say(launcher, SIGINT, 0);
    say(launcher, SIGCONT, LAST_WORD);
    say(launcher, SIGKILL, LAST_WORD);
    say(rank, SIGKILL, 0); /* it may wait in MPI_Finalize */
}

void cli_end_launcher_after(double patience) {
    base_process launcher, self;
    if (!find_launcher(&launcher) || !look_at(getpid(), &self)) return;
    if (fork() != 0) return;
    setsid(); /* whoever ends the ranks ends their process groups */
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    const long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < (limit > 0 && limit < 65536 ? (int)limit : 65536); fd++) close(fd);
    watch(&launcher, &self, patience);
    _exit(EXIT_SUCCESS);
}
