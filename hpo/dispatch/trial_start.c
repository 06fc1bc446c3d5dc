/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The start of a trial: folder, pipes, and a process.
 *
 * Why it did not start matters more than that it did not. What another process gives back (descriptors, processes,
 * memory, room on the disk) is worth waiting for: BASE_BUSY. A folder that is gone or read-only fails every trial on
 * every attempt, so the run must end and say so: BASE_IO. The run's folder itself is never made here: if it is gone,
 * somebody took it away. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "hpo/dispatch/proctree.h"
#include "hpo/dispatch/spawn.h"
#include "hpo/dispatch/trial_child.h"
#include "hpo/dispatch/trial_process.h"

static bool is_passing(int error) {
    return error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC ||
           error == EDQUOT || error == EINTR;
}

static base_status code_of(int error) {
    return is_passing(error) ? BASE_BUSY : BASE_IO;
}

/* ---- what must be there ---- */

static base_status make_folder(const char *path, base_err *err) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return BASE_OK;
    int error = errno;
    return BASE_FAIL(err, code_of(error), "cannot make the folder %s: %s", path, strerror(error));
}

/* Most trials are not the first: the folder of all of them is there. */
static base_status make_trial_folder(const char *run_dir, const char *folder, base_err *err) {
    if (mkdir(folder, 0777) == 0 || errno == EEXIST) return BASE_OK;
    if (errno != ENOENT) return make_folder(folder, err);
    base_buf trials = {0};
    base_buf_printf(&trials, "%s/trials", run_dir);
    base_status status = make_folder(trials.data, err);
    base_buf_fini(&trials);
    return status == BASE_OK ? make_folder(folder, err) : status;
}

