/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the schedulers that consist of brackets have in common: their options and their functions. */
#include "hpo/schedulers/brackets.h"

#include <math.h>

enum { NEAREST, DOWN };
static const char *const roundings[] = {"nearest", "down", NULL};

const base_option hpo_halving_options[] = {
    {.name = "eta",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(hpo_halving, eta),
     .fallback = "3",
     .min = 2,
     .max = 1000,
     .help = "one trial in eta is promoted, to eta times the fidelity"},
    {.name = "brackets",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(hpo_halving, limit),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "end after this many brackets; 0: go on until the budget is spent"},
    {.name = "full_first",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(hpo_halving, full_first),
     .fallback = "false",
     .help = "the first trial runs at the highest fidelity, before the brackets (the methods priorband and "
             "priorband-bo: true)"},
    {.name = "rounding",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(hpo_halving, rounding),
     .fallback = "nearest",
     .choices = roundings,
     .help = "of rungs where the fidelity is an integer; down: as NePS does"},
    BASE_OPTIONS_END,
};

base_status hpo_halving_init(hpo_halving *state, const hpo_scheduler_env *env, bool cycle, base_err *err) {
    hpo_ladder ladder;
    const bool counted = env->integer_fidelity, down = counted && state->rounding == DOWN;
    BASE_TRY(
        hpo_ladder_init(&ladder, env->min_fidelity, env->max_fidelity, counted && !down, (uint64_t)state->eta, err));
    for (uint32_t rung = 0; down && rung < ladder.rungs; rung++) ladder.fidelity[rung] = floor(ladder.fidelity[rung]);
    state->brackets = hpo_brackets_create(&ladder, cycle, (uint64_t)state->limit);
    if (state->full_first) hpo_brackets_full_first(state->brackets);
    return BASE_OK;
}

base_status hpo_halving_next(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_brackets_next(((hpo_halving *)state)->brackets, view, may_start, out);
    return BASE_OK;
}

bool hpo_halving_ends(const void *state) {
    return ((const hpo_halving *)state)->limit > 0;
}

void hpo_halving_describe(const void *state, base_buf *out) {
    hpo_brackets_describe(((const hpo_halving *)state)->brackets, out);
}

void hpo_halving_fini(void *state) {
    hpo_brackets_destroy(((hpo_halving *)state)->brackets);
}
