/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marked processes, found by reading /proc/<pid>/environ of everybody. */
#include "tests/support/processes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define MARK "HPO_TEST_MARK"

void processes_mark(char **argv) {
    char mark[32];
    if (getenv(MARK)) return;
    snprintf(mark, sizeof mark, "%d", (int)getpid()); /* exec keeps the number, and nobody else has it now */
    setenv(MARK, mark, 1);
    execv("/proc/self/exe", argv);
    abort();
}

static bool is_marked(const char *pid, const char *mark) {
    char path[64];
    base_buf bytes = {0};
    size_t length = strlen(mark);
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    if (base_read_file(path, &bytes, NULL) == BASE_OK)
        for (size_t at = 0; at < bytes.length && !found; at += strlen(bytes.data + at) + 1)
            found = strncmp(bytes.data + at, mark, length + 1) == 0;
    base_buf_fini(&bytes);
    return found;
}

size_t processes_left_but(pid_t other) {
    char mark[64];
    size_t count = 0;
    snprintf(mark, sizeof mark, MARK "=%s", getenv(MARK));
    DIR *proc = opendir("/proc");
    for (const struct dirent *entry; proc && (entry = readdir(proc)) != NULL;) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid > 0 && pid != getpid() && pid != other) count += is_marked(entry->d_name, mark);
    }
    if (proc) closedir(proc);
    return count;
}

size_t processes_left(void) {
    return processes_left_but(0);
}

bool processes_gone(double seconds) {
    double give_up = base_monotonic() + seconds;
    while (processes_left())
        if (base_monotonic() > give_up)
            return false;
        else
            base_sleep(0.005);
    return true;
}
