/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program in the foreground: it shares the terminal, and an interrupt of it reaches both. */
#include "experiments/model_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "hpo/dispatch/instance.h"

enum { NOT_STARTED = 127 };

/* "NAME=value" into the environment. */
static void set_variable(const char *pair) {
    base_buf name = {0};
    const char *equals = strchr(pair, '=');
    BASE_ASSERT(equals != NULL);
    base_buf_append(&name, pair, (size_t)(equals - pair));
    (void)setenv(name.data, equals + 1, 1);
    base_buf_fini(&name);
}

/* In the child. What went wrong goes into the pipe, which a program that starts closes. */
static void become(const hpo_program *program, int pipe) {
    for (size_t i = 0; program->env != NULL && program->env[i] != NULL; i++) set_variable(program->env[i]);
    if (chdir(program->cwd) == 0) (void)execvp(program->argv[0], program->argv);
    const int error = errno;
    (void)base_write_all(pipe, &error, sizeof error);
    _exit(NOT_STARTED);
}

static base_status wait_for(pid_t pid, const char *name, base_err *err) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return BASE_FAIL(err, BASE_INTERNAL, "%s is lost: %s", name, strerror(errno));
    if (WIFSIGNALED(status)) return BASE_FAIL(err, BASE_INVALID, "%s was ended by signal %d", name, WTERMSIG(status));
    if (WEXITSTATUS(status) == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s ended with exit code %d", name, WEXITSTATUS(status));
}

static base_status run(const hpo_program *program, base_err *err) {
    int ends[2], error = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return BASE_FAIL(err, BASE_IO, "no pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid == 0) become(program, ends[1]);
    close(ends[1]);
    const bool failed = pid < 0 || read(ends[0], &error, sizeof error) == (ssize_t)sizeof error;
    close(ends[0]);
    if (pid < 0) return BASE_FAIL(err, BASE_IO, "no process for %s: %s", program->name, strerror(errno));
    const base_status status = wait_for(pid, program->name, err);
    if (!failed) return status;
    return BASE_FAIL(err, BASE_INVALID, "%s cannot be run in %s: %s", program->argv[0], program->cwd, strerror(error));
}

static base_status prepare(const hpo_program *program, base_err *err) {
    if (program->checkpoint != NULL) BASE_TRY(base_make_folder(program->checkpoint, err));
    if (program->config_file == NULL) return BASE_OK;
    return base_write_file(program->config_file, program->config, strlen(program->config), err);
}

base_status model_command(const hpo_study_spec *spec, const hpo_trial *trial, const char *folder, base_err *err) {
    const hpo_job job = {.trial = trial->id,
                         .config = trial->config,
                         .fidelity = spec->fidelity.max,
                         .seed = trial->seed,
                         .parent = UINT64_MAX,
                         .folder = folder,
                         .limits = spec->limits};
    base_arena *arena = base_arena_create();
    hpo_instance *instance = NULL;
    hpo_program program = {0};
    base_status status = base_make_folder(folder, err);
    if (status == BASE_OK) status = hpo_instance_create(spec, 0, &instance, err);
    if (status == BASE_OK) status = hpo_instance_launch(instance, &job, arena, &program, err);
    if (status == BASE_OK) status = prepare(&program, err);
    if (status == BASE_OK) status = run(&program, err);
    hpo_instance_destroy(instance);
    base_arena_destroy(arena);
    return status;
}
