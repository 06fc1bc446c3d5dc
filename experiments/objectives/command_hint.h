/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came nearest to a result and why it was none; and what was understood only in part. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_HINT_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "experiments/objectives/command_json.h"
#include "hpo/trials/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How near a line came, farthest first. */
typedef enum command_nearness {
    COMMAND_NEAR_NOTHING,
    COMMAND_NEAR_TEXT,   /* text */
    COMMAND_NEAR_BROKEN, /* the beginning of an object */
    COMMAND_NEAR_CUT,    /* too long */
    COMMAND_NEAR_OBJECT, /* an object without the metric */
    COMMAND_NEAR_VALUE,  /* the metric, but its value is no number */
} command_nearness;

enum { COMMAND_HINT_NAMES = 3 };

typedef struct command_hint {
    command_nearness nearness;
    char text[176];                                      /* of the newest of the nearest lines */
    char dropped[COMMAND_HINT_NAMES][COMMAND_NAME_ROOM]; /* metrics that had no room */
    size_t n_dropped;                                    /* at most one more than there are names */
    char step_name[HPO_METRIC_NAME];                     /* what may have been meant for the fidelity's name */
    size_t without_step;                                 /* lines with the metric that name no step */
} command_hint;

/* Text that holds no object. */
void command_hint_line(command_hint *hint, const char *line, size_t length);
void command_hint_cut(command_hint *hint);
/* raw: the value as it was written. */
void command_hint_value(command_hint *hint, const char *metric, const char *raw, size_t length);
/* An object of that size without the metric. */
void command_hint_object(command_hint *hint, const char *metric, const char *object, size_t size);
/* An object with the metric, in a study with that fidelity, that names no step. */
void command_hint_step(command_hint *hint, const char *fidelity, const char *object, size_t size);
void command_hint_dropped(command_hint *hint, const char *name);

/* Why the output of that program holds no result. by_pattern: `parse` has one for the metric. */
const char *command_hint_sentence(const command_hint *hint, base_arena *arena, const char *program, const char *metric,
                                  bool by_pattern);

/* The name of a member of the object that may have been meant by `name`, or NULL. Equal but for a few letters, or they
 * share a word or its beginning (accuracy, val_acc). */
typedef struct command_names {
    char name[32][COMMAND_NAME_ROOM];
    size_t count;
} command_names;
void command_names_read(command_names *names, const char *object, size_t size);
const char *command_names_near(const command_names *names, const char *name);

#ifdef __cplusplus
}
#endif
#endif