/* Without a sync: it is written again for every evaluation. */
static base_status write_config(const hpo_program *program, base_err *err) {
    size_t length = strlen(program->config);
    int fd = open(program->config_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = fd < 0 ? errno : 0;
    ssize_t written = fd < 0 ? -1 : write(fd, program->config, length);
    if (!error && written != (ssize_t)length) error = written < 0 ? errno : ENOSPC;
    if (fd >= 0) close(fd);
    if (!error) return BASE_OK;
    return BASE_FAIL(err, code_of(error), "cannot write %s: %s", program->config_file, strerror(error));
}

static base_status make_pipe(int ends[2], base_err *err) {
    if (pipe2(ends, O_CLOEXEC) == 0) return BASE_OK;
    int error = errno;
    return BASE_FAIL(err, code_of(error), "cannot make a pipe: %s", strerror(error));
}

static void close_pipe(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

static base_status make_pipes(int first[2], int second[2], base_err *err) {
    BASE_TRY(make_pipe(first, err));
    base_status status = make_pipe(second, err);
    if (status != BASE_OK) close_pipe(first);
    return status;
}

/* ---- both kinds ---- */

static uint64_t own_resident(const hpo_limits *limits) {
    hpo_pids self = {.item = (pid_t[]){getpid()}, .count = 1};
    return limits->memory ? hpo_proctree_memory(&self, UINT64_MAX) : 0;
}

static int take_output(int fd) {
    fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK);
    return fd;
}

static hpo_trial_process *process_create(const hpo_instance *instance, const hpo_job *job) {
    hpo_trial_process *process = base_calloc(1, sizeof *process);
    *process = (hpo_trial_process){.trial = job->trial,
                                   .attempt = job->attempt,
                                   .rung = job->rung,
                                   .limits = job->limits,
                                   .messages = {.fd = -1, .ended = true},
                                   .output = -1,
                                   .errors = -1,
                                   .started = base_monotonic(),
                                   .kill_at = INFINITY};
    process->goals = hpo_instance_goals(instance, &process->n_goals);
    process->constraints = hpo_instance_constraints(instance);
    base_buf path = {0};
    base_buf_printf(&path, "%s/log", job->folder);
    process->log = hpo_triallog_create(path.data, job->attempt, job->rung);
    base_buf_fini(&path);
    hpo_result_begin(&process->result);
    return process;
}

/* ---- a child that evaluates ---- */

static base_status start_child(hpo_instance *instance, const hpo_job *job, const int *hidden, size_t n_hidden,
                               hpo_trial_process **out, base_err *err) {
    int messages[2], output[2];
    pid_t server = getpid();
    BASE_TRY(make_pipes(messages, output, err));
    uint64_t inherited = own_resident(&job->limits);
    fflush(NULL); /* or the child would write what is buffered here a second time */
    pid_t pid = fork();
    if (pid == 0) {
        close(messages[0]);
        close(output[0]);
        hpo_trial_child_run(&(hpo_trial_child){.instance = instance,
                                               .job = job,
                                               .server = server,
                                               .messages = messages[1],
                                               .output = output[1],
                                               .close = hidden,
                                               .n_close = n_hidden});
    }
    int error = errno;
    close(messages[1]);
    close(output[1]);
    if (pid < 0) {
        close(messages[0]);
        close(output[0]);
        return BASE_FAIL(err, code_of(error), "cannot start a process: %s", strerror(error));
    }
    setpgid(pid, pid); /* here and in the child: whoever comes first */
    hpo_trial_process *process = process_create(instance, job);
    process->pid = process->group = pid;
    process->inherited = inherited;
    process->output = take_output(output[0]);
    hpo_channel_init(&process->messages, messages[0]);
    *out = process;
    return BASE_OK;
}

/* ---- a program ---- */

static bool is_replaced(const char *entry, const char *const *by) {
    size_t length = strcspn(entry, "=") + 1;
    for (size_t i = 0; by[i]; i++)
        if (strncmp(entry, by[i], length) == 0) return true;
    return false;
}

static size_t count_texts(const char *const *texts) {
    size_t count = 0;
    while (texts && texts[count]) count++;
    return count;
}

/* The server's environment with that of the program over it, and the trial's number over both. */
static char **merge_environment(const hpo_trial_process *process) {
    const char *number = base_arena_printf(process->arena, HPO_TRIAL_VARIABLE "=%" PRIu64, process->trial);
    const char *const *over = process->program.env, *const last[] = {number, NULL}, *const none[] = {NULL};
    if (!over) over = none;
    size_t room = count_texts((const char *const *)environ) + count_texts(over) + 2, count = 0;
    const char **merged = BASE_NEW_ARRAY(process->arena, room, const char *);
    for (size_t i = 0; environ && environ[i]; i++)
        if (!is_replaced(environ[i], over) && !is_replaced(environ[i], last)) merged[count++] = environ[i];
    for (size_t i = 0; over[i]; i++)
        if (!is_replaced(over[i], last)) merged[count++] = over[i];
    merged[count] = number;
    return (char **)merged;
}

static base_status prepare(const hpo_program *program, base_err *err) {
    if (program->checkpoint) BASE_TRY(make_folder(program->checkpoint, err));
    return program->config_file ? write_config(program, err) : BASE_OK;
}

static base_status spawn(hpo_trial_process *process, base_err *err) {
    const hpo_program *program = &process->program;
    int output[2], errors[2], error;
    BASE_TRY(make_pipes(output, errors, err));
    hpo_spawn_plan plan = {.argv = program->argv,
                           .env = merge_environment(process),
                           .cwd = program->cwd,
                           .output = output[1],
                           .errors = errors[1],
                           .data_memory = hpo_trial_data_limit(&process->limits)};
    hpo_spawned spawned;
    base_status status = hpo_spawn(&plan, &spawned, &error, err);
    if (status != BASE_OK && is_passing(error)) status = BASE_BUSY;
    close(output[1]);
    close(errors[1]);
    process->output = take_output(output[0]);
    process->errors = take_output(errors[0]);
    if (status == BASE_OK) {
        process->pid = spawned.pid;
        process->group = spawned.group;
    }
    return status;
}

/* A program that is to go on, but has left nothing to go on from, starts again. Whose parent has, inherits. */
static bool starts_again(const hpo_program *program, const hpo_job *job) {
    if (job->parent != UINT64_MAX) return false;
    DIR *folder = job->from > 0 && program->checkpoint ? opendir(program->checkpoint) : NULL;
    if (!folder) return false;
    bool empty = true;
    for (const struct dirent *entry; empty && (entry = readdir(folder)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    return empty;
}

static base_status start_program(hpo_instance *instance, const hpo_job *job, hpo_trial_process **out, base_err *err) {
    hpo_trial_process *process = process_create(instance, job);
    process->arena = base_arena_create();
    base_status status = hpo_instance_launch(instance, job, process->arena, &process->program, err);
    if (status == BASE_OK) {
        process->ops = hpo_instance_program(instance);
        status = prepare(&process->program, err);
    }
    if (status == BASE_OK && starts_again(&process->program, job))
        process->result.notices |= HPO_NOTICE_BIT(STARTED_AGAIN);
    process->inherited = own_resident(&job->limits);
    if (status == BASE_OK) status = spawn(process, err);
    if (status != BASE_OK) hpo_trial_process_destroy(process);
    *out = status == BASE_OK ? process : NULL;
    return status;
}

/* ---- replicates: the folder of a trial holds what its newest seed has made ---- */

/* Its log goes on, and what is aside already stays. */
static bool is_of_a_seed(const char *name) {
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "log") != 0 &&
           strncmp(name, "seed-", 5) != 0;
}

static bool move_entry(DIR *from, const char *name, int to) {
    return !is_of_a_seed(name) || renameat(dirfd(from), name, to, name) == 0;
}

/* What the seed before has left goes into seed-N, so that this one finds a clean folder, and a further attempt of it
 * its own files. Made under another name: half of it is done again. */
static base_status put_seed_aside(const char *folder, uint32_t rung, base_err *err) {
    base_buf part = {0}, aside = {0};
    base_buf_printf(&part, "%s/seed-%u.part", folder, rung);
    base_buf_printf(&aside, "%s/seed-%u", folder, rung);
    const bool is_done = access(base_buf_text(&aside), F_OK) == 0;
    DIR *from = is_done ? NULL : opendir(folder);
    base_status status = BASE_OK;
    if (from) {
        status = make_folder(base_buf_text(&part), err);
        const int to = open(base_buf_text(&part), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool moved = to >= 0;
        for (const struct dirent *entry; moved && (entry = readdir(from)) != NULL;)
            moved = move_entry(from, entry->d_name, to);
        moved = moved && rename(base_buf_text(&part), base_buf_text(&aside)) == 0;
        if (status == BASE_OK && !moved)
            status =
                BASE_FAIL(err, BASE_IO, "cannot move the files of seed %u in %s: %s", rung, folder, strerror(errno));
        if (to >= 0) close(to);
        closedir(from);
    }
    base_buf_fini(&part);
    base_buf_fini(&aside);
    return status;
}

base_status hpo_trial_process_start(hpo_instance *instance, const hpo_message *message, const char *run_dir,
                                    const int *hidden, size_t n_hidden, hpo_trial_process **out, base_err *err) {
    base_buf folder = {0}, parent = {0};
    hpo_job job;
    base_status status = hpo_instance_job(instance, message, &job, err);
    if (status != BASE_OK) goto out;
    base_buf_printf(&folder, "%s/trials/%" PRIu64, run_dir, message->trial);
    base_buf_printf(&parent, "%s/trials/%" PRIu64, run_dir, message->parent);
    job.folder = folder.data;
    job.parent_folder = message->parent == UINT64_MAX ? NULL : parent.data;
    status = make_trial_folder(run_dir, folder.data, err);
    if (status == BASE_OK && job.rung > 0 && hpo_instance_replicates(instance))
        status = put_seed_aside(folder.data, job.rung, err);
    if (status != BASE_OK) goto out;
    if (hpo_instance_program(instance))
        status = start_program(instance, &job, out, err);
    else
        status = start_child(instance, &job, hidden, n_hidden, out, err);
out:
    base_buf_fini(&folder);
    base_buf_fini(&parent);
    return status;
}
