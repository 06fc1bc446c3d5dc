/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deleting below an open folder, name by name: no path is built, so that nothing outside can be meant by a link. */
#include "hpo/dispatch/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 64 }; /* each level holds a descriptor */

static bool is_folder(int dir, const char *name) {
    struct stat info;
    return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

/* fd is closed. */
static size_t delete_below(int fd, int depth) {
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return 0;
    }
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (depth == 0 && strcmp(name, "log") == 0) continue;
        if (!is_folder(dirfd(dir), name)) {
            count += unlinkat(dirfd(dir), name, 0) == 0;
            continue;
        }
        const int below =
            depth < DEEPEST ? openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (below >= 0) count += delete_below(below, depth + 1);
        (void)unlinkat(dirfd(dir), name, AT_REMOVEDIR);
    }
    closedir(dir);
    return count;
}

size_t hpo_leftovers_delete(const char *folder) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? 0 : delete_below(fd, 0);
}
