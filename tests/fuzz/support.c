/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 8, MAX_PATH = 512 };

static char folder[256], paths[MAX_FILES][MAX_PATH];
static size_t n_paths;

static void clean(void) {
    for (size_t i = 0; i < n_paths; i++) unlink(paths[i]);
    rmdir(folder);
}

const char *fuzz_folder(void) {
    if (folder[0] != '\0') return folder;
    const char *parent = getenv("TMPDIR");
    if (!parent) parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/hpo-fuzz-XXXXXX", parent);
    BASE_ASSERT(mkdtemp(folder) != NULL && atexit(clean) == 0);
    return folder;
}

static const char *path_of(const char *name) {
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    for (size_t i = 0; i < n_paths; i++) {
        if (strcmp(paths[i], path) == 0) return paths[i];
    }
    BASE_ASSERT(n_paths < MAX_FILES);
    memcpy(paths[n_paths], path, sizeof path);
    return paths[n_paths++];
}

const char *fuzz_file(const char *name, const void *bytes, size_t length) {
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    BASE_ASSERT(file && (length == 0 || fwrite(bytes, 1, length, file) == length) && fclose(file) == 0);
    return path;
}
