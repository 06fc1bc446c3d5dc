/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a fork server must not inherit from its rank, and what its trials must not inherit from it.
 *
 * It blocks the signals that terminals, batch systems and mpirun send to everybody: whether running trials are drained
 * is the controller's decision, and arrives as STOP. */
#include "hpo/dispatch/forkserver_setup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "hpo/dispatch/forkserver_child.h"

void hpo_forkserver_redirect(int fd, const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0666);
    if (file < 0) return;
    dup2(file, fd);
    if (file != fd) close(file);
}

/* Whatever else the rank had open, and above all its standard output: mpirun waits until nobody holds that. */
static void close_inherited(int keep) {
    hpo_forkserver_redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    hpo_forkserver_redirect(STDOUT_FILENO, "/dev/null", O_WRONLY);
    hpo_forkserver_redirect(STDERR_FILENO, "/dev/null", O_WRONLY);
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != keep && fd != dirfd(folder)) close(fd);
    }
    closedir(folder);
}

/* A program that finds the variables of an MPI job believes that it is a rank of it. What an allocation is (its nodes,
 * its cores, SLURM_JOB_ID) stays; which of its processes this is does not. */
bool hpo_forkserver_is_of_launcher(const char *name) {
    static const char *const beginnings[] = {
        "OMPI_", "PMIX_",     "PMI_",      "PMI2_",      "ORTE_",      "PRTE_", "HYDRA_",    "HYDI_", "MPIEXEC_",
        "MPIR_", "MPI_LOCAL", "MV2_COMM_", "SLURM_STEP", "SLURM_SRUN", "PALS_", "FLUX_TASK", "JSM_"};
    static const char *const whole[] = {"SLURM_PROCID",  "SLURM_LOCALID",  "SLURM_NODEID",
                                        "SLURM_GTIDS",   "SLURM_TASK_PID", "SLURM_LAUNCH_NODE_IPADDR",
                                        "HPO_EXIT_FILE", "HPO_PARENT",     "HPO_AGAIN"};
    const size_t length = strcspn(name, "=");
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (length == strlen(whole[i]) && strncmp(name, whole[i], length) == 0) return true;
    return false;
}

static void clear_mpi_environment(void) {
    for (size_t i = 0; environ && environ[i];) {
        char name[128];
        const size_t length = strcspn(environ[i], "=");
        if (hpo_forkserver_is_of_launcher(environ[i]) && length < sizeof name) {
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

void hpo_forkserver_allow_leave(bool allowed) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, HPO_FORKSERVER_LEAVE);
    sigprocmask(allowed ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static void set_number(const char *name, unsigned number) {
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    setenv(name, text, 1);
}

void hpo_forkserver_set_threads(int threads) {
    set_number("OPENBLAS_NUM_THREADS", threads > 0 ? (unsigned)threads : 1);
    set_number("OMP_NUM_THREADS", threads > 0 ? (unsigned)threads : 1);
}

void hpo_forkserver_set_place(const hpo_place *place) {
    set_number("HPO_WORKER", place->worker);
    set_number("HPO_LOCAL_WORKER", place->local);
}

int hpo_forkserver_become(int socket, pid_t rank) {
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
    return watch_signals();
}
