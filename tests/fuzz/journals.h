/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals as the targets of readers and of repairing get them. */
#ifndef TESTS_FUZZ_JOURNALS_H
#define TESTS_FUZZ_JOURNALS_H

#include "base/buf.h"

/* What becomes of the lines' checksums, by the two lowest bits of a choice: 0 as they are; 1 those that have one get
 * the right one; 2 and 3 every line gets one. Else no input of a fuzzer would get past them. */
void fuzz_seal(unsigned choice, const char *text, size_t length, base_buf *out);

#endif
