/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing text (and bytes): append, printf, numbers that read back bit-equal, JSON strings. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Caller-placed; {0} is a valid empty buffer. data is always NUL-terminated once anything was appended. */
typedef struct base_buf {
    char *data;
    size_t length; /* without the NUL */
    size_t capacity;
} base_buf;

void base_buf_fini(base_buf *buf);              /* frees; the buffer is empty and usable afterwards */
void base_buf_clear(base_buf *buf);             /* length 0, keeps the memory */
const char *base_buf_text(const base_buf *buf); /* never NULL: "" when empty */

/* Room for `more` bytes and the NUL; returns where they would be written. The length is the caller's to set. */
char *base_buf_reserve(base_buf *buf, size_t more);
void base_buf_append(base_buf *buf, const void *bytes, size_t length);
void base_buf_puts(base_buf *buf, const char *text);
void base_buf_putc(base_buf *buf, char c);
void base_buf_printf(base_buf *buf, const char *fmt, ...) BASE_PRINTF(2, 3);
/* Fast decimal integers (no locale, no printf). */
void base_buf_put_u64(base_buf *buf, uint64_t value);
void base_buf_put_i64(base_buf *buf, int64_t value);
/* The shortest of %.15g, %.16g, %.17g that reads back bit-equal; non-finite as nan, inf, -inf. Whole numbers below
 * 2^53 are written out, and what would read as an integer gets ".0" appended, so that a float stays a float in YAML and
 * JSON. Locale-independent. */
void base_buf_put_double(base_buf *buf, double value);
/* Whether text is UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
bool base_is_utf8(const char *text);
/* The same for JSON, which has no infinities and no NaN: null. */
void base_buf_put_json_number(base_buf *buf, double value);
/* Text as a JSON string with its quotes, which YAML reads as the same text: escaped are control characters, the line
 * breaks U+0085, U+2028 and U+2029, U+FEFF, U+FFFE, U+FFFF, and bytes that are not UTF-8. */
void base_buf_put_json(base_buf *buf, const char *text);

/* Text for one line of a terminal: control characters (U+0000 to U+001F, U+007F to U+009F) and bytes that are no UTF-8
 * are written as \x1b, so that nothing that a program said moves a cursor. */
void base_buf_put_visible(base_buf *buf, const char *text);

/* Strict decimal readers: the whole text must be consumed, no blanks, no hexadecimal. Out of range is false, underflow
 * is 0; inf, infinity and nan are read in any case. Correctly rounded. Locale-independent. On false *out is as it was.
 */
bool base_parse_i64(const char *text, int64_t *out);
bool base_parse_double(const char *text, double *out);

/* The whole file as bytes (appended to out). BASE_NOTFOUND or BASE_IO with a sentence that names the path. */
BASE_CHECK base_status base_read_file(const char *path, base_buf *out, base_err *err);
/* write(2) until everything is written, signals or not. False: errno says why. */
bool base_write_all(int fd, const void *bytes, size_t length);
/* Writes path.tmp, fsyncs it, and renames it over path: readers see the old or the new file, never half of one. */
BASE_CHECK base_status base_write_file(const char *path, const void *bytes, size_t length, base_err *err);
/* mkdir -p. */
BASE_CHECK base_status base_make_folder(const char *path, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
