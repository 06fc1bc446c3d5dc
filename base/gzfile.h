/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one door to zlib: read a file that may be gzipped, whole, and checksums. */
#ifndef BASE_GZFILE_H
#define BASE_GZFILE_H

#include <stdint.h>

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the (decompressed) bytes of path to out. A file without gzip magic is read as it is. limit: BASE_NOMEM past
 * so many bytes. 0 = what a file of data can hold: a gzip file that becomes more than 64 MiB and more than 256 times
 * its size is BASE_CORRUPT, before it fills the memory. BASE_NOTFOUND, BASE_IO, BASE_CORRUPT (truncated or damaged
 * gzip). */
BASE_CHECK base_status base_gz_read(const char *path, size_t limit, base_buf *out, base_err *err);
/* CRC-32 (zlib) of bytes, continued from crc (start with 0). */
uint32_t base_crc32(uint32_t crc, const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
