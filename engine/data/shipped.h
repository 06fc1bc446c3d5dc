/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the data files that come with this program are at run time. */
#ifndef ENG_DATA_SHIPPED_H
#define ENG_DATA_SHIPPED_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the path of `file` to path: in the folder named by HPO_DATA when that is set (and nowhere else), else in the
 * source tree, else where `install` put it. BASE_NOTFOUND names the places that were tried. */
BASE_CHECK base_status eng_shipped_find(const char *file, base_buf *path, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
