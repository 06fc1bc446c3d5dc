/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `parse:` of a command: metrics that stand in its text are found by patterns. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_TEXT_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_TEXT_H

#include <regex.h>

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { COMMAND_PATTERN_LINE = 64 * 1024 }; /* bytes of a line that patterns look at */

typedef struct command_pattern {
    const char *name; /* a metric, or the fidelity */
    regex_t regex;    /* its group is the number */
} command_pattern;

typedef struct command_patterns {
    command_pattern *item;
    size_t count;
} command_patterns;

/* map: names to extended regular expressions (POSIX) with one group; NULL gives none. BASE_INVALID with position. The
 * names belong to map, the array to arena. */
BASE_CHECK base_status command_patterns_create(const base_yaml_node *map, base_arena *arena, command_patterns *out,
                                               base_err *err);
void command_patterns_destroy(command_patterns *patterns);

/* Whether there is one for that metric. */
bool command_patterns_have(const command_patterns *patterns, const char *name);

/* The text of the group in the last match on the line, which ends with a NUL. False: no match. */
bool command_pattern_find(const command_pattern *pattern, const char *line, const char **start, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
