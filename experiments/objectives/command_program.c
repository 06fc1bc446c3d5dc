/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One program, from fork to wait.
 *
 * It is a child of the trial's process and in its process group, so the SIGTERM that asks a trial to stop reaches it
 * directly, and it dies with the trial's process. Its end is seen through a pidfd: the end of its output is no sign,
 * because a grandchild may hold the pipe open. */
#include "experiments/objectives/command_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static base_status executable(const char *file) {
    struct stat info;
    if (stat(file, &info) != 0) return BASE_NOTFOUND;
    return S_ISREG(info.st_mode) && access(file, X_OK) == 0 ? BASE_OK : BASE_INVALID;
}

base_status command_program_find(const char *name, const char *cwd, const char *path, base_buf *found) {
    if (strchr(name, '/')) {
        base_buf_clear(found);
        if (*name != '/') base_buf_printf(found, "%s/", cwd);
        base_buf_puts(found, name);
        return executable(found->data);
    }
    base_status best = BASE_NOTFOUND;
    while (path && *path) {
        size_t length = strcspn(path, ":");
        base_buf_clear(found);
        base_buf_printf(found, "%.*s/%s", (int)length, path, name);
        base_status status = executable(found->data);
        if (status == BASE_OK) return BASE_OK;
        if (status == BASE_INVALID) best = BASE_INVALID;
        path += length;
        if (*path == ':') path++;
    }
    return best;
}

/* ---- the child ---- */

typedef struct start_failure {
    int error;
    bool in_chdir;
} start_failure;

__attribute__((noreturn)) static void become(char *const argv[], const char *cwd, pid_t parent, int out, int failed) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    dup2(out, STDOUT_FILENO);
    start_failure failure = {.in_chdir = true};
    if (chdir(cwd) == 0) {
        failure.in_chdir = false;
        execvp(argv[0], argv);
    }
    failure.error = errno;
    ssize_t told = write(failed, &failure, sizeof failure);
    _exit(told < 0 ? 126 : 127);
}

/* The pipe closes without a word when exec succeeded. */
static base_status check_start(int failed, pid_t pid, const char *name, const char *cwd, base_err *err) {
    start_failure failure;
    ssize_t got;
    do got = read(failed, &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof failure) return BASE_OK;
    waitpid(pid, NULL, 0);
    if (failure.in_chdir)
        return BASE_FAIL(err, BASE_IO, "cannot enter the folder %s: %s", cwd, strerror(failure.error));
    return BASE_FAIL(err, BASE_IO, "cannot run %s: %s", name, strerror(failure.error));
}

static base_status start(char *const argv[], const char *cwd, pid_t *pid, int *out, base_err *err) {
    int output[2], failed[2];
    if (pipe2(output, O_CLOEXEC) != 0) return BASE_FAIL(err, BASE_IO, "cannot make a pipe: %s", strerror(errno));
    if (pipe2(failed, O_CLOEXEC) != 0) {
        close(output[0]);
        close(output[1]);
        return BASE_FAIL(err, BASE_IO, "cannot make a pipe: %s", strerror(errno));
    }
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0) become(argv, cwd, parent, output[1], failed[1]);
    base_status status = *pid < 0 ? BASE_FAIL(err, BASE_IO, "cannot start a process: %s", strerror(errno)) : BASE_OK;
    close(output[1]);
    close(failed[1]);
    if (status == BASE_OK) status = check_start(failed[0], *pid, argv[0], cwd, err);
    close(failed[0]);
    *out = output[0];
    if (status != BASE_OK) close(output[0]);
    return status;
}

/* ---- its output and its end ---- */

static void write_all(int fd, const char *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t done = write(fd, bytes + at, length - at);
        if (done < 0 && errno != EINTR) return; /* a log is not worth a trial */
        if (done > 0) at += (size_t)done;
    }
}

/* False at the end of the output, or when nothing is there now. */
static bool read_some(int out, command_output *output) {
    char bytes[16 * 1024];
    ssize_t got = read(out, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    command_output_feed(output, bytes, (size_t)got);
    write_all(STDOUT_FILENO, bytes, (size_t)got);
    return true;
}

/* A program that made a process group of its own did not get the group's SIGTERM. */
static void pass_on_stop(pid_t pid, const hpo_reporter *reporter, bool *passed) {
    if (*passed || reporter->verdict(reporter->self) == HPO_CONTINUE) return;
    if (getpgid(pid) != getpgrp()) kill(pid, SIGTERM);
    *passed = true;
}

static int wait_for(pid_t pid, int out, command_output *output) {
    int status = 0, watch = (int)syscall(SYS_pidfd_open, pid, 0);
    int period = watch < 0 ? 100 : 1000; /* milliseconds; an older kernel has no pidfd, and is asked more often */
    bool passed = false, open = true;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd polls[] = {{.fd = open ? out : -1, .events = POLLIN}, {.fd = watch, .events = POLLIN}};
        if (poll(polls, 2, period) > 0 && polls[0].revents) open = read_some(out, output);
        pass_on_stop(pid, output->reporter, &passed);
    }
    fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
    while (open && read_some(out, output)) continue;
    if (watch >= 0) close(watch);
    return status;
}

base_status command_program_run(char *const argv[], const char *cwd, command_output *output, int *status,
                                base_err *err) {
    pid_t pid = -1;
    int out = -1;
    command_output_begin(output);
    BASE_TRY(start(argv, cwd, &pid, &out, err));
    *status = wait_for(pid, out, output);
    command_output_end(output);
    close(out);
    return BASE_OK;
}
