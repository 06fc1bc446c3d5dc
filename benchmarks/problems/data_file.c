/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for a file of benchmarks/data. The two compiled-in folders come from the build
 * (benchmarks/CMakeLists.txt); a folder that the user names is used alone, so that a typing mistake is noticed and not
 * covered by another copy. */
#include <stdlib.h>
#include <unistd.h>

#include "base/gzfile.h"
#include "benchmarks/problems/problem.h"

#ifndef BENCH_DATA_SOURCE
#error "BENCH_DATA_SOURCE: the folder of the tables in the source tree"
#endif
#ifndef BENCH_DATA_INSTALL
#error "BENCH_DATA_INSTALL: the folder of the tables after installation"
#endif

enum { LIMIT = 64 << 20 }; /* far more than any of them has: a damaged file must not eat the memory */

base_status bench_data_read(const char *file, base_buf *out, base_err *err) {
    const char *named = getenv("HPO_DATA");
    base_buf path = {0};
    base_status status;
    if (named && *named) {
        base_buf_printf(&path, "%s/%s", named, file);
    } else {
        base_buf_printf(&path, "%s/%s", BENCH_DATA_SOURCE, file);
        if (access(path.data, R_OK) != 0) {
            base_buf_clear(&path);
            base_buf_printf(&path, "%s/%s", BENCH_DATA_INSTALL, file);
        }
    }
    status = base_gz_read(path.data, LIMIT, out, err);
    if (status == BASE_NOTFOUND && named && *named)
        status = BASE_FAIL(err, BASE_NOTFOUND, "no %s in %s, the folder that HPO_DATA names", file, named);
    else if (status == BASE_NOTFOUND)
        status = BASE_FAIL(err, BASE_NOTFOUND, "no %s in %s or %s; set HPO_DATA to the folder that holds it", file,
                           BENCH_DATA_SOURCE, BENCH_DATA_INSTALL);
    base_buf_fini(&path);
    return status;
}
