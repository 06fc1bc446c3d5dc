/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.json as a file: replaced whole, and where no room is left for a second file, overwritten in place. */
#ifndef HPO_CLI_STATUS_FILE_H
#define HPO_CLI_STATUS_FILE_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the file say `full`, or, when there is no room even for that, `brief`, which should be the shorter one. The
 * error is that of replacing it, when nothing else went well either. */
BASE_CHECK base_status cli_status_file_write(const char *path, const base_buf *full, const base_buf *brief,
                                             base_err *err);

#ifdef __cplusplus
}
#endif
#endif
