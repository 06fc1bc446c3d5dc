/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Process trees from /proc.
 *
 * A process group does not hold a trial together: setsid leaves it, and daemons do. What holds is descent, because the
 * child of a trial and the fork server above it are subreapers (prctl(2)): an orphan moves up to them and no further.
 * Children are read from /proc/<pid>/task/<tid>/children, whose cost does not grow with the other processes of a large
 * node; where the kernel was built without it, every /proc/<pid>/stat is read.
 *
 * Memory: the resident set (statm) counts shared pages in every process that maps them; the proportional set (Pss of
 * smaps_rollup) divides them, so that a sum over processes is true. Pss walks page tables (milliseconds per GiB), the
 * resident set is a counter and never smaller: it is enough until it crosses the limit. */
#include "hpo/dispatch/proctree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/process.h"

enum { FREEZE_ROUNDS = 64 };

void hpo_pids_fini(hpo_pids *pids) {
    free(pids->item);
    *pids = (hpo_pids){0};
}

static void add(hpo_pids *pids, pid_t pid) {
    BASE_GROW(pids->item, pids->capacity, pids->count + 1);
    pids->item[pids->count++] = pid;
}

/* At most size - 1 bytes of a file of /proc; the length, or -1. */
static ssize_t read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t length = 0;
    ssize_t got = 0;
    while (length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0) length += (size_t)got;
    close(fd);
    text[length] = '\0';
    return got < 0 ? -1 : (ssize_t)length;
}

static pid_t number_of(const char *name) {
    char *end;
    long number = isdigit((unsigned char)*name) ? strtol(name, &end, 10) : -1;
    return number > 0 && *end == '\0' ? (pid_t)number : -1;
}

pid_t hpo_proctree_stat_parent(const char *stat) {
    base_process process;
    return base_process_parse(stat, &process) ? process.parent : -1;
}

void hpo_proctree_children_by_scan(pid_t pid, hpo_pids *out) {
    out->count = 0;
    DIR *proc = opendir("/proc");
    if (!proc) return;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[64], stat[512];
        pid_t candidate = number_of(entry->d_name);
        if (candidate < 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)candidate);
        if (read_text(path, stat, sizeof stat) > 0 && hpo_proctree_stat_parent(stat) == pid) add(out, candidate);
    }
    closedir(proc);
}

/* Appends the numbers of a "children" file; it may be long, so it is read in pieces. */
static bool add_children_file(const char *path, hpo_pids *out) {
    FILE *file = fopen(path, "re");
    if (!file) return false;
    for (int child; fscanf(file, "%d", &child) == 1;) add(out, (pid_t)child);
    fclose(file);
    return true;
}

/* Every thread of a process has children of its own. False: the kernel does not tell. */
static bool add_children(pid_t pid, hpo_pids *out) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks) return true; /* it is gone, and so has no children */
    size_t told = 0, threads = 0;
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        pid_t thread = number_of(entry->d_name);
        if (thread < 0) continue;
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)thread);
        told += add_children_file(path, out);
        threads++;
    }
    closedir(tasks);
    if (told || !threads) return true;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    return access(path, F_OK) == 0; /* the threads ended meanwhile */
}

void hpo_proctree_children(pid_t pid, hpo_pids *out) {
    out->count = 0;
    if (!add_children(pid, out)) hpo_proctree_children_by_scan(pid, out);
}

static bool contains(const hpo_pids *pids, pid_t pid) {
    for (size_t i = 0; i < pids->count; i++)
        if (pids->item[i] == pid) return true;
    return false;
}

void hpo_proctree_list(pid_t root, hpo_pids *out) {
    out->count = 0;
    hpo_proctree_add(root, out);
}

void hpo_proctree_add(pid_t root, hpo_pids *out) {
    hpo_pids children = {0};
    size_t first = out->count;
    if (!contains(out, root)) add(out, root);
    for (size_t i = first; i < out->count; i++) {
        hpo_proctree_children(out->item[i], &children);
        for (size_t k = 0; k < children.count; k++)
            if (!contains(out, children.item[k])) add(out, children.item[k]); /* a number may be reused meanwhile */
    }
    hpo_pids_fini(&children);
}

bool hpo_proctree_has_variable(pid_t pid, const char *variable) {
    char path[64];
    size_t length = strlen(variable) + 1; /* with its NUL: a longer value is another one */
    base_buf text = {0};
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    bool found = false;
    if (base_read_file(path, &text, NULL) != BASE_OK) return false; /* it is gone */
    for (size_t at = 0; !found && at + length <= text.length + 1; at += strlen(text.data + at) + 1)
        found = memcmp(text.data + at, variable, length) == 0;
    base_buf_fini(&text);
    return found;
}

static uint64_t resident(pid_t pid) {
    char path[64], text[256];
    uint64_t pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_text(path, text, sizeof text) <= 0 || sscanf(text, "%*u %" SCNu64, &pages) != 1) return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t proportional(pid_t pid) {
    char path[64], text[2048];
    uint64_t kibibytes;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    const char *line = read_text(path, text, sizeof text) > 0 ? strstr(text, "\nPss:") : NULL;
    if (!line || sscanf(line, "\nPss: %" SCNu64, &kibibytes) != 1) return resident(pid);
    return kibibytes * 1024;
}

uint64_t hpo_proctree_memory(const hpo_pids *pids, uint64_t limit) {
    uint64_t bound = 0, exact = 0;
    for (size_t i = 0; i < pids->count; i++) bound += resident(pids->item[i]);
    if (bound <= limit) return bound;
    for (size_t i = 0; i < pids->count; i++) exact += proportional(pids->item[i]);
    return exact;
}

void hpo_proctree_kill(pid_t root) {
    hpo_pids pids = {0}, before = {0};
    for (int round = 0; round < FREEZE_ROUNDS; round++) {
        hpo_proctree_list(root, &pids);
        bool grown = false;
        for (size_t i = 0; i < pids.count; i++) {
            if (contains(&before, pids.item[i])) continue;
            grown = true;
            kill(pids.item[i], SIGSTOP);
        }
        if (!grown) break;
        hpo_pids swap = before;
        before = pids;
        pids = swap;
    }
    hpo_proctree_list(root, &pids);
    for (size_t i = 0; i < pids.count; i++) kill(pids.item[i], SIGKILL);
    hpo_pids_fini(&pids);
    hpo_pids_fini(&before);
}
