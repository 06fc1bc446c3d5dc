/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for shipped data files. The two compiled-in folders come from the build (engine/CMakeLists.txt); a folder
 * that the user names is used alone, so that a typing mistake is noticed and not covered by another copy. */
#include "engine/data/shipped.h"

#include <stdlib.h>
#include <unistd.h>

#ifndef ENG_DATA_SOURCE
#error "ENG_DATA_SOURCE: the folder of the shipped data in the source tree"
#endif
#ifndef ENG_DATA_INSTALL
#error "ENG_DATA_INSTALL: the folder of the shipped data after installation"
#endif

base_status eng_shipped_find(const char *file, base_buf *path, base_err *err) {
    const char *named = getenv("HPO_DATA");
    bool use_named = named && *named;
    const char *const folders[] = {use_named ? named : ENG_DATA_SOURCE, use_named ? NULL : ENG_DATA_INSTALL};
    size_t start = path->length;
    for (size_t i = 0; i < 2 && folders[i]; i++) {
        path->length = start;
        base_buf_printf(path, "%s/%s", folders[i], file);
        if (access(path->data + start, R_OK) == 0) return BASE_OK;
    }
    path->length = start;
    path->data[start] = '\0';
    if (use_named) return BASE_FAIL(err, BASE_NOTFOUND, "no %s in %s, the folder that HPO_DATA names", file, named);
    return BASE_FAIL(err, BASE_NOTFOUND, "no %s in %s or %s; set HPO_DATA to the folder that holds it", file,
                     ENG_DATA_SOURCE, ENG_DATA_INSTALL);
}
