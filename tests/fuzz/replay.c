/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a target every file of the folders that are named, and every file that is: what libFuzzer would do without
 * searching. A crash names its file: it is the last one that was printed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

static bool run_file(const char *path) {
    base_buf text = {0};
    base_err err = {0};
    if (base_read_file(path, &text, &err) != BASE_OK) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    printf("%s\n", path);
    fflush(stdout);
    uint8_t *exact = base_malloc(text.length + 1); /* a sanitizer sees a byte too many */
    if (text.length > 0) memcpy(exact, text.data, text.length);
    uint8_t *bytes = realloc(exact, text.length > 0 ? text.length : 1);
    BASE_ASSERT(bytes != NULL && LLVMFuzzerTestOneInput(bytes, text.length) == 0);
    free(bytes);
    base_buf_fini(&text);
    return true;
}

static long run_folder(const char *path) {
    struct dirent **names;
    const int count = scandir(path, &names, NULL, alphasort);
    long done = 0;
    for (int i = 0; i < count; i++) {
        char file[1024];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && done >= 0) done = run_file(file) ? done + 1 : -1;
        free(names[i]);
    }
    if (count >= 0) free(names);
    return done;
}

int main(int argc, char **argv) {
    long total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        const bool is_folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        const long done = is_folder ? run_folder(argv[i]) : run_file(argv[i]) ? 1 : -1;
        if (done < 0) return 1;
        total += done;
    }
    if (total == 0) fprintf(stderr, "no inputs were found\n");
    return total > 0 ? 0 : 1;
}
