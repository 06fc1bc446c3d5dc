/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text that is read character by character and knows its line and column. Private to nas/genotypes. */
#ifndef NAS_SCANNER_H
#define NAS_SCANNER_H

#include <stdint.h>

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_scanner {
    const char *file, *at;
    int line, column;
    base_err *err;
} nas_scanner;

nas_scanner nas_scanner_begin(const char *file, const char *text, base_err *err);
/* BASE_INVALID "file:line:column: ...". */
base_status nas_scanner_fail(const nas_scanner *scanner, const char *fmt, ...) BASE_PRINTF(2, 3);
void nas_scanner_blanks(nas_scanner *scanner); /* and Python comments */
/* After blanks: is this the next character? It is then consumed. */
bool nas_scanner_take(nas_scanner *scanner, char c);
bool nas_scanner_sees(nas_scanner *scanner, char c); /* likewise, not consumed */
BASE_CHECK base_status nas_scanner_expect(nas_scanner *scanner, char c, const char *where);
/* Letters, digits and _, at most 63; "" when there are none. */
void nas_scanner_word(nas_scanner *scanner, char word[64]);
/* A number of at most 9 digits. */
BASE_CHECK base_status nas_scanner_number(nas_scanner *scanner, int64_t *out);
/* A text in single or double quotes, at most 63 bytes, no escapes. */
BASE_CHECK base_status nas_scanner_string(nas_scanner *scanner, char text[64]);
BASE_CHECK base_status nas_scanner_end(nas_scanner *scanner); /* nothing but blanks follows */

#ifdef __cplusplus
}
#endif
#endif
