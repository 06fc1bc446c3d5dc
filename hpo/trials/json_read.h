/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading one line of JSON in place: a cursor that enters objects, skips values and decodes scalars.
 *
 * Keys may come in any order and with any spacing. The first mistake makes the reader bad and sticks: every later call
 * returns 0 or false, so that a caller checks once, at the end. */
#ifndef HPO_TRIALS_JSON_READ_H
#define HPO_TRIALS_JSON_READ_H

#include <stdint.h>
#include <string.h>

#include "base/status.h"

typedef struct json_reader {
    const char *at, *end;
    bool bad;
} json_reader;

/* A string as it stands between its quotes. */
typedef struct json_text {
    const char *at;
    size_t length;
} json_text;

json_reader json_read(const char *text, size_t length);
/* Eats the opening bracket; then json_key or json_item until false, which eats the closing one. `more` belongs to the
 * loop: `bool more = json_enter(&r, '{'); while (json_key(&r, &more, &key)) ...` */
bool json_enter(json_reader *reader, char bracket);
bool json_key(json_reader *reader, bool *more, json_text *key);
bool json_item(json_reader *reader, bool *more);
void json_skip(json_reader *reader); /* any value; Python's NaN and Infinity pass too */
/* Only space is left. */
bool json_done(json_reader *reader);

bool json_bool(json_reader *reader);
bool json_null(json_reader *reader); /* eats a null if there is one */
/* An integer without sign, or the same as a text. */
uint64_t json_u64(json_reader *reader);
uint32_t json_u32(json_reader *reader);
int json_int(json_reader *reader);
/* A number, or one of the texts "nan", "inf", "-inf". */
double json_real(json_reader *reader);
json_text json_string(json_reader *reader);

static inline bool json_is(json_text text, const char *literal) {
    size_t length = strlen(literal);
    return length == text.length && memcmp(text.at, literal, length) == 0;
}
/* Decodes escapes; what does not fit is cut between characters. NUL-terminated; returns the length. */
size_t json_decode(json_text text, char *out, size_t capacity);

#endif
