/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, and what becomes of the files that nobody goes on from. */
#include "experiments/objectives/trial_folder.h"

#include <dirent.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

void trial_put_fidelity(base_buf *out, double fidelity) {
    if (fidelity == floor(fidelity))
        base_buf_put_i64(out, (int64_t)fidelity);
    else
        base_buf_put_double(out, fidelity);
}

/* Does a name begin with kind-FIDELITY and a dot, and not with another fidelity that begins alike: 2 is not 2.5? */
static bool is_of(const char *name, const char *kind, double fidelity) {
    const size_t length = strlen(kind);
    if (strncmp(name, kind, length) != 0 || name[length] != '-') return false;
    if (!isfinite(fidelity)) return true;
    base_buf stem = {0};
    trial_put_fidelity(&stem, fidelity);
    const char *rest = name + length + 1;
    const bool same = strncmp(rest, stem.data, stem.length) == 0 && rest[stem.length] == '.';
    const bool longer = same && rest[stem.length + 1] >= '0' && rest[stem.length + 1] <= '9';
    base_buf_fini(&stem);
    return same && !longer;
}

size_t trial_forget(const char *folder, const char *const *kinds, double fidelity) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir) return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        bool goes = false;
        for (size_t i = 0; kinds[i]; i++) goes = goes || is_of(entry->d_name, kinds[i], fidelity);
        if (goes) count += unlinkat(dirfd(dir), entry->d_name, 0) == 0;
    }
    closedir(dir);
    return count;
}

void trial_write(const char *path, const base_buf *text) {
    base_err err = {0};
    if (base_write_file(path, text->data, text->length, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
}
