/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user may have meant, as a sentence goes on to say it. What is near enough is base_nearest's business
 * (options.h). */
#ifndef BASE_HINT_H
#define BASE_HINT_H

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct base_meant {
    char text[96];
} base_meant;

/* "; did you mean 'x'?", or nothing when near is NULL: what base_nearest has found. */
base_meant base_did_you_mean(const char *near);
/* The same in brackets, where the sentence goes on: " (did you mean 'x'?)". */
base_meant base_did_you_mean_aside(const char *near);
/* "; did you mean 'x'?" or "; known are: x, y", in arena. names: count pointers. */
const char *base_hint(base_arena *arena, const char *word, const char *const *names, size_t count);

#ifdef __cplusplus
}
#endif
#endif
