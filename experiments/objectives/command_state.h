/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `command` between its rooms: what it was told (command.c), whether that is possible (command_check.c),
 * what a program is told (command_call.c), what people are told before a run (command_describe.c). */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_STATE_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_STATE_H

#include "experiments/objectives/command_text.h"
#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { COMMAND_INPUT_ARGUMENTS, COMMAND_INPUT_JSON, COMMAND_INPUT_ENV };

/* A parameter, or the fidelity (index: the number of parameters), in the configuration's file: its name there begins at
 * `start`, behind the groups that it is nested in. */
typedef struct command_member_place {
    size_t index, start;
} command_member_place;

typedef struct command_state {
    const base_yaml_node *run, *env, *parse;
    int input;
    const char *cwd; /* as written; NULL or "" = base_dir */
    command_patterns patterns;
    hpo_objective_env known;       /* what init was told */
    bool appends;                  /* --name value follows run */
    command_member_place *members; /* those of one group side by side */
    size_t n_members;
} command_state;

/* Names that "{name}" may use besides the parameters: these, then the fidelity's own (if there is one). */
enum { COMMAND_NAMES = 8 };
extern const char *const command_names_known[COMMAND_NAMES];

/* Fills what follows from the fields before `known`. */
void command_prepare(command_state *state, const hpo_objective_env *env, base_arena *arena);
/* Whether run or env mention "{name}". */
bool command_mentions(const command_state *state, const char *name);

/* What the program of one evaluation is told; fills all of *out but name and run. */
void command_call_make(const command_state *state, const hpo_job *job, base_arena *arena, hpo_program *out);
/* The arguments as one would type them into a shell. */
void command_call_print(const hpo_program *program, base_buf *out);

base_status command_check(const hpo_objective_env *env, base_err *err);
base_status command_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out, base_err *err);
void command_advise(const hpo_objective_env *env, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
