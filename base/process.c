/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START = 22 }; /* number of the field */

bool base_process_parse(const char *stat, base_process *out) {
    const char *name = strchr(stat, '('), *at = strrchr(stat, ')');
    int parent;
    *out = (base_process){.pid = (pid_t)strtol(stat, NULL, 10)};
    if (!name || !at || sscanf(at + 1, " %c %d", &out->state, &parent) != 2 || parent < 0) return false;
    out->parent = (pid_t)parent;
    snprintf(out->name, sizeof out->name, "%.*s", (int)(at - name - 1), name + 1);
    for (int field = 2; at && field < START; field++) at = strchr(at + 1, ' ');
    out->start = at ? strtoull(at + 1, NULL, 10) : 0;
    return true;
}

bool base_process_look(pid_t pid, base_process *out) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return base_process_parse(text, out);
}
