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

typedef struct hpo_json_reader {
    const char *at, *end;
    bool bad;
} hpo_json_reader;

/* A string as it stands between its quotes. */
typedef struct hpo_json_text {
    const char *at;
    size_t length;
} hpo_json_text;

hpo_json_reader hpo_json_read(const char *text, size_t length);
/* Eats the opening bracket; then hpo_json_key or hpo_json_item until false, which eats the closing one. `more` belongs
 * to the loop: `bool more = hpo_json_enter(&r, '{'); while (hpo_json_key(&r, &more, &key)) ...` */
bool hpo_json_enter(hpo_json_reader *reader, char bracket);
bool hpo_json_key(hpo_json_reader *reader, bool *more, hpo_json_text *key);
bool hpo_json_item(hpo_json_reader *reader, bool *more);
void hpo_json_skip(hpo_json_reader *reader); /* any value; Python's NaN and Infinity pass too */
/* An object that somebody will read: its end is found by its brackets alone. */
void hpo_json_pass_object(hpo_json_reader *reader);
/* Only space is left. */
bool hpo_json_done(hpo_json_reader *reader);
/* The text is the beginning of an object whose closing bracket is missing. */
bool hpo_json_is_torn(const char *text, size_t length);

bool hpo_json_bool(hpo_json_reader *reader);
/* An integer without sign, or the same as a text. */
uint64_t hpo_json_u64(hpo_json_reader *reader);
uint32_t hpo_json_u32(hpo_json_reader *reader);
int hpo_json_int(hpo_json_reader *reader);
/* A number, or one of the texts "nan", "inf", "-inf". */
double hpo_json_real(hpo_json_reader *reader);
hpo_json_text hpo_json_string(hpo_json_reader *reader);

static inline bool hpo_json_is(hpo_json_text text, const char *literal) {
    size_t length = strlen(literal);
    return length == text.length && memcmp(text.at, literal, length) == 0;
}
/* Decodes escapes; what does not fit is cut between characters. NUL-terminated; returns the length. */
size_t hpo_json_decode(hpo_json_text text, char *out, size_t capacity);

#endif
