/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where execvp would find a program: a study is checked before its first trial, and with a better sentence. */
#include "experiments/objectives/command_program.h"

#include <string.h>
#include <sys/stat.h>
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
