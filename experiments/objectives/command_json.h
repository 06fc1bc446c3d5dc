/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tolerant reader of one JSON object: what programs print is read as far as it can be understood. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_JSON_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COMMAND_NAME_ROOM = 128 };

typedef struct command_member {
    char name[COMMAND_NAME_ROOM]; /* decoded; bytes that are no UTF-8 and \u0000 are '?'; cut when it is longer */
    bool is_number;
    double number;   /* may be NaN or infinite */
    const char *raw; /* the value as it stands in the text */
    size_t raw_length;
} command_member;

typedef void command_member_fn(void *self, const command_member *member);

/* The bytes of the object that begins at text; 0 when none does, COMMAND_JSON_CUT when it does not end. Time is linear
 * in length, and nothing recurses. */
#define COMMAND_JSON_CUT SIZE_MAX
size_t command_json_size(const char *text, size_t length);
/* The members of that object, in order. */
void command_json_visit(const char *text, size_t size, command_member_fn *visit, void *self);

/* A number in any spelling of JSON, C, awk, Python, R and Julia, blanks around it ignored: 1e999 is infinite, 3.0, .5,
 * +5, nan, -nan, nan(0x7), NaN, inf, Infinity, -Inf. Not hexadecimal, no units. */
bool command_read_number(const char *text, size_t length, double *out);

#ifdef __cplusplus
}
#endif
#endif
