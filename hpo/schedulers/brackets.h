/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sequence of brackets of successive halving, followed through a view: what successive-halving and hyperband share.
 */
#ifndef HPO_SCHEDULERS_BRACKETS_H
#define HPO_SCHEDULERS_BRACKETS_H

#include "hpo/schedulers/ladder.h"
#include "hpo/schedulers/scheduler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_brackets hpo_brackets;

/* cycle: bracket b begins s_max - (b mod (s_max + 1)) rungs below the top (Hyperband), else always at the lowest.
 * limit: number of brackets, 0 = without end. */
hpo_brackets *hpo_brackets_create(const hpo_ladder *ladder, bool cycle, uint64_t limit);
void hpo_brackets_destroy(hpo_brackets *brackets); /* accepts NULL */
/* Bracket 0 is a single trial at the highest fidelity; the others follow and count from there. Before the first use. */
void hpo_brackets_full_first(hpo_brackets *brackets);
/* Brackets as hpo_ladder_dehb has them. Before the first use; not with full_first. */
void hpo_brackets_dehb(hpo_brackets *brackets);
/* As hpo_scheduler_type.next. */
void hpo_brackets_next(hpo_brackets *brackets, hpo_view view, bool may_start, hpo_decision *out);
/* "rungs 1, 3, 9; brackets: 9@1 3@3 1@9 | 3@3 1@9 | 3@9" */
void hpo_brackets_describe(const hpo_brackets *brackets, base_buf *out);

/* ---- the parts of a scheduler that consists of them (halving.c) ---- */
typedef struct hpo_halving {
    int64_t eta, limit;
    bool full_first;
    int rounding; /* option: of rungs of a counted fidelity */
    hpo_brackets *brackets;
} hpo_halving;

extern const base_option hpo_halving_options[];
BASE_CHECK base_status hpo_halving_init(hpo_halving *state, const hpo_scheduler_env *env, bool cycle, base_err *err);
base_status hpo_halving_next(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err);
bool hpo_halving_ends(const void *state);
void hpo_halving_describe(const void *state, base_buf *out);
void hpo_halving_fini(void *state);

#ifdef __cplusplus
}
#endif
#endif
