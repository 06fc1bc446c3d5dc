/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, which takes any bytes as what a reader
 * meets and aborts where the reader breaks a promise of its header. libFuzzer drives it (preset fuzz, scripts/fuzz.sh);
 * in every other build replay.c gives it the files of tests/fuzz/corpus and tests/fuzz/findings. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder of this process, in memory where there is one; it is removed when the process ends in order. */
const char *fuzz_folder(void);
/* A file in it with these bytes; its path is valid until the process ends. At most 8 names. */
const char *fuzz_file(const char *name, const void *bytes, size_t length);

/* The first byte of an input, which chooses between ways to read the rest; 0 when there is none. */
static inline unsigned fuzz_choice(const uint8_t **data, size_t *size) {
    if (*size == 0) return 0;
    (*size)--;
    return *(*data)++;
}

#endif
