/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of numbers with a header line. */
#ifndef ENG_DATA_CSV_H
#define ENG_DATA_CSV_H

#include "engine/data/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* path: a CSV file (RFC 4180: commas, quotes, LF or CRLF), gzipped or not, whose first line names the columns. Every
 * column but the target's is a feature and holds finite numbers. The target's column: see eng_dataset_source. Classes
 * are its distinct texts, in numeric order when all are integers, else in the order of their bytes.
 * BASE_INVALID "file:line:column: ..." says what is wrong and what would be right. */
BASE_CHECK base_status eng_csv_load(const char *name, const char *path, const eng_dataset_source *source,
                                    eng_dataset **out, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
