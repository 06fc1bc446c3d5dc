/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a program by vfork: fork copies the page tables of the server, which cost more than a short program does.
 *
 * Between vfork and exec the child runs in the parent's memory while the parent waits, so it makes system calls and
 * nothing else. Everything that it sets belongs to it alone: groups, limits, descriptors, the folder, the signal mask.
 * posix_spawn can set neither limits nor the death signal.
 *
 * The group: a leader cannot call setsid(2), and setsid(1) leaves the foreground when it leads its group. So the group
 * is opened by a process that ends at once. A group lives as long as it has a member, and its number is not used again
 * before. */
#include "hpo/dispatch/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child tells before it has become the program. Volatile, because a compiler sees no path by which it changes
 * in the parent. */
typedef struct trouble {
    int error;
    bool in_chdir;
} trouble;

__attribute__((noreturn)) static void become(const hpo_spawn_plan *plan, pid_t group, pid_t parent,
                                             volatile trouble *told) {
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE); /* it died before it could have told */
    setpgid(0, group);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    if (plan->data_memory)
        setrlimit(RLIMIT_DATA, &(struct rlimit){.rlim_cur = plan->data_memory, .rlim_max = plan->data_memory});
    dup2(plan->output, STDOUT_FILENO);
    dup2(plan->errors, STDERR_FILENO);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    told->in_chdir = true;
    if (chdir(plan->cwd) == 0) {
        told->in_chdir = false;
        environ = plan->env; /* execvp looks for PATH there; the parent puts its own back */
        execvp(plan->argv[0], plan->argv);
    }
    told->error = errno;
    _exit(127);
}

/* The child that ends at once has been waited for only after another one has joined its group. */
static pid_t open_group(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(EXIT_SUCCESS);
    }
    return pid;
}

static pid_t start(const hpo_spawn_plan *plan, pid_t group, volatile trouble *told) {
    pid_t parent = getpid();
    char **own = environ;
    pid_t pid = vfork();
    if (pid == 0) become(plan, group, parent, told);
    int error = errno;
    environ = own;
    errno = error;
    return pid;
}

static base_status explain(const hpo_spawn_plan *plan, const volatile trouble *told, base_err *err) {
    if (told->in_chdir)
        return BASE_FAIL(err, BASE_NOTFOUND, "cannot enter the folder %s: %s", plan->cwd, strerror(told->error));
    return BASE_FAIL(err, BASE_NOTFOUND, "cannot run %s: %s", plan->argv[0], strerror(told->error));
}

base_status hpo_spawn(const hpo_spawn_plan *plan, hpo_spawned *out, int *error, base_err *err) {
    volatile trouble told = {0};
    *error = 0;
    out->pid = -1;
    out->group = open_group();
    if (out->group > 0) out->pid = start(plan, out->group, &told);
    if (out->pid < 0) *error = errno;
    if (out->group > 0) waitpid(out->group, NULL, 0);
    if (*error) return BASE_FAIL(err, BASE_IO, "cannot start a process: %s", strerror(*error));
    if (!told.error) return BASE_OK;
    *error = told.error;
    waitpid(out->pid, NULL, 0);
    return explain(plan, &told, err);
}
