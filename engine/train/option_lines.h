/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the tables of the rooms of a recipe are written. Before it is included, ROOM is the struct that a table fills. */
#ifndef ENG_TRAIN_OPTION_LINES_H
#define ENG_TRAIN_OPTION_LINES_H

#include "base/options.h"

#define FIELD(id)     .offset = offsetof(ROOM, id)
#define TEXT(id)      .name = #id, .kind = BASE_OPTION_STRING, FIELD(id)
#define WHOLE(id)     .name = #id, .kind = BASE_OPTION_INT, FIELD(id)
#define REAL(id)      .name = #id, .kind = BASE_OPTION_REAL, FIELD(id)
#define FLAG(id)      .name = #id, .kind = BASE_OPTION_BOOL, FIELD(id)
#define CHOICE(id, c) .name = #id, .kind = BASE_OPTION_CHOICE, FIELD(id), .choices = (c)
#define NO_LIMIT      .max = -1 /* below min: no upper bound */

#endif
